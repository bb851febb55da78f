//! The one error type.

use std::path::PathBuf;

use lanefn_kernels::{lanes::Dtype, level::LevelError};

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
    /// No loop of this function takes these dtypes.
    #[error("{function} has no loop for ({}); it has {}", list(.got), .has)]
    NoLoop {
        /// The function's name.
        function: &'static str,
        /// The dtypes given.
        got: Vec<Dtype>,
        /// The signatures that it has, as text.
        has: String,
    },
    /// An output whose dtype is not what the function gives.
    #[error("output {output} of {function} has dtype {got}, but the function gives {needed}")]
    OutputDtype {
        /// The function's name.
        function: &'static str,
        /// Which output, counted from 0.
        output: usize,
        /// Its dtype.
        got: Dtype,
        /// The dtype that the function gives.
        needed: Dtype,
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
        function: &'static str,
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

fn list(dtypes: &[Dtype]) -> String {
    dtypes.iter().map(|d| d.name()).collect::<Vec<_>>().join(", ")
}
