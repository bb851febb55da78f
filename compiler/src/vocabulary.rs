//! The functions that graphs may name.

use lanefn_kernels::{lanes::Dtype, loops::Loop};

use crate::dtype::Type;

/// A function that a graph may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// The number of its inputs.
    pub nin: usize,
    /// The number of its outputs.
    pub nout: usize,
}

/// What functions there are, and which of their loops serves which types: the catalogue of `lanefn`.
pub trait Vocabulary: Sync {
    /// The function of this name or other name.
    fn find(&self, name: &str) -> Option<Known>;

    /// The loop of a function for operands of these types, by NumPy's rules.
    ///
    /// # Errors
    /// What to tell the user, if there is none.
    fn resolve(&self, name: &str, inputs: &[Type]) -> Result<&'static Loop, String>;

    /// The loop of a function for these dtypes of its inputs and no other.
    fn exactly(&self, name: &str, inputs: &[Dtype]) -> Option<&'static Loop>;

    /// Every name and other name.
    fn names(&self) -> Vec<&'static str>;
}
