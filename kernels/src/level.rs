//! CPU levels: detected once, `LANEFN_LEVEL` overrides.

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};

/// The variable that forces a level.
pub const LEVEL_VARIABLE: &str = "LANEFN_LEVEL";

/// A set of instructions that kernels are compiled for, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// One lane; the oracle.
    Scalar,
    /// What every CPU of the architecture has (SSE2, NEON, simd128), through the `wide` crate.
    Baseline,
    /// AVX2 with FMA, BMI 1 and 2, LZCNT, POPCNT and F16C.
    Avx2,
    /// AVX-512 F, BW, DQ, VL and CD, and all of `Avx2`.
    Avx512,
}

/// A level that was asked for and can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelError {
    /// What was asked for, as text.
    pub asked: String,
    /// What this CPU has.
    pub has: Vec<Level>,
    /// Whether the name is a level's at all.
    pub known: bool,
}

impl LevelError {
    /// The error that says that this CPU lacks a level.
    pub fn absent(level: Level) -> LevelError {
        LevelError { asked: level.name().to_string(), has: Level::present(), known: true }
    }
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Level; 4] = [Level::Scalar, Level::Baseline, Level::Avx2, Level::Avx512];

    /// The name that `LANEFN_LEVEL` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::Baseline => "baseline",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether this CPU (and its operating system) has the level.
    pub fn is_present(self) -> bool {
        match self {
            Level::Scalar | Level::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
                    && std::arch::is_x86_feature_detected!("bmi1")
                    && std::arch::is_x86_feature_detected!("bmi2")
                    && std::arch::is_x86_feature_detected!("lzcnt")
                    && std::arch::is_x86_feature_detected!("popcnt")
                    && std::arch::is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_present()
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512cd")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => false,
        }
    }

    /// The level that kernels run at: what `LANEFN_LEVEL` says, or else the highest that is present.
    ///
    /// Found once; the variable is not read again after it has named a level.
    ///
    /// # Errors
    /// When the variable names no level, or one that this CPU lacks.
    #[inline]
    pub fn chosen() -> Result<Level, LevelError> {
        // A level's place in `ALL` plus one; 0 until it is known.
        static CHOSEN: AtomicU8 = AtomicU8::new(0);
        if let Some(level) =
            (CHOSEN.load(Ordering::Relaxed) as usize).checked_sub(1).map(|i| Level::ALL[i])
        {
            return Ok(level);
        }
        let level = match std::env::var_os(LEVEL_VARIABLE) {
            Some(name) if !name.is_empty() => name.to_string_lossy().parse()?,
            _ => Level::present().pop().unwrap_or(Level::Scalar),
        };
        CHOSEN.store(level as u8 + 1, Ordering::Relaxed);
        Ok(level)
    }

    /// The levels that this CPU has, lowest first.
    pub fn present() -> Vec<Level> {
        Level::ALL.into_iter().filter(|l| l.is_present()).collect()
    }
}

impl core::str::FromStr for Level {
    type Err = LevelError;

    /// A level of this CPU by its name.
    fn from_str(name: &str) -> Result<Level, LevelError> {
        let level = Level::ALL.into_iter().find(|l| l.name() == name);
        match level {
            Some(level) if level.is_present() => Ok(level),
            _ => Err(LevelError {
                asked: name.to_string(),
                has: Level::present(),
                known: level.is_some(),
            }),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has: Vec<_> = self.has.iter().map(|l| l.name()).collect();
        if self.known {
            write!(f, "this CPU lacks the level {}; it has {}", self.asked, has.join(", "))
        } else {
            write!(f, "{:?} is no level; this CPU has {}", self.asked, has.join(", "))
        }
    }
}

impl std::error::Error for LevelError {}
