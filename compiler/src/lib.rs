//! Functions that exist only at run time.
//!
//! ```text
//! text, Python, operators, a kernel's own source
//!        |
//!      Graph          nodes that know no types yet, or all of them
//!        | typed      by the dtypes of the inputs: NumPy's promotion
//!        | expanded   elementary functions become lane operations
//!        | scheduled  an order, with loops and slow paths as regions
//!        v
//!  interpreter or machine code
//! ```

pub mod body;
pub mod dtype;
pub mod graph;
pub mod interpret;
mod leave;
pub mod native;
mod optimise;
#[doc(hidden)]
pub mod publish;
pub mod schedule;
pub mod text;
pub mod typing;
pub mod value;
pub mod vocabulary;

pub use body::Body;
pub use graph::{Graph, Id, Node, Op};
pub use leave::{asking, asking_every};
pub use vocabulary::{Known, Vocabulary};
