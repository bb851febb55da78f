//! Ctrl-C and its kin: finish the block, remove what was begun, say so.

use std::{
    ffi::{CString, c_char},
    io,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
    sync::atomic::{AtomicI32, AtomicPtr, Ordering::SeqCst},
};

/// The signal that asked us to stop; 0 while none has.
static ASKED: AtomicI32 = AtomicI32::new(0);
/// The temporary files that there are, for a second signal that won't wait.
static FILES: [AtomicPtr<c_char>; 8] = [const { AtomicPtr::new(ptr::null_mut()) }; 8];

/// The signals that mean "stop": Ctrl-C, a plain kill, a terminal that went away.
const STOP: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// From here on, a signal that asks the process to stop is noted, not obeyed at once; and writing past
/// a limit on file sizes is an error, not the end.
pub fn install() -> io::Result<()> {
    for signal in STOP {
        // SAFETY: asking for the present disposition of a signal changes nothing, and a sigaction of
        // zero bytes is a valid value to overwrite.
        let ignored = unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, ptr::null(), &mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
        };
        // What the parent told us to ignore (as nohup does) stays ignored.
        if !ignored {
            // SAFETY: the action touches atomics and calls unlink and _exit, all of which a handler may.
            unsafe { signal_hook::low_level::register(signal, move || noted(signal)) }?;
        }
    }
    // SAFETY: ignoring a signal is always possible, and no other thread runs yet.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    Ok(())
}

fn noted(signal: i32) {
    if ASKED.swap(signal, SeqCst) == 0 {
        return;
    }
    for file in &FILES {
        let path = file.swap(ptr::null_mut(), SeqCst);
        if !path.is_null() {
            // SAFETY: the pointer came from CString::into_raw and was just taken out of the table, so
            // nobody frees it.
            unsafe { libc::unlink(path) };
        }
    }
    signal_hook::low_level::exit(128 + signal);
}

/// The signal that asked us to stop, if one has.
pub fn asked() -> Option<i32> {
    Some(ASKED.load(SeqCst)).filter(|&signal| signal != 0)
}

/// A temporary file that a second signal removes, for as long as this lives.
#[derive(Debug)]
pub struct Listed {
    slot: usize,
}

impl Listed {
    /// Lists a path. When the table is full (it holds more than a function's outputs), it isn't.
    pub fn new(path: &Path) -> Option<Listed> {
        let raw = CString::new(path.as_os_str().as_bytes()).ok()?.into_raw();
        for (slot, file) in FILES.iter().enumerate() {
            if file.compare_exchange(ptr::null_mut(), raw, SeqCst, SeqCst).is_ok() {
                return Some(Listed { slot });
            }
        }
        // SAFETY: `raw` came from into_raw above and was stored nowhere.
        drop(unsafe { CString::from_raw(raw) });
        None
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let raw = FILES[self.slot].swap(ptr::null_mut(), SeqCst);
        if !raw.is_null() {
            // SAFETY: it came from into_raw, and whoever takes it out of the table owns it.
            drop(unsafe { CString::from_raw(raw) });
        }
    }
}
