//! The one error type.

use std::path::PathBuf;

use lanefn_kernels::{lanes::Dtype, level::LevelError};

use crate::{dtype::Casting, status::Flags};

/// What went wrong, with the shapes, axes, dtypes or file offset concerned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two operands whose shapes don't broadcast.
    #[error("operand {operand} of shape {shape:?} does not broadcast with {with:?}: axis {axis} from the end is {} here and {} there",
        .shape[.shape.len() - 1 - .axis], .with[.with.len() - 1 - .axis])]
    Broadcast {
        /// Which operand, counted from 0 through the inputs.
        operand: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// What the operands before it broadcast to.
        with: Vec<usize>,
        /// The axis, counted from the last one (0).
        axis: usize,
    },
    /// An output that the inputs don't broadcast to.
    #[error("output {output} has shape {shape:?}, but the inputs broadcast to {needed:?}")]
    OutputShape {
        /// Which output, counted from 0.
        output: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// The shape needed, or one that this broadcasts to.
        needed: Vec<usize>,
    },
    /// Outputs of different shapes.
    #[error("output {output} has shape {shape:?}, but output 0 has {needed:?}")]
    OutputsDiffer {
        /// Which output, counted from 0.
        output: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// The shape of the first output.
        needed: Vec<usize>,
    },
    /// A mask that does not broadcast to the outputs.
    #[error(
        "the mask has shape {shape:?}, which does not broadcast to {needed:?}, the outputs' shape"
    )]
    MaskShape {
        /// Its shape.
        shape: Vec<usize>,
        /// The outputs' shape.
        needed: Vec<usize>,
    },
    /// An operand without one stride for each axis.
    #[error("{what} has {axes} axes, but the strides {strides:?}")]
    Strides {
        /// Which one: "input 0", "output 0", "the mask".
        what: String,
        /// The number of its axes.
        axes: usize,
        /// Its strides.
        strides: Vec<isize>,
    },
    /// A function made at run time has no meaning for these dtypes, or can't be run.
    #[error("{function}: {why}")]
    Made {
        /// The function's name.
        function: String,
        /// What is wrong.
        why: String,
    },
    /// A call that was asked to stop on the way: see [`interruptible`](crate::interruptible). What it had
    /// written by then stays written.
    #[error("stopped before the end")]
    Interrupted,
    /// A text that is no expression.
    #[error("{0}")]
    Expression(#[from] lanefn_compiler::text::ParseError),
    /// A literal that the dtype of its operand does not hold: see [`weak`](crate::ufunc::weak).
    #[error("{literal} is no number of dtype {dtype}")]
    Literal {
        /// The literal.
        literal: String,
        /// The dtype.
        dtype: Dtype,
    },
    /// No loop of this function takes these dtypes.
    #[error("{function} has no loop for ({got}; it has {has}")]
    NoLoop {
        /// The function's name.
        function: String,
        /// The types given, and the dtypes asked for, as text.
        got: String,
        /// The signatures that it has, as text.
        has: String,
    },
    /// A cast that is not allowed.
    #[error("{operand} of {function} can't be cast from {from} to {to} by the rule '{casting}'")]
    Casting {
        /// The function's name.
        function: String,
        /// Which operand: "input 0", "output 0".
        operand: String,
        /// What it is cast from.
        from: String,
        /// What to.
        to: Dtype,
        /// The rule.
        casting: Casting,
    },
    /// A method of binary functions, on another one.
    #[error(
        "{method} is for functions of two inputs and one output; {function} has {nin} and {nout}"
    )]
    NotBinary {
        /// The method.
        method: &'static str,
        /// The function's name.
        function: String,
        /// Inputs that it takes.
        nin: usize,
        /// Outputs that it gives.
        nout: usize,
    },
    /// A function whose loop gives another dtype than it takes, along an axis.
    #[error(
        "{function} can't go along an axis in ({signature}): it gives another dtype than it takes"
    )]
    NotEndo {
        /// The function's name.
        function: String,
        /// The loop's signature.
        signature: String,
    },
    /// An axis that an array doesn't have.
    #[error("axis {axis} is out of bounds for an array of {ndim} dimensions")]
    Axis {
        /// The axis asked for.
        axis: isize,
        /// How many there are.
        ndim: usize,
    },
    /// An axis that is named twice.
    #[error("axis {axis} is named twice")]
    AxisTwice {
        /// The axis, counted from the first one (0).
        axis: usize,
    },
    /// Several axes for a function whose result depends on the order.
    #[error(
        "{function} depends on the order of elements, so it reduces one axis at a time, not {axes:?}"
    )]
    NotReorderable {
        /// The function's name.
        function: String,
        /// The axes.
        axes: Vec<usize>,
    },
    /// A reduction of no elements by a function without an identity.
    #[error(
        "{function} has no identity: axis {axis} of shape {shape:?} has no elements to reduce, and no initial value is given"
    )]
    NoIdentity {
        /// The function's name.
        function: String,
        /// The axis without elements.
        axis: usize,
        /// The shape.
        shape: Vec<usize>,
    },
    /// A masked reduction by a function without an identity.
    #[error("{function} has no identity: a reduction with a mask needs an initial value")]
    MaskNeedsInitial {
        /// The function's name.
        function: String,
    },
    /// An index that an axis doesn't have.
    #[error("index {index} is out of bounds for axis {axis} of length {length}")]
    Index {
        /// The index.
        index: i64,
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// An option with a value that it can't have.
    #[error("{option} is {got:?}, but must be {needed}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// The value.
        got: String,
        /// What it could be.
        needed: &'static str,
    },
    /// A mask that is not bool.
    #[error("the mask has dtype {got}, but must be bool")]
    MaskDtype {
        /// Its dtype.
        got: Dtype,
    },
    /// An output in which several indices are the same element.
    #[error(
        "output {output} of shape {shape:?} has stride 0 along axis {axis}: its elements can't be told apart"
    )]
    OutputRepeats {
        /// Which output, counted from 0.
        output: usize,
        /// The axis, counted from the first one (0).
        axis: usize,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The wrong number of operands.
    #[error(
        "{function} takes {nin} inputs and gives {nout} outputs; {got_in} and {got_out} were given"
    )]
    Arity {
        /// The function's name.
        function: String,
        /// Inputs that it takes.
        nin: usize,
        /// Outputs that it gives.
        nout: usize,
        /// Inputs given.
        got_in: usize,
        /// Outputs given.
        got_out: usize,
    },
    /// An array too large for memory or for the address space.
    #[error("an array of shape {shape:?} and dtype {dtype} can't be had: {why}")]
    TooLarge {
        /// Its shape.
        shape: Vec<usize>,
        /// Its dtype.
        dtype: Dtype,
        /// The reason.
        why: String,
    },
    /// Floating-point status that was to be an error ([`refuse`](crate::status::refuse)).
    #[error("floating-point status: {met}")]
    Status {
        /// What the calls met of what was to be an error.
        met: Flags,
    },
    /// A CPU level that is unknown or that this CPU lacks.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// A thread count that makes no sense, or threads that the system refused.
    #[error("threads: {0}")]
    Threads(String),
    /// A file that can't be read, understood or written.
    #[error("{}{}: {what}", .path.display(), .offset.map(|o| format!(", byte {o}")).unwrap_or_default())]
    File {
        /// The file.
        path: PathBuf,
        /// The byte where it went wrong, where there is one.
        offset: Option<u64>,
        /// What is wrong with it.
        what: String,
        /// The system's error, where there is one.
        #[source]
        source: Option<std::io::Error>,
    },
}

/// A result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
