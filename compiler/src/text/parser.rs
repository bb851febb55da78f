//! Tokens to nodes.
//!
//! Operators wait on a stack of their own until one that binds less comes, so that a chain of any length
//! takes no stack of the machine. Brackets, calls and the middles of `? :` do, and are counted.

use std::f64::consts::{E, PI};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::{
    MAX_DEPTH, MAX_INPUTS, MAX_NODES, MAX_OUTPUTS, MAX_TABLES, MAX_TEXT, Names, Number, Read,
    Reduction,
    error::{Failure, ParseError, Problem, Span, nearest, quoted},
    token::{Kind, Token, Tokens},
};
use crate::{
    dtype::{Dtype, Type},
    graph::{Graph, Id, Op, Table, TableId},
    value::Value,
    vocabulary::{Known, Vocabulary},
};

type Result<T> = std::result::Result<T, Failure>;

/// Reads a text.
pub(super) fn run<'a>(
    text: &'a str,
    inputs: Option<&'a [&'a str]>,
    vocabulary: &'a dyn Vocabulary,
) -> std::result::Result<Graph, ParseError> {
    let mut parser = Parser::of(text, vocabulary);
    match parser.text(inputs) {
        Ok(()) => Ok(parser.graph),
        Err(failure) => Err(ParseError::of(text, *failure)),
    }
}

/// Reads a text of whose names something is known, and which may be a reduction.
pub(super) fn read<'a>(
    text: &'a str,
    names: Names<'a>,
    vocabulary: &'a dyn Vocabulary,
) -> std::result::Result<Read<'a>, ParseError> {
    let mut parser = Parser::of(text, vocabulary);
    parser.names = names;
    parser.reduces = true;
    if let Err(failure) = parser.text(None) {
        return Err(ParseError::of(text, *failure));
    }
    let Parser { graph, reduced, numbers, .. } = parser;
    let known = names.inputs.unwrap_or_default().iter().chain(names.numbers.iter().map(|n| &n.0));
    let used =
        |name: &&str| numbers.contains(name) || graph.inputs().iter().any(|i| i.name == **name);
    let unused = known.copied().filter(|name| !used(name)).collect();
    Ok(Read { graph, reduction: reduced.map(|r| r.reduction), unused })
}

/// What an expression gives.
#[derive(Clone, Copy)]
enum Item {
    /// A value.
    One(Id),
    /// The values of a function: neighbouring nodes.
    Many { first: Id, count: u8 },
    /// A table without its index.
    Table(TableId),
}

/// What a name before a bracket is.
#[derive(Clone, Copy)]
enum Function {
    Known(Known),
    Where,
    /// `min` or `max`: the function for two.
    Fold(Operator),
    Cast(Dtype),
    Reduce(Reduction),
}

/// A reduction around the last statement.
#[derive(Clone, Copy)]
struct Reduced {
    reduction: Reduction,
    at: Span,
    /// Where the text goes on behind it.
    end: usize,
}

/// Functions that are not of the vocabulary; the dtypes' names besides.
const OWN: [(&str, Function); 7] = [
    ("where", Function::Where),
    ("select", Function::Where),
    ("min", Function::Fold(Operator::Minimum)),
    ("max", Function::Fold(Operator::Maximum)),
    ("int", Function::Cast(Dtype::I64)),
    ("float", Function::Cast(Dtype::F64)),
    ("bool", Function::Cast(Dtype::Bool)),
];

const CONSTANTS: [(&str, f64); 4] =
    [("pi", PI), ("e", E), ("inf", f64::INFINITY), ("nan", f64::NAN)];

const MODULES: [&str; 4] = ["np", "numpy", "math", "lanefn"];

/// An operator whose operand, or whose right one, is still to come.
#[derive(Clone, Copy)]
struct Waiting {
    binds: u8,
    at: Span,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// A function of one.
    Before(Operator),
    /// A function of two, and the left operand.
    Between(Operator, Id),
    /// A comparison, its left operand, and what those before it in a row give.
    Compare(Operator, Id, Option<Id>),
    /// The truth, and the value where it holds.
    Choose(Id, Id),
}

macro_rules! operators {
    ($($variant:ident $name:literal)*) => {
        /// A function that the language itself calls.
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum Operator {
            $($variant),*
        }

        impl Operator {
            const COUNT: usize = [$($name),*].len();

            fn name(self) -> &'static str {
                match self {
                    $(Operator::$variant => $name),*
                }
            }
        }
    };
}
operators! {
    Negative "negative"
    Positive "positive"
    Invert "invert"
    LogicalNot "logical_not"
    LogicalOr "logical_or"
    LogicalAnd "logical_and"
    Less "less"
    LessEqual "less_equal"
    Greater "greater"
    GreaterEqual "greater_equal"
    Equal "equal"
    NotEqual "not_equal"
    BitwiseOr "bitwise_or"
    BitwiseXor "bitwise_xor"
    BitwiseAnd "bitwise_and"
    LeftShift "left_shift"
    RightShift "right_shift"
    Add "add"
    Subtract "subtract"
    Multiply "multiply"
    Divide "divide"
    FloorDivide "floor_divide"
    Remainder "remainder"
    Pow "pow"
    Square "square"
    Minimum "minimum"
    Maximum "maximum"
}

/// How much operators bind.
mod binds {
    pub const CHOICE: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const NOT: u8 = 4;
    pub const COMPARISON: u8 = 5;
    pub const BIT_OR: u8 = 6;
    pub const BIT_XOR: u8 = 7;
    pub const BIT_AND: u8 = 8;
    pub const SHIFT: u8 = 9;
    pub const SUM: u8 = 10;
    pub const PRODUCT: u8 = 11;
    pub const SIGN: u8 = 12;
    pub const POWER: u8 = 13;
}

/// How much an operator before its operand binds, and its function.
fn before(kind: Kind) -> Option<(u8, Operator)> {
    Some(match kind {
        Kind::Minus => (binds::SIGN, Operator::Negative),
        Kind::Plus => (binds::SIGN, Operator::Positive),
        Kind::Tilde => (binds::SIGN, Operator::Invert),
        Kind::Bang => (binds::SIGN, Operator::LogicalNot),
        Kind::Not => (binds::NOT, Operator::LogicalNot),
        _ => return None,
    })
}

/// How much an operator between two operands binds, and its function; choices aside.
fn between(kind: Kind) -> Option<(u8, Operator)> {
    Some(match kind {
        Kind::Or => (binds::OR, Operator::LogicalOr),
        Kind::And => (binds::AND, Operator::LogicalAnd),
        Kind::Less => (binds::COMPARISON, Operator::Less),
        Kind::LessEqual => (binds::COMPARISON, Operator::LessEqual),
        Kind::Greater => (binds::COMPARISON, Operator::Greater),
        Kind::GreaterEqual => (binds::COMPARISON, Operator::GreaterEqual),
        Kind::Equal => (binds::COMPARISON, Operator::Equal),
        Kind::NotEqual => (binds::COMPARISON, Operator::NotEqual),
        Kind::BitOr => (binds::BIT_OR, Operator::BitwiseOr),
        Kind::BitXor => (binds::BIT_XOR, Operator::BitwiseXor),
        Kind::BitAnd => (binds::BIT_AND, Operator::BitwiseAnd),
        Kind::ShiftLeft => (binds::SHIFT, Operator::LeftShift),
        Kind::ShiftRight => (binds::SHIFT, Operator::RightShift),
        Kind::Plus => (binds::SUM, Operator::Add),
        Kind::Minus => (binds::SUM, Operator::Subtract),
        Kind::Star => (binds::PRODUCT, Operator::Multiply),
        Kind::Slash => (binds::PRODUCT, Operator::Divide),
        Kind::DoubleSlash => (binds::PRODUCT, Operator::FloorDivide),
        Kind::Percent => (binds::PRODUCT, Operator::Remainder),
        Kind::Power => (binds::POWER, Operator::Pow),
        _ => return None,
    })
}

struct Parser<'a> {
    text: &'a str,
    vocabulary: &'a dyn Vocabulary,
    tokens: Tokens<'a>,
    /// The next token.
    token: Token,
    graph: Graph,
    /// Inputs and bound names.
    values: HashMap<&'a str, Item, RandomState>,
    /// Functions that were looked up.
    functions: HashMap<&'a str, Function, RandomState>,
    /// The vocabulary's names of operators that were looked up.
    operators: [Option<&'static str>; Operator::COUNT],
    /// Whether a new name is an error, and not an input.
    closed: bool,
    /// What is known of names beforehand.
    names: Names<'a>,
    /// Those of its numbers that the text uses.
    numbers: Vec<&'a str>,
    /// Whether the last statement may be a reduction.
    reduces: bool,
    /// Whether the statement is the last one.
    last: bool,
    reduced: Option<Reduced>,
    waiting: Vec<Waiting>,
    /// The arguments of calls that are being read, those of inner ones last.
    args: Vec<Id>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn of(text: &'a str, vocabulary: &'a dyn Vocabulary) -> Parser<'a> {
        Parser {
            text,
            vocabulary,
            tokens: Tokens::of(text),
            token: Token { kind: Kind::End, number: 0, span: Span::default(), first: true },
            graph: Graph::new(),
            values: HashMap::with_hasher(RandomState::default()),
            functions: HashMap::with_hasher(RandomState::default()),
            operators: [None; Operator::COUNT],
            closed: false,
            names: Names::default(),
            numbers: Vec::new(),
            reduces: false,
            last: false,
            reduced: None,
            waiting: Vec::new(),
            args: Vec::new(),
            depth: 0,
        }
    }

    // ---- tokens -----------------------------------------------------------------------------------

    /// Goes past a token.
    fn advance(&mut self) -> Result<Span> {
        let past = self.token.span;
        self.tokens.next(&mut self.token)?;
        Ok(past)
    }

    /// Goes past a token of this kind if it is next.
    fn skip(&mut self, kind: Kind) -> Result<bool> {
        let next = self.token.kind == kind;
        if next {
            self.advance()?;
        }
        Ok(next)
    }

    fn written(&self, span: Span) -> &'a str {
        &self.text[span.start..span.end]
    }

    /// The next token, as an error names it.
    fn found(&self) -> String {
        match self.token.kind {
            Kind::End => "the end".to_owned(),
            _ => quoted(self.written(self.token.span)),
        }
    }

    /// The next token is not what was expected.
    fn unexpected<T>(&self, expected: &'static str) -> Result<T> {
        let suggestion = (self.token.kind == Kind::Assign).then(|| "==".to_owned());
        let problem = Problem::Unexpected { expected, found: self.found() };
        Err(self.token.span.suggests(problem, suggestion))
    }

    fn expect(&mut self, kind: Kind, expected: &'static str) -> Result<Span> {
        if self.token.kind == kind { self.advance() } else { self.unexpected(expected) }
    }

    /// Goes past the bracket that closes the one that was opened.
    fn close(&mut self, kind: Kind, opened: Span, expected: &'static str) -> Result<()> {
        if self.skip(kind)? {
            return Ok(());
        }
        let bracket = if kind == Kind::Close { '(' } else { '[' };
        let suggestion = (self.token.kind == Kind::Assign).then(|| "==".to_owned());
        let (opened, found) = (opened.start, self.found().into());
        let problem = Problem::Unclosed { expected, bracket, opened, found };
        Err(self.token.span.suggests(problem, suggestion))
    }

    // ---- statements -------------------------------------------------------------------------------

    fn text(&mut self, inputs: Option<&'a [&'a str]>) -> Result<()> {
        if self.text.len() > MAX_TEXT {
            let problem = Problem::Limit { what: "many bytes of text", most: MAX_TEXT };
            return Err(Span::default().is(problem));
        }
        for name in inputs.into_iter().flatten() {
            self.declare(name, Span::default())?;
        }
        self.advance()?;
        match inputs {
            Some(_) => self.closed = true,
            None => self.head()?,
        }
        self.closed |= self.names.inputs.is_some();
        loop {
            while self.skip(Kind::Semicolon)? {}
            if self.is_binding()? {
                self.binding()?;
            } else {
                return self.outputs();
            }
        }
    }

    /// `x, y ->`, if the text begins so.
    fn head(&mut self) -> Result<()> {
        if self.after_names()? != Some(Kind::Arrow) {
            return Ok(());
        }
        loop {
            let span = self.expect(Kind::Name, "the name of an input")?;
            let name = self.written(span);
            if self.values.contains_key(name) {
                return Err(span.is(Problem::Twice(name.to_owned())));
            }
            if self.named(name, span)?.is_none() {
                if self.names.inputs.is_some() {
                    return Err(self.unknown(name, span, false));
                }
                self.declare(name, span)?;
            }
            if !self.skip(Kind::Comma)? {
                break;
            }
        }
        self.closed = true;
        self.names.inputs = None;
        self.expect(Kind::Arrow, "`->`")?;
        Ok(())
    }

    /// What follows `a, b, c`, if there is that.
    fn after_names(&self) -> Result<Option<Kind>> {
        let (mut tokens, mut token) = (self.tokens, self.token);
        loop {
            if token.kind != Kind::Name {
                return Ok(None);
            }
            tokens.next(&mut token)?;
            if token.kind != Kind::Comma {
                return Ok(Some(token.kind));
            }
            tokens.next(&mut token)?;
        }
    }

    fn declare(&mut self, name: &'a str, span: Span) -> Result<Id> {
        if self.values.contains_key(name) {
            return Err(span.is(Problem::Twice(name.to_owned())));
        }
        if self.graph.inputs().len() == MAX_INPUTS {
            return Err(span.is(Problem::Limit { what: "many inputs", most: MAX_INPUTS }));
        }
        let id = self.graph.input(name);
        self.values.insert(name, Item::One(id));
        Ok(id)
    }

    /// What a name stands for that something was known of beforehand.
    fn named(&mut self, name: &'a str, span: Span) -> Result<Option<Id>> {
        if let Some((_, number)) = self.names.numbers.iter().find(|n| n.0 == name) {
            let id = match *number {
                Number { ty: Type::Int, bits } => self.graph.int(bits as i64),
                Number { ty: Type::Float, bits } => self.graph.float(f64::from_bits(bits)),
                Number { ty: Type::Is(dtype), bits } => {
                    self.graph.constant(Value::from_bits(dtype, bits))
                }
            };
            self.numbers.push(name);
            self.values.insert(name, Item::One(id));
            return Ok(Some(id));
        }
        if self.names.inputs.is_some_and(|inputs| inputs.contains(&name)) {
            return self.declare(name, span).map(Some);
        }
        Ok(None)
    }

    fn is_binding(&self) -> Result<bool> {
        Ok(self.token.kind == Kind::Let || self.after_names()? == Some(Kind::Assign))
    }

    /// `let a, b = ...`, with the end of the statement.
    fn binding(&mut self) -> Result<()> {
        self.skip(Kind::Let)?;
        let mut names: SmallVec<[Span; 4]> = SmallVec::new();
        loop {
            names.push(self.expect(Kind::Name, "a name to bind")?);
            if !self.skip(Kind::Comma)? {
                break;
            }
        }
        self.expect(Kind::Assign, "`=`")?;
        let at = self.token.span;
        let items = self.items(names.len())?;
        if items.len() != names.len() {
            let needed =
                if names.len() == 1 { "1 value is" } else { "as many values as names are" };
            return Err(at.is(Problem::Values { needed, got: items.len() }));
        }
        for (&name, &item) in names.iter().zip(&items) {
            self.values.insert(self.written(name), item);
        }
        if !self.token.first && self.token.kind != Kind::Semicolon {
            return self.unexpected("an operator, `;` or a new line");
        }
        Ok(())
    }

    /// Expressions with commas. The values of one function alone are so many, where `wanted` is not 1.
    fn items(&mut self, wanted: usize) -> Result<SmallVec<[Item; 4]>> {
        let mut items: SmallVec<[Item; 4]> = SmallVec::new();
        let at = self.token.span;
        let first = self.expression(true)?;
        if self.token.kind != Kind::Comma
            && wanted != 1
            && let Item::Many { first, count } = first
        {
            items.extend((0..Id::from(count)).map(|n| Item::One(first + n)));
            return Ok(items);
        }
        items.push(single(first, at)?);
        while self.skip(Kind::Comma)? {
            let at = self.token.span;
            let item = self.expression(true)?;
            items.push(single(item, at)?);
        }
        Ok(items)
    }

    /// The last statement.
    fn outputs(&mut self) -> Result<()> {
        let at = self.token.span;
        self.last = true;
        let items = self.items(0)?;
        if let Some(Reduced { reduction, at, end }) = self.reduced
            && (items.len() != 1 || self.token.span.start != end)
        {
            return Err(at.is(Problem::Reduction(reduction.name().to_owned())));
        }
        let mut ended = self.token.first;
        while self.skip(Kind::Semicolon)? {
            ended = true;
        }
        if self.token.kind != Kind::End {
            if ended {
                return Err(at.is(Problem::Useless));
            }
            return self.unexpected("an operator, `,` or the end");
        }
        if items.len() > MAX_OUTPUTS {
            return Err(at.is(Problem::Limit { what: "many outputs", most: MAX_OUTPUTS }));
        }
        for item in items {
            let id = value(item, at)?;
            self.graph.output(id);
        }
        self.room(at)
    }

    // ---- expressions ------------------------------------------------------------------------------

    /// One level deeper, until [`Parser::leave`].
    fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            let problem = Problem::Limit { what: "deep an expression", most: MAX_DEPTH };
            return Err(self.token.span.is(problem));
        }
        self.depth += 1;
        Ok(())
    }

    /// Back from what [`Parser::enter`] began. (An error ends the reading: nobody goes back then.)
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// An expression that gives one value, one level deeper.
    fn inner(&mut self) -> Result<Id> {
        let at = self.token.span;
        self.enter()?;
        let item = self.expression(true)?;
        self.leave();
        value(item, at)
    }

    /// An expression; `choices` says whether `if` and `?` may stand outside brackets.
    fn expression(&mut self, choices: bool) -> Result<Item> {
        let base = self.waiting.len();
        loop {
            while let Some((binds, operator)) = before(self.token.kind) {
                let outer = self.waiting[base..].last();
                if outer.is_some_and(|w| w.binds > binds::NOT && binds == binds::NOT) {
                    return self.unexpected("an operand, which `not` can be in brackets only");
                }
                let at = self.advance()?;
                self.waiting.push(Waiting { binds, at, what: What::Before(operator) });
            }
            let at = self.token.span;
            let operand = self.operand()?;

            let Token { kind, span, first, .. } = self.token;
            if choices && matches!(kind, Kind::If | Kind::Question) {
                // From the right: choices before this one wait on.
                let left = value(operand, at)?;
                let left = self.join(base, binds::CHOICE + 1, left)?;
                self.advance()?;
                let what = self.choice(kind, left)?;
                self.waiting.push(Waiting { binds: binds::CHOICE, at: span, what });
                continue;
            }
            let infix = match between(kind) {
                // What can begin an expression begins one where a line begins.
                Some((binds::SUM, _)) if first => None,
                infix => infix,
            };
            let Some((binds, operator)) = infix else {
                if self.waiting.len() == base {
                    return Ok(operand);
                }
                let right = value(operand, at)?;
                return Ok(Item::One(self.join(base, 0, right)?));
            };
            // Comparisons in a row are joined below, and powers from the right.
            let least = binds + matches!(binds, binds::COMPARISON | binds::POWER) as u8;
            let left = value(operand, at)?;
            let left = self.join(base, least, left)?;
            self.advance()?;
            let mut what = What::Between(operator, left);
            if binds == binds::COMPARISON {
                let mut before = None;
                if let Some(&Waiting { at, what: What::Compare(name, far, so_far), .. }) =
                    self.waiting[base..].last()
                {
                    self.waiting.pop();
                    before = Some(self.compare(name, far, left, so_far, at)?);
                }
                what = What::Compare(operator, left, before);
            }
            self.waiting.push(Waiting { binds, at: span, what });
        }
    }

    /// `truth else` or `yes :`, behind `if` or `?` and what stands before that.
    #[inline(never)]
    fn choice(&mut self, kind: Kind, left: Id) -> Result<What> {
        if kind == Kind::Question {
            let yes = self.inner()?;
            self.expect(Kind::Colon, "an operator or `:`")?;
            return Ok(What::Choose(left, yes));
        }
        let at = self.token.span;
        self.enter()?;
        let truth = self.expression(false)?;
        self.leave();
        let truth = value(truth, at)?;
        self.expect(Kind::Else, "an operator or `else`")?;
        Ok(What::Choose(truth, left))
    }

    /// The value of what waits and binds at least so much, with its last operand.
    #[inline(never)]
    fn join(&mut self, base: usize, least: u8, mut right: Id) -> Result<Id> {
        while self.waiting.len() > base
            && let Some(&Waiting { binds, at, what }) = self.waiting.last()
            && binds >= least
        {
            self.waiting.pop();
            right = match what {
                What::Before(operator) => self.sign(operator, right, at)?,
                What::Between(operator, left) => self.binary(operator, left, right, at)?,
                What::Compare(operator, left, before) => {
                    self.compare(operator, left, right, before, at)?
                }
                What::Choose(truth, yes) => self.graph.choose(truth, yes, right),
            };
            self.room(at)?;
        }
        Ok(right)
    }

    fn binary(&mut self, operator: Operator, left: Id, right: Id, at: Span) -> Result<Id> {
        if operator == Operator::Pow
            && self.is_two(right)
            && let Some(square) = self.called(Operator::Square, 1)
        {
            return Ok(self.graph.call(square, &[left]));
        }
        self.operator(operator, &[left, right], at)
    }

    #[inline(never)]
    fn compare(
        &mut self,
        operator: Operator,
        left: Id,
        right: Id,
        before: Option<Id>,
        at: Span,
    ) -> Result<Id> {
        let truth = self.operator(operator, &[left, right], at)?;
        match before {
            Some(before) => self.operator(Operator::LogicalAnd, &[before, truth], at),
            None => Ok(truth),
        }
    }

    /// Whether a node is the whole number 2 as it is written.
    fn is_two(&self, id: Id) -> bool {
        let node = self.graph.node(id);
        node.op == Op::Const(2) && node.ty == Some(Type::Int)
    }

    /// An operator before its operand. The sign of a number belongs to it.
    fn sign(&mut self, operator: Operator, x: Id, at: Span) -> Result<Id> {
        let node = self.graph.node(x);
        if let Op::Const(bits) = node.op {
            match (operator, node.ty) {
                (Operator::Positive, Some(Type::Int | Type::Float)) => return Ok(x),
                (Operator::Negative, Some(Type::Float)) => {
                    return Ok(self.graph.float(-f64::from_bits(bits)));
                }
                (Operator::Negative, Some(Type::Int)) if bits as i64 != i64::MIN => {
                    return Ok(self.graph.int(-(bits as i64)));
                }
                (Operator::Negative, Some(Type::Is(Dtype::U64))) if bits == 1 << 63 => {
                    return Ok(self.graph.int(i64::MIN));
                }
                _ => {}
            }
        }
        self.operator(operator, &[x], at)
    }

    /// A call of the function of an operator.
    fn operator(&mut self, operator: Operator, args: &[Id], at: Span) -> Result<Id> {
        match self.called(operator, args.len()) {
            Some(name) => Ok(self.graph.call(name, args)),
            None => Err(at.is(Problem::Function(operator.name().to_owned()))),
        }
    }

    /// What the vocabulary calls the function of an operator of so many operands. Looked up once.
    fn called(&mut self, operator: Operator, nin: usize) -> Option<&'static str> {
        let known = &mut self.operators[operator as usize];
        if known.is_none() {
            let of = self.vocabulary.find(operator.name());
            *known = of.filter(|of| of.nin == nin && of.nout == 1).map(|of| of.name);
        }
        *known
    }

    /// Whether the graph is still small enough.
    fn room(&self, at: Span) -> Result<()> {
        if self.graph.nodes().len() > MAX_NODES {
            return Err(at.is(Problem::Limit { what: "many operations", most: MAX_NODES }));
        }
        Ok(())
    }

    // ---- operands ---------------------------------------------------------------------------------

    /// A number, name, call, table or expression in brackets, with its index.
    ///
    /// What it needs for some of these only stands in functions that are not inlined: 256 levels of brackets,
    /// each with the frame of this and of [`Parser::expression`], are to fit a small stack.
    fn operand(&mut self) -> Result<Item> {
        let Token { span: at, number, .. } = self.token;
        self.room(at)?;
        let mut item = match self.token.kind {
            Kind::Int => {
                self.advance()?;
                Item::One(match i64::try_from(number) {
                    Ok(number) => self.graph.int(number),
                    Err(_) => self.graph.constant(Value::of(number)),
                })
            }
            Kind::Float => {
                self.advance()?;
                Item::One(self.graph.float(f64::from_bits(number)))
            }
            kind @ (Kind::True | Kind::False) => {
                self.advance()?;
                Item::One(self.graph.constant(Value::of(kind == Kind::True)))
            }
            Kind::Name => self.name()?,
            Kind::Open => {
                self.advance()?;
                self.enter()?;
                let item = self.expression(true)?;
                self.leave();
                self.close(Kind::Close, at, "an operator or `)`")?;
                item
            }
            Kind::OpenTable => Item::Table(self.table()?),
            _ => return self.unexpected("an expression"),
        };
        while self.token.kind == Kind::OpenTable && !self.token.first {
            item = self.index(item)?;
        }
        Ok(item)
    }

    /// `[i]` behind a table or the values of a function.
    #[inline(never)]
    fn index(&mut self, of: Item) -> Result<Item> {
        let opened = self.token.span;
        if let Item::One(_) = of {
            return Err(opened.is(Problem::Index));
        }
        self.advance()?;
        let at = self.token.span;
        let id = match of {
            Item::Many { first, count } => {
                let which = match self.token.kind {
                    Kind::Int if self.token.number < u64::from(count) => self.token.number as Id,
                    _ => return Err(at.is(Problem::Which { most: usize::from(count) - 1 })),
                };
                self.advance()?;
                self.close(Kind::CloseTable, opened, "`]`")?;
                return Ok(Item::One(first + which));
            }
            Item::Table(table) => {
                let index = self.inner()?;
                self.graph.lookup(table, index)
            }
            Item::One(id) => id,
        };
        self.close(Kind::CloseTable, opened, "an operator or `]`")?;
        Ok(Item::One(id))
    }

    /// A name, without the module that it may be written to stand in.
    fn qualified(&mut self) -> Result<(Span, bool)> {
        let span = self.advance()?;
        if self.token.kind == Kind::Dot && MODULES.contains(&self.written(span)) {
            self.advance()?;
            return Ok((self.expect(Kind::Name, "a function or constant")?, true));
        }
        Ok((span, false))
    }

    #[inline(never)]
    fn name(&mut self) -> Result<Item> {
        let (span, module) = self.qualified()?;
        if self.token.kind == Kind::Open && !self.token.first {
            return self.call(span);
        }
        let name = self.written(span);
        if !module && let Some(&item) = self.values.get(name) {
            return Ok(item);
        }
        if !module && let Some(id) = self.named(name, span)? {
            return Ok(Item::One(id));
        }
        if let Some(number) = constant(name) {
            return Ok(Item::One(self.graph.float(number)));
        }
        if self.closed || module {
            return Err(self.unknown(name, span, module));
        }
        self.declare(name, span).map(Item::One)
    }

    /// There is no such name.
    #[inline(never)]
    fn unknown(&self, name: &str, span: Span, module: bool) -> Failure {
        let constants = CONSTANTS.iter().map(|c| c.0);
        let mut known: Vec<&str> = match module {
            true => Vec::new(),
            false => {
                let beforehand = self.names.numbers.iter().map(|n| n.0);
                let inputs = self.names.inputs.into_iter().flatten().copied();
                self.values.keys().copied().chain(beforehand).chain(inputs).collect()
            }
        };
        // An order of their own, and not the map's.
        known.sort_unstable();
        let suggestion = nearest(name, known.into_iter().chain(constants));
        span.suggests(Problem::Name(name.to_owned()), suggestion)
    }

    /// What a function's name says. Looked up once.
    fn function(&mut self, name: &'a str) -> Option<Function> {
        if let Some(&function) = self.functions.get(name) {
            return Some(function);
        }
        let own = || OWN.iter().find(|f| f.0 == name).map(|f| f.1);
        let cast = || Dtype::ALL.into_iter().find(|d| d.name() == name).map(Function::Cast);
        let known = || self.vocabulary.find(name).filter(|f| (1..256).contains(&f.nout));
        let reduction = || Reduction::ALL.into_iter().find(|r| r.name() == name);
        let function = own()
            .or_else(cast)
            .or_else(|| known().map(Function::Known))
            .or_else(|| reduction().map(Function::Reduce))?;
        self.functions.insert(name, function);
        Some(function)
    }

    fn call(&mut self, span: Span) -> Result<Item> {
        let function = self.known(span)?;
        let outermost = self.last && self.depth == 0 && self.waiting.is_empty();
        let first = self.args.len();
        self.arguments()?;
        let made = self.applied(function, first, span, outermost);
        self.args.truncate(first);
        made
    }

    /// The function of a name, or the error that there is none.
    #[inline(never)]
    fn known(&mut self, span: Span) -> Result<Function> {
        let name = self.written(span);
        self.function(name).ok_or_else(|| {
            let mut known = self.vocabulary.names();
            known.extend(OWN.iter().map(|f| f.0));
            known.extend(Dtype::ALL.iter().map(|d| d.name()));
            let suggestion = nearest(name, known.into_iter());
            span.suggests(Problem::Function(name.to_owned()), suggestion)
        })
    }

    /// A function of the arguments from `first` on. Apart from reading them, which goes deep.
    #[inline(never)]
    fn applied(
        &mut self,
        function: Function,
        first: usize,
        span: Span,
        outermost: bool,
    ) -> Result<Item> {
        let args = SmallVec::<[Id; 4]>::from_slice(&self.args[first..]);
        let args = &args[..];
        let name = self.written(span);
        let wrong = |needed: usize, more: bool| {
            let (function, got) = (name.to_owned(), args.len());
            span.is(Problem::Arguments { function, needed, more, got })
        };
        let exactly = |nin: usize| match args.len() == nin {
            true => Ok(()),
            false => Err(wrong(nin, false)),
        };
        Ok(Item::One(match function {
            Function::Known(of) => {
                exactly(of.nin)?;
                if of.nout != 1 {
                    let first = self.graph.call(of.name, args);
                    for output in 1..of.nout {
                        self.graph.call_output(of.name, output as u8, args);
                    }
                    return Ok(Item::Many { first, count: of.nout as u8 });
                }
                self.graph.call(of.name, args)
            }
            Function::Where => {
                exactly(3)?;
                self.graph.choose(args[0], args[1], args[2])
            }
            Function::Cast(dtype) => {
                exactly(1)?;
                self.graph.convert(dtype, args[0])
            }
            Function::Reduce(reduction) => {
                exactly(1)?;
                self.reduce(reduction, args[0], span, outermost)?
            }
            Function::Fold(operator) if self.reduces && args.len() == 1 => {
                let reduction =
                    if operator == Operator::Minimum { Reduction::Min } else { Reduction::Max };
                self.reduce(reduction, args[0], span, outermost)?
            }
            Function::Fold(operator) => {
                let [first, second, rest @ ..] = args else {
                    return Err(wrong(2, true));
                };
                let mut so_far = self.operator(operator, &[*first, *second], span)?;
                for &next in rest {
                    so_far = self.operator(operator, &[so_far, next], span)?;
                    self.room(span)?;
                }
                so_far
            }
        }))
    }

    /// What a reduction goes over. Whether anything stands around it shows when the statement ends.
    fn reduce(
        &mut self,
        reduction: Reduction,
        values: Id,
        at: Span,
        outermost: bool,
    ) -> Result<Id> {
        if !self.reduces || !outermost {
            return Err(at.is(Problem::Reduction(reduction.name().to_owned())));
        }
        self.reduced = Some(Reduced { reduction, at, end: self.token.span.start });
        Ok(values)
    }

    /// Puts the arguments of a call behind those that there are; with the brackets.
    fn arguments(&mut self) -> Result<()> {
        let opened = self.advance()?;
        while self.token.kind != Kind::Close {
            let argument = self.inner()?;
            self.args.push(argument);
            if !self.skip(Kind::Comma)? {
                break;
            }
        }
        self.close(Kind::Close, opened, "an operator, `,` or `)`")
    }

    // ---- tables -----------------------------------------------------------------------------------

    /// `[1.0, -2, pi]`.
    #[inline(never)]
    fn table(&mut self) -> Result<TableId> {
        let opened = self.advance()?;
        let mut entries = Vec::new();
        while self.token.kind != Kind::CloseTable {
            let at = self.token.span;
            entries.push((self.entry()?, at));
            if !self.skip(Kind::Comma)? {
                break;
            }
        }
        self.close(Kind::CloseTable, opened, "`,` or `]`")?;
        if entries.is_empty() {
            return Err(opened.is(Problem::Entries("a table has an entry")));
        }
        let id = self.graph.table(table(&entries)?);
        if self.graph.tables().len() > MAX_TABLES {
            return Err(opened.is(Problem::Limit { what: "many tables", most: MAX_TABLES }));
        }
        Ok(id)
    }

    fn entry(&mut self) -> Result<Entry> {
        let (mut negative, mut signed) = (false, false);
        while matches!(self.token.kind, Kind::Minus | Kind::Plus) {
            negative ^= self.token.kind == Kind::Minus;
            signed = true;
            self.advance()?;
        }
        let number = self.token.number;
        let float = f64::from_bits(number);
        let entry = match self.token.kind {
            Kind::Int if negative => Entry::Int(-(number as i128)),
            Kind::Int => Entry::Int(number as i128),
            Kind::Float if negative => Entry::Float(-float),
            Kind::Float => Entry::Float(float),
            Kind::True | Kind::False if !signed => Entry::Truth(self.token.kind == Kind::True),
            Kind::Name => {
                let (span, _) = self.qualified()?;
                let Some(n) = constant(self.written(span)) else {
                    let why = "a table's entries are numbers, `pi`, `e`, `inf`, `nan`, or truths";
                    return Err(span.is(Problem::Entries(why)));
                };
                return Ok(Entry::Float(if negative { -n } else { n }));
            }
            _ => return self.unexpected("a number, an entry of the table"),
        };
        self.advance()?;
        Ok(entry)
    }
}

/// An entry of a table as it is written.
#[derive(Clone, Copy)]
enum Entry {
    Int(i128),
    Float(f64),
    Truth(bool),
}

/// The table of these entries, in the type that holds all.
fn table(entries: &[(Entry, Span)]) -> Result<Table> {
    let truth = |e: &Entry| matches!(e, Entry::Truth(_));
    let truths = truth(&entries[0].0);
    if let Some((_, at)) = entries.iter().find(|(e, _)| truth(e) != truths) {
        return Err(at.is(Problem::Entries("a table's entries are all numbers or all truths")));
    }
    let has = |f: fn(&Entry) -> bool| entries.iter().any(|(e, _)| f(e));
    let ty = if truths {
        Type::Is(Dtype::Bool)
    } else if has(|e| matches!(e, Entry::Float(_))) {
        Type::Float
    } else if has(|e| matches!(e, Entry::Int(n) if *n > i64::MAX as i128)) {
        Type::Is(Dtype::U64)
    } else {
        Type::Int
    };
    let bits = |&(entry, at): &(Entry, Span)| {
        let why = "a table's whole numbers are all of int64 or all of uint64";
        let bits = match (entry, ty) {
            (Entry::Truth(truth), _) => Some(truth as u64),
            (Entry::Float(n), _) => Some(n.to_bits()),
            (Entry::Int(n), Type::Float) => Some((n as f64).to_bits()),
            (Entry::Int(n), Type::Int) => i64::try_from(n).ok().map(|n| n as u64),
            (Entry::Int(n), Type::Is(_)) => u64::try_from(n).ok(),
        };
        bits.ok_or_else(|| at.is(Problem::Entries(why)))
    };
    Ok(Table { ty, entries: entries.iter().map(bits).collect::<Result<_>>()? })
}

/// The constant of this name.
fn constant(name: &str) -> Option<f64> {
    CONSTANTS.iter().find(|c| c.0 == name).map(|c| c.1)
}

/// What is no group of values.
fn single(item: Item, at: Span) -> Result<Item> {
    match item {
        Item::Many { count, .. } => {
            Err(at.is(Problem::Values { needed: "1 value is", got: count.into() }))
        }
        item => Ok(item),
    }
}

/// What is one value.
fn value(item: Item, at: Span) -> Result<Id> {
    match single(item, at)? {
        Item::One(id) => Ok(id),
        _ => Err(at.is(Problem::Table)),
    }
}
