//! A function after its names are resolved: what there is to emit, and nothing that lanes can't do.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};

use crate::{
    methods::Method,
    types::{Prim, Ty},
};

/// A variable, by its number.
pub type VarId = usize;
/// A loop, by its number.
pub type FrameId = usize;

/// A variable of the function.
pub struct Var {
    /// Its name in what is emitted: no other variable has it, so shadowing does no harm.
    pub ident: Ident,
    pub ty: Ty,
    pub what: What,
    /// Loops around its declaration.
    pub depth: usize,
}

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum What {
    Lanes,
    /// One value, the same in every lane.
    Uniform,
    /// A table, whose elements have the variable's type.
    Table,
}

pub struct Expr {
    pub kind: Kind,
    pub ty: Ty,
    /// The value is the same in every lane; it is computed by plain Rust.
    pub uniform: bool,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Op {
    /// The function in `ops`.
    pub fn function(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Sub => "sub",
            Op::Mul => "mul",
            Op::Div => "div",
            Op::Rem => "rem",
            Op::And => "and",
            Op::Or => "or",
            Op::BitAnd => "bit_and",
            Op::BitOr => "bit_or",
            Op::BitXor => "bit_xor",
            Op::Shl => "shl",
            Op::Shr => "shr",
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::Lt => "lt",
            Op::Le => "le",
            Op::Gt => "gt",
            Op::Ge => "ge",
        }
    }

    pub fn compares(self) -> bool {
        matches!(self, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
    }
}

pub enum Kind {
    /// A literal, by its tokens; numbers also by their place among the function's literals.
    Lit(syn::Lit),
    Var(VarId),
    /// A constant, or an associated one.
    Const(TokenStream),
    Neg(Box<Expr>),
    Not(Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>, Prim),
    /// Receiver first.
    Method(&'static Method, Vec<Expr>),
    /// An integer power, by a value that is the same in every lane.
    Pow(Box<Expr>, Box<Expr>),
    FromBits(Prim, Box<Expr>),
    Helper(syn::Path, Vec<Expr>),
    Table(TokenStream, Box<Expr>),
    Field(Box<Expr>, u32),
    Tuple(Vec<Expr>),
    Block(Block),
    /// The flag says that what follows is nothing: the end of the function.
    If(Box<Expr>, Block, Block, bool),
    Assign(VarId, Box<Expr>),
    While(FrameId, Option<Box<Expr>>, Block),
    For(FrameId, Box<For>, Block),
    Break(FrameId),
    Continue(FrameId),
    Return(Box<Expr>),
}

/// What a `for` runs over.
pub struct For {
    pub pattern: Binding,
    pub over: Over,
    pub rev: bool,
    pub step: Option<Expr>,
    pub enumerate: bool,
    /// Turns, where the tokens say.
    pub turns: Option<u64>,
}

pub enum Over {
    Range(Expr, Expr, bool),
    Table(TokenStream),
}

#[derive(Default)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub tail: Option<Box<Expr>>,
}

pub enum Stmt {
    Let(Binding, Option<TokenStream>, Option<Expr>),
    /// A table of values that are the same in every lane.
    LetTable(VarId, TokenStream, Vec<Expr>),
    Expr(Expr),
    /// `const` and `use`.
    Item(TokenStream),
}

pub enum Binding {
    Wild,
    Var(VarId),
    Tuple(Vec<Binding>),
}

impl Binding {
    pub fn vars(&self, into: &mut BTreeSet<VarId>) {
        match self {
            Binding::Wild => {}
            Binding::Var(v) => {
                into.insert(*v);
            }
            Binding::Tuple(parts) => parts.iter().for_each(|p| p.vars(into)),
        }
    }
}

/// A way out of the straight line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Jump {
    Break(FrameId),
    Continue(FrameId),
    Return,
}

/// What a piece of code does to what is around it.
#[derive(Default, Clone, Debug)]
pub struct Facts {
    /// Variables assigned and not declared inside.
    pub assigned: BTreeSet<VarId>,
    /// Jumps that leave it.
    pub jumps: BTreeSet<Jump>,
    /// How often each variable is read.
    pub reads: BTreeMap<VarId, usize>,
    /// It has masked loops, or calls helpers, which may have some: it must know which lanes count.
    pub loops: bool,
}

impl Facts {
    pub fn needs_active(&self) -> bool {
        self.loops || !self.jumps.is_empty()
    }

    /// Jumps within the function.
    pub fn leaves_turn(&self) -> bool {
        self.jumps.iter().any(|j| *j != Jump::Return)
    }
}

impl Expr {
    pub fn facts(&self) -> Facts {
        let mut walk = Walk::default();
        walk.expr(self);
        walk.done()
    }

    pub fn assigns(&self) -> bool {
        !self.facts().assigned.is_empty()
    }
}

impl Block {
    pub fn facts(&self) -> Facts {
        block_facts(&self.stmts, self.tail.as_deref())
    }

    pub fn is_empty(&self) -> bool {
        self.stmts.is_empty() && self.tail.is_none()
    }
}

pub fn block_facts(stmts: &[Stmt], tail: Option<&Expr>) -> Facts {
    let mut walk = Walk::default();
    walk.stmts(stmts, tail);
    walk.done()
}

#[derive(Default)]
struct Walk {
    facts: Facts,
    declared: BTreeSet<VarId>,
}

impl Walk {
    fn done(mut self) -> Facts {
        self.facts.assigned.retain(|v| !self.declared.contains(v));
        self.facts
    }

    fn stmts(&mut self, stmts: &[Stmt], tail: Option<&Expr>) {
        for stmt in stmts {
            match stmt {
                Stmt::Let(binding, _, init) => {
                    binding.vars(&mut self.declared);
                    if let Some(init) = init {
                        self.expr(init);
                    }
                }
                Stmt::LetTable(var, _, _) => {
                    self.declared.insert(*var);
                }
                Stmt::Expr(e) => self.expr(e),
                Stmt::Item(_) => {}
            }
        }
        if let Some(tail) = tail {
            self.expr(tail);
        }
    }

    fn block(&mut self, block: &Block) {
        self.stmts(&block.stmts, block.tail.as_deref());
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            Kind::Lit(_) | Kind::Const(_) => {}
            Kind::Var(v) => *self.facts.reads.entry(*v).or_insert(0) += 1,
            Kind::Neg(a) | Kind::Not(a) | Kind::Cast(a, _) | Kind::FromBits(_, a) => self.expr(a),
            Kind::Field(a, _) | Kind::Table(_, a) => self.expr(a),
            Kind::Binary(_, a, b) | Kind::Pow(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Kind::Method(_, args) | Kind::Tuple(args) => args.iter().for_each(|a| self.expr(a)),
            Kind::Helper(_, args) => {
                self.facts.loops = true;
                args.iter().for_each(|a| self.expr(a));
            }
            Kind::Block(block) => self.block(block),
            Kind::If(c, then, els, _) => {
                self.expr(c);
                self.block(then);
                self.block(els);
            }
            Kind::Assign(v, value) => {
                self.expr(value);
                self.facts.assigned.insert(*v);
            }
            Kind::While(frame, condition, body) => {
                self.facts.loops = true;
                if let Some(c) = condition {
                    self.expr(c);
                }
                self.block(body);
                self.leave(*frame);
            }
            Kind::For(frame, over, body) => {
                over.pattern.vars(&mut self.declared);
                self.block(body);
                self.leave(*frame);
            }
            Kind::Break(frame) => {
                self.facts.jumps.insert(Jump::Break(*frame));
            }
            Kind::Continue(frame) => {
                self.facts.jumps.insert(Jump::Continue(*frame));
            }
            Kind::Return(value) => {
                self.expr(value);
                self.facts.jumps.insert(Jump::Return);
            }
        }
    }

    fn leave(&mut self, frame: FrameId) {
        self.facts.jumps.remove(&Jump::Break(frame));
        self.facts.jumps.remove(&Jump::Continue(frame));
    }
}

// ---- the end of the function ----------------------------------------------------------------------

/// Turns early returns into ordinary `else`s, where they are: `if c { return a } rest` at the end of a
/// function is `if c { a } else { rest }`. What is left (a return from a loop, or from a part of an
/// arm) becomes masks.
pub fn straighten(block: Block) -> Block {
    let Block { stmts, tail } = block;
    let mut rest: std::collections::VecDeque<Stmt> = stmts.into();
    let mut done = Vec::new();
    while let Some(stmt) = rest.pop_front() {
        let Stmt::Expr(e) = stmt else {
            done.push(stmt);
            continue;
        };
        if !e.facts().jumps.contains(&Jump::Return) {
            done.push(Stmt::Expr(e));
            continue;
        }
        match e.kind {
            Kind::Return(value) => {
                return Block { stmts: done, tail: Some(straighten_tail(*value)) };
            }
            Kind::Block(inner) => {
                // Names are unique by now, so a block can be opened.
                if let Some(tail) = inner.tail {
                    rest.push_front(Stmt::Expr(*tail));
                }
                for stmt in inner.stmts.into_iter().rev() {
                    rest.push_front(stmt);
                }
            }
            Kind::If(c, mut then, mut els, _)
                if !c.uniform && (returns(&then) || returns(&els)) =>
            {
                let at = if !returns(&then) {
                    Some(&mut then)
                } else if !returns(&els) {
                    Some(&mut els)
                } else {
                    None
                };
                if let Some(arm) = at {
                    if let Some(unit) = arm.tail.take() {
                        arm.stmts.push(Stmt::Expr(*unit));
                    }
                    arm.stmts.extend(rest);
                    arm.tail = tail;
                }
                let kind = Kind::If(c, straighten(then), straighten(els), true);
                let whole = Expr { kind, ..e };
                return Block { stmts: done, tail: Some(Box::new(whole)) };
            }
            kind => done.push(Stmt::Expr(Expr { kind, ..e })),
        }
    }
    Block { stmts: done, tail: tail.map(|t| straighten_tail(*t)) }
}

fn straighten_tail(e: Expr) -> Box<Expr> {
    Box::new(match e.kind {
        Kind::Return(value) => return straighten_tail(*value),
        Kind::Block(block) => Expr { kind: Kind::Block(straighten(block)), ..e },
        Kind::If(c, then, els, _) if !c.uniform => {
            Expr { kind: Kind::If(c, straighten(then), straighten(els), true), ..e }
        }
        kind => Expr { kind, ..e },
    })
}

/// Whether every way through the block ends in a return.
fn returns(block: &Block) -> bool {
    block.stmts.iter().any(|s| matches!(s, Stmt::Expr(e) if expr_returns(e)))
        || block.tail.as_deref().is_some_and(expr_returns)
}

fn expr_returns(e: &Expr) -> bool {
    match &e.kind {
        Kind::Return(_) => true,
        Kind::Block(block) => returns(block),
        Kind::If(_, then, els, _) => returns(then) && returns(els),
        _ => false,
    }
}
