//! Machine code for typed graphs, made while the program runs.
//!
//! ```text
//! Graph
//!   | select      lane operations as vector instructions on any number of values
//! Program
//!   | allocate    registers, and places on the stack
//!   | emit        bytes: constants, tables, the function
//! block
//!   | memory      mapped where it can be executed and never written
//! Code
//! ```
//!
//! There is code for x86-64 under Linux, with AVX2 or with AVX-512; elsewhere [`compile`] says so, and the
//! interpreter is used. Which of the two it is, the program says (`target`); what differs is mostly in
//! `select/forms.rs`.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod allocate;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod code;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "nowhere.rs"]
mod code;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod emit;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod encode;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod helpers;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod instructions;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod listing;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod memory;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod program;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod select;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod target;

pub use code::{Code, compile, instructions, listing};
use lanefn_kernels::level::Level;

use crate::graph::Id;

/// Why there is no machine code for a graph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// There is no code for this CPU or system at all, or none for the level.
    #[error("there is no machine code for the level {0} here")]
    Level(Level),
    /// A node can't be run.
    #[error("node {node} can't become machine code: {why}")]
    Node {
        /// The node.
        node: Id,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The graph computes nothing.
    #[error("the graph has no outputs")]
    NoOutputs,
    /// The graph is so large that its values would not fit the stack, or its tables the reach of the code.
    #[error("the graph needs more memory than a function may use")]
    TooLarge,
    /// The system gives no executable memory.
    #[error("the system refuses executable memory: {0}")]
    Memory(#[from] std::io::Error),
}
