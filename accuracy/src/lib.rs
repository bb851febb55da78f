//! How far the elementary functions are from the truth.
//!
//! Two oracles, neither of which shares anything with the code under test: CORE-MATH, whose results are
//! the nearest number, proven; and the C library's 128-bit functions, which say how far a result that
//! is not the nearest one is from the true value. A result that equals CORE-MATH's is within half an
//! ULP; the others, which are few, get their error from the 128-bit value in fractions of an ULP.
//! For f32, CORE-MATH's f64 result stands for the truth: it is within 2^-30 of an f32's ULP.

pub mod hard;
pub mod oracle;
pub mod points;
pub mod sweep;
pub mod ulp;
