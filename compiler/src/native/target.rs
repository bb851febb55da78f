//! Which CPUs code is made for.

use lanefn_kernels::level::Level;

/// The instructions and registers that code is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Sixteen registers of 32 bytes; a truth is a vector of ones and zeros.
    #[default]
    Avx2,
    /// Thirty-two registers of 64 bytes; a truth is a bit in a mask register.
    Avx512,
}

impl Target {
    /// The best one for a level, if there is any.
    pub fn of(level: Level) -> Option<Target> {
        match level {
            Level::Scalar | Level::Baseline => None,
            Level::Avx2 => Some(Target::Avx2),
            Level::Avx512 => Some(Target::Avx512),
        }
    }

    /// The lowest level that has it.
    pub fn level(self) -> Level {
        match self {
            Target::Avx2 => Level::Avx2,
            Target::Avx512 => Level::Avx512,
        }
    }

    /// Bytes in a vector register.
    pub fn bytes(self) -> usize {
        match self {
            Target::Avx2 => 32,
            Target::Avx512 => 64,
        }
    }

    /// Vector registers.
    pub fn registers(self) -> u32 {
        match self {
            Target::Avx2 => 16,
            Target::Avx512 => 32,
        }
    }

    /// The name of a vector register, of which so many bytes are used: 16 as a power of two more.
    pub fn register_name(length: u8) -> &'static str {
        ["xmm", "ymm", "zmm"][length as usize % 3]
    }
}

/// The part of a register that so many bytes need, as instructions say it: 16 bytes, or a power of two more.
pub fn length(bytes: usize) -> u8 {
    (bytes / 16).max(1).trailing_zeros() as u8
}
