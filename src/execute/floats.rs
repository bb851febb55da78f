//! The floating-point environment that tasks run in.
//!
//! Flushing of subnormals and the direction of rounding are set thread by thread (a library built
//! with `-ffast-math` sets the first on the thread that loads it), and a new thread takes them from
//! the one that started it. So one call could compute with different settings on different threads,
//! and its bits would depend on chance. Tasks therefore run in the IEEE default on every thread, the
//! caller's included.

/// The IEEE default (round to nearest, subnormals kept, no traps) until dropped; then what was
/// before. Exception flags are not touched. Costs a few nanoseconds if the default is set already.
pub(crate) struct IeeeDefault {
    /// What to set again, if it was not the default.
    before: Option<Control>,
}

impl IeeeDefault {
    /// The default from now on, on this thread.
    #[inline]
    pub(crate) fn enter() -> IeeeDefault {
        let now = control();
        if now == DEFAULT {
            return IeeeDefault { before: None };
        }
        set_control(DEFAULT);
        IeeeDefault { before: Some(now) }
    }
}

impl Drop for IeeeDefault {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before {
            set_control(before);
        }
    }
}

/// The exception flags that this thread raises from its making on; those that were set before are put
/// back at the end.
pub(crate) struct Raised(u32);

/// All but that a result was rounded, and that an operand was subnormal.
const ASKED: u32 = 4 | 8 | 16 | 1;

impl Raised {
    /// Whether they are known here.
    pub(crate) const IS_KNOWN: bool = arch::HAS_FLAGS;

    /// Clears the flags, unless none is set that anybody asks for: setting them is slow.
    #[inline]
    pub(crate) fn begin() -> Raised {
        let before = arch::flags();
        if before & ASKED != 0 {
            arch::set_flags(0);
        }
        Raised(before)
    }

    /// Division by zero, overflow, underflow, invalid.
    pub(crate) fn end(&mut self) -> (bool, bool, bool, bool) {
        let now = arch::flags();
        if self.0 & !now != 0 {
            arch::set_flags(self.0 | now);
        }
        (now & 4 != 0, now & 8 != 0, now & 16 != 0, now & 1 != 0)
    }
}

#[cfg(target_arch = "x86_64")]
mod arch {
    use std::arch::asm;

    pub(super) const HAS_FLAGS: bool = true;

    pub(super) fn flags() -> u32 {
        read() & FLAGS
    }

    pub(super) fn set_flags(flags: u32) {
        let all = (read() & !FLAGS) | flags;
        // SAFETY: as in `set_control`; only flags change.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const all, options(nostack, preserves_flags));
        }
    }

    /// MXCSR without its exception flags.
    pub(super) type Control = u32;
    pub(super) const DEFAULT: Control = 0x1F80;
    const FLAGS: u32 = 0x3F;

    #[inline]
    fn read() -> u32 {
        let mut all = 0u32;
        // SAFETY: stores the register to a local variable; SSE is part of the architecture.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) &raw mut all, options(nostack, preserves_flags));
        }
        all
    }

    #[inline]
    pub(super) fn control() -> Control {
        read() & !FLAGS
    }

    pub(super) fn set_control(control: Control) {
        let all = control | (read() & FLAGS);
        // SAFETY: loads the register with a value that it had, or its default, on this thread; code
        // that runs in between is called through a pointer and finds the environment that Rust
        // takes for granted.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const all, options(nostack, preserves_flags));
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arch {
    use std::arch::asm;

    pub(super) const HAS_FLAGS: bool = false;
    pub(super) fn flags() -> u32 {
        0
    }
    pub(super) fn set_flags(_: u32) {}

    /// FPCR; its flags are in a register of their own.
    pub(super) type Control = u64;
    pub(super) const DEFAULT: Control = 0;

    pub(super) fn control() -> Control {
        let all: u64;
        // SAFETY: reads a register that user code may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) all, options(nostack, preserves_flags)) };
        all
    }

    pub(super) fn set_control(control: Control) {
        // SAFETY: writes a value that the register had, or its default, on this thread; code that
        // runs in between finds the environment that Rust takes for granted.
        unsafe { asm!("msr fpcr, {}", in(reg) control, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod arch {
    pub(super) const HAS_FLAGS: bool = false;
    pub(super) fn flags() -> u32 {
        0
    }
    pub(super) fn set_flags(_: u32) {}

    /// Not known here; taken as the default.
    pub(super) type Control = ();
    pub(super) const DEFAULT: Control = ();

    pub(super) fn control() -> Control {}

    pub(super) fn set_control((): Control) {}
}

use arch::{Control, DEFAULT, control, set_control};
