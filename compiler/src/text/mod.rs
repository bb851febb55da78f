//! The expression language: what a user types, as an open [`Graph`].
//!
//! It is Python's and NumPy's way of writing, with C's where that says the same. A text is read and never
//! run: it can name inputs, numbers and the functions of a [`Vocabulary`], and nothing else.
//!
//! ```text
//! where(x > 2, x + 1, x - 1)                  # one output
//! x + 1 if x > 2 else x - 1                   # the same
//! x > 2 ? x + 1 : x - 1                       # the same
//! let r = hypot(x, y); x / r, y / r           # two outputs
//! price, years -> price * exp(-0.02 * years)  # inputs in this order
//! [0.0, 0.5, 2.0][kind] * load                # a table
//! let q, r = divmod(x, y)                     # a function of two values
//! q if r == 0 else nan
//! ```
//!
//! # Statements
//!
//! A name is bound with `let a = ...` or `a = ...`, several with `a, b = ..., ...`. A name can be bound
//! again. The last statement is the outputs: one expression, or several with commas; a function of several
//! values alone gives them all. Statements end with `;` or with the line. A line goes on inside brackets,
//! after an operator, after `\`, and where the next one begins with an operator that can't begin an
//! expression (so not with `+` or `-`). Comments are `# ...` to the end of the line and `/* ... */`; `//`
//! divides.
//!
//! # Names
//!
//! A name before `(` is a function, and any other name is a value; the two never meet, so an input can be
//! called `gamma`. A value is a bound name, an input, or one of the constants `pi`, `e`, `inf`, `nan`, in
//! this order: an input is called `e` only where inputs are declared. They are declared by a head
//! `x, y ->`, or by [`parse_with_inputs`]. Then no other name is an input; otherwise each new name is one,
//! in the order of the text. Words of Python that mean nothing here (`for`, `lambda`, ...) are no names.
//! `np.`, `numpy.`, `math.` and `lanefn.` before a function or constant are dropped, and `np.floor` and
//! `math.floor` are then the same function.
//!
//! # Operators
//!
//! From those that bind least to those that bind most; in a row, from the left if nothing else is said.
//!
//! | operators | functions | |
//! |---|---|---|
//! | `a if c else b`, `c ? a : b` | | in a row from the right |
//! | `or`, <code>\|\|</code> | `logical_or` | gives a truth, and not an operand as in Python |
//! | `and`, `&&` | `logical_and` | so does this |
//! | `not` | `logical_not` | before its operand |
//! | `<` `<=` `>` `>=` `==` `!=` | `less`, ... | in a row as in Python: `a < b < c` is `a < b and b < c` |
//! | <code>\|</code> | `bitwise_or` | |
//! | `^` | `bitwise_xor` | |
//! | `&` | `bitwise_and` | |
//! | `<<` `>>` | `left_shift`, `right_shift` | |
//! | `+` `-` | `add`, `subtract` | |
//! | `*` `/` `//` `%` | `multiply`, `divide`, `floor_divide`, `remainder` | |
//! | `+` `-` `~` `!` | `positive`, `negative`, `invert`, `logical_not` | before their operand |
//! | `**` | `pow` | in a row from the right; `-x**2` is `-(x**2)`, and `2**-x` is `2**(-x)` |
//! | `f(...)` `t[...]` | | |
//!
//! This is Python's table, in which bits bind more than comparisons, other than in C; `!` stands where C
//! has it. `/` is a division with a fraction, of integers too. As for NumPy's arrays, `x ** 2` is
//! `square(x)`; no other power is rewritten.
//!
//! # Numbers
//!
//! Written as in Python: `1_000`, `0xff`, `0b11`, `0o17`, `.5`, `1e-3`. They have no dtype of their own,
//! but take that of what they meet (NEP 50). Excepted are whole numbers from 2⁶³ to 2⁶⁴ - 1, which are of
//! uint64. `True` and `False`, or `true` and `false`, are of bool.
//!
//! # Functions
//!
//! All of the vocabulary, by any of their names, and besides
//!
//! - `where(c, a, b)`, also as `select`;
//! - `min(a, b, ...)` and `max(a, b, ...)`: `minimum` and `maximum` from the left, NaN if one is;
//! - `float32(x)`, `int8(x)`, ...: `x` as this dtype, by NumPy's names; `int(x)`, `float(x)`, `bool(x)`
//!   as int64, float64, bool.
//!
//! A function of several values is bound to as many names, or takes an index: `divmod(x, y)[1]`.
//!
//! # Tables
//!
//! `[1.0, 2.5, 3.0][i]` is the entry of this number, counted from 0, or from the end if the number is
//! below 0; past the end it is the last entry. Entries are written numbers, constants or truths. A table
//! can be bound to a name.

//! # Reductions
//!
//! For [`read`] the last statement may be `sum(...)`, `prod(...)`, `max(...)`, `min(...)`, `mean(...)`,
//! `any(...)` or `all(...)` of one expression: all its values become one. Nothing can stand around that,
//! because a graph knows single elements only.

mod error;
mod parser;
mod token;

pub use error::{ParseError, Problem};

use crate::{
    dtype::Type,
    graph::{Graph, Node, Op},
    vocabulary::Vocabulary,
};

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// How deep expressions may stand in brackets, calls and the middles of `? :`.
pub const MAX_DEPTH: usize = 256;

/// The most nodes of a graph.
pub const MAX_NODES: usize = 1 << 18;

/// The most inputs.
pub const MAX_INPUTS: usize = 64;

/// The most outputs.
pub const MAX_OUTPUTS: usize = 64;

/// The most tables that differ.
pub const MAX_TABLES: usize = 256;

/// The graph of a text. See the page of the module.
///
/// ```
/// # use lanefn_compiler::{dtype::{Dtype, Type}, text, vocabulary::{Known, Vocabulary}};
/// # use lanefn_kernels::loops::Loop;
/// # struct Table;
/// # impl Vocabulary for Table {
/// #     fn find(&self, name: &str) -> Option<Known> {
/// #         let name = self.names().into_iter().find(|n| *n == name)?;
/// #         Some(Known { name, nin: if name == "sin" { 1 } else { 2 }, nout: 1 })
/// #     }
/// #     fn resolve(&self, _: &str, _: &[Type]) -> Result<&'static Loop, String> { Err(String::new()) }
/// #     fn exactly(&self, _: &str, _: &[Dtype]) -> Option<&'static Loop> { None }
/// #     fn names(&self) -> Vec<&'static str> { vec!["add", "sin", "greater", "subtract"] }
/// # }
/// # let vocabulary = Table;
/// let graph = text::parse("x > 2 ? x + 1 : x - 1", &vocabulary)?;
/// assert_eq!(graph.inputs()[0].name, "x");
///
/// let error = text::parse("x + sni(x)", &vocabulary).unwrap_err();
/// assert_eq!((error.offset, error.suggestion.as_deref()), (4, Some("sin")));
/// # Ok::<(), text::ParseError>(())
/// ```
///
/// # Errors
/// [`ParseError`], for a text that has no meaning or exceeds a limit.
pub fn parse(text: &str, vocabulary: &dyn Vocabulary) -> Result<Graph, ParseError> {
    parser::run(text, None, vocabulary)
}

/// The graph of a text whose inputs are these, in this order, used or not.
///
/// # Errors
/// [`ParseError`], also for a name that is no input, and for two inputs of one name.
pub fn parse_with_inputs(
    text: &str,
    inputs: &[&str],
    vocabulary: &dyn Vocabulary,
) -> Result<Graph, ParseError> {
    parser::run(text, Some(inputs), vocabulary)
}

/// A number as it is written in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    ty: Type,
    bits: u64,
}

impl Number {
    /// The number that a text is, with or without a sign: also a truth, or one of the constants. `None` if
    /// it is anything else.
    pub fn read(text: &str, vocabulary: &dyn Vocabulary) -> Option<Number> {
        let graph = parse_with_inputs(text, &[], vocabulary).ok()?;
        let [output] = graph.outputs() else { return None };
        match graph.node(*output) {
            Node { op: Op::Const(bits), ty: Some(ty), .. } => Some(Number { ty: *ty, bits: *bits }),
            _ => None,
        }
    }
}

/// What is known of a text's names beforehand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The names that are inputs if the text uses them, also those of constants; no other name is then
    /// one. `None`: any.
    pub inputs: Option<&'a [&'a str]>,
    /// Names of numbers. The text can bind them again.
    pub numbers: &'a [(&'a str, Number)],
}

/// What makes one value of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The product.
    Prod,
    /// The largest; NaN if one is.
    Max,
    /// The least; NaN if one is.
    Min,
    /// The sum divided by the number of values.
    Mean,
    /// Whether one is true.
    Any,
    /// Whether all are true.
    All,
}

impl Reduction {
    /// All of them.
    pub const ALL: [Reduction; 7] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
        Reduction::Mean,
        Reduction::Any,
        Reduction::All,
    ];

    /// Its name in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Prod => "prod",
            Reduction::Max => "max",
            Reduction::Min => "min",
            Reduction::Mean => "mean",
            Reduction::Any => "any",
            Reduction::All => "all",
        }
    }

    /// The function of two values that it goes on with; of the mean, that of its sum.
    pub const fn function(self) -> &'static str {
        match self {
            Reduction::Sum | Reduction::Mean => "add",
            Reduction::Prod => "multiply",
            Reduction::Max => "maximum",
            Reduction::Min => "minimum",
            Reduction::Any => "logical_or",
            Reduction::All => "logical_and",
        }
    }
}

/// What [`read`] has read.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    /// What is computed for each element.
    pub graph: Graph,
    /// What makes one value of all that the graph gives.
    pub reduction: Option<Reduction>,
    /// The names known beforehand that the text does not use.
    pub unused: Vec<&'a str>,
}

/// The graph of a text of whose names something is known, and which may be a reduction.
///
/// # Errors
/// [`ParseError`].
pub fn read<'a>(
    text: &'a str,
    names: Names<'a>,
    vocabulary: &'a dyn Vocabulary,
) -> Result<Read<'a>, ParseError> {
    parser::read(text, names, vocabulary)
}
