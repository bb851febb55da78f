//! What becomes of a mapped file that somebody cuts short while it is being read.
//!
//! Touching a mapped page that the file no longer reaches (or that its disk can't read) raises SIGBUS,
//! which ends a process. Here instead the handler puts zero pages where the missing ones were and
//! notes the address, so that the kernel that is running finishes, and whoever mapped the file then
//! asks [`Guarded::check`] and gets an ordinary error. Any other SIGBUS goes where it went before.

use std::{
    io,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

/// As many mappings as can be guarded at one time: the inputs of a function, with room.
const SLOTS: usize = 16;
/// What a slot's `start` holds when it is free.
const FREE: usize = 0;
/// What it holds while its owner writes the rest of it.
const TAKEN: usize = 1;

struct Slot {
    /// Address of the mapping's first page, or [`FREE`] or [`TAKEN`].
    start: AtomicUsize,
    /// Its length in bytes, a multiple of the page size.
    len: AtomicUsize,
    /// Address of the lowest page that was missing; 0 if none was.
    missing: AtomicUsize,
}

static TABLE: [Slot; SLOTS] = [const {
    Slot { start: AtomicUsize::new(FREE), len: AtomicUsize::new(0), missing: AtomicUsize::new(0) }
}; SLOTS];
static PAGE: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: Once = Once::new();
/// Who had SIGBUS before. Written once, before the handler is installed.
static mut BEFORE: std::mem::MaybeUninit<libc::sigaction> = std::mem::MaybeUninit::uninit();

/// A mapping under guard, for as long as this lives.
#[derive(Debug)]
pub struct Guarded {
    slot: usize,
}

impl Guarded {
    /// Guards a mapping that begins at `start` and spans `len` bytes. It must outlive the guard, and
    /// belong to nobody but its owner: missing pages of it will be replaced.
    pub fn new(start: *const u8, len: usize) -> io::Result<Guarded> {
        install()?;
        let page = PAGE.load(SeqCst);
        let first = start.addr() / page * page;
        let end = (start.addr() + len).next_multiple_of(page);
        for (i, slot) in TABLE.iter().enumerate() {
            if slot.start.compare_exchange(FREE, TAKEN, SeqCst, SeqCst).is_ok() {
                slot.missing.store(0, SeqCst);
                slot.len.store(end - first, SeqCst);
                slot.start.store(first, SeqCst);
                return Ok(Guarded { slot: i });
            }
        }
        Err(io::Error::other("too many files are mapped at once"))
    }

    /// The address of the lowest page that was found missing, if any was.
    pub fn check(&self) -> Option<usize> {
        Some(TABLE[self.slot].missing.load(SeqCst)).filter(|&at| at != 0)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        TABLE[self.slot].start.store(FREE, SeqCst);
    }
}

fn install() -> io::Result<()> {
    let mut result = Ok(());
    INSTALLED.call_once(|| {
        // SAFETY: sysconf only reads a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        PAGE.store(usize::try_from(page).unwrap_or(4096), SeqCst);
        // SAFETY: a sigaction of zero bytes is a valid value (it is plain data, and SIG_DFL is 0).
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        // SAFETY: both pointers are to live values of the right type; BEFORE is written here alone,
        // under the Once, and read by the handler, which can't run before this call returns. The
        // handler itself only does what a handler may.
        let done = unsafe {
            libc::sigaction(libc::SIGBUS, &action, (&raw mut BEFORE).cast::<libc::sigaction>())
        };
        if done != 0 {
            result = Err(io::Error::last_os_error());
        }
    });
    result
}

/// Loads and stores of atomics, mmap and sigaction, all of them system calls or single instructions:
/// safe in a handler. `errno` is put back.
extern "C" fn handler(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: with SA_SIGINFO the system passes a valid siginfo, and for SIGBUS its address is set.
    let address = unsafe { (*info).si_addr() }.addr();
    let page = PAGE.load(SeqCst);
    for slot in &TABLE {
        let (start, len) = (slot.start.load(SeqCst), slot.len.load(SeqCst));
        if start <= TAKEN || address < start || address >= start + len {
            continue;
        }
        // What lies behind a missing page is missing too, when a file was cut short. When a page
        // could not be read, zeros behind it do no harm: the whole result is thrown away.
        let from = address / page * page;
        // SAFETY: errno is the thread's own.
        let errno = unsafe { *libc::__errno_location() };
        // SAFETY: the pages [from, start + len) belong to the guarded mapping, which lives as long
        // as its slot is taken, and whose owner agreed to have missing pages replaced. They are
        // page-aligned because `from`, `start` and `len` are.
        let mapped = unsafe {
            libc::mmap(
                std::ptr::with_exposed_provenance_mut(from),
                start + len - from,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = errno };
        if mapped == libc::MAP_FAILED {
            break;
        }
        let mut lowest = slot.missing.load(SeqCst);
        while (lowest == 0 || from < lowest)
            && let Err(now) = slot.missing.compare_exchange(lowest, from, SeqCst, SeqCst)
        {
            lowest = now;
        }
        return;
    }
    // Not ours: back to who had it before; the instruction runs again and raises it there.
    // SAFETY: BEFORE was filled by the sigaction call that installed this handler.
    unsafe {
        libc::sigaction(
            libc::SIGBUS,
            (&raw const BEFORE).cast::<libc::sigaction>(),
            std::ptr::null_mut(),
        );
    }
}
