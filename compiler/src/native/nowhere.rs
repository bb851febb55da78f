//! Where there is no machine code.

use std::convert::Infallible;

use lanefn_kernels::{level::Level, loops::Input};

use super::Unsupported;
use crate::graph::Graph;

/// Machine code, of which there is none here.
#[derive(Debug)]
pub struct Code(Infallible);

/// Says that there is no machine code here.
///
/// # Errors
/// Always.
pub fn compile(_: &Graph, level: Level) -> Result<Code, Unsupported> {
    Err(Unsupported::Level(level))
}

/// Says that there is no machine code here.
///
/// # Errors
/// Always.
pub fn listing(_: &Graph, level: Level) -> Result<String, Unsupported> {
    Err(Unsupported::Level(level))
}

/// Says that there is no machine code here.
///
/// # Errors
/// Always.
pub fn instructions(_: &Graph, level: Level) -> Result<Vec<u8>, Unsupported> {
    Err(Unsupported::Level(level))
}

#[allow(missing_docs, clippy::missing_safety_doc, clippy::unused_self)]
impl Code {
    pub unsafe fn run(&self, _: &[Input], _: &[*mut u8], _: usize) {
        match self.0 {}
    }

    pub fn bytes(&self) -> &[u8] {
        match self.0 {}
    }

    pub fn level(&self) -> Level {
        match self.0 {}
    }

    pub fn lanes(&self) -> usize {
        match self.0 {}
    }

    pub fn unroll(&self) -> usize {
        match self.0 {}
    }

    pub fn spills(&self) -> usize {
        match self.0 {}
    }
}
