//! Memory for machine code, which is never writable where it is executable.
//!
//! Bytes are written to a file that exists in memory alone, and that file is mapped, readable and executable,
//! at one address. There is no mapping through which they could be written, then or later.
//!
//! System calls take longer than making a short function does, so several functions share a file. It belongs
//! to one thread of one process, which appends to it, and never writes twice in the same place: a child
//! process has what was there when it was born, and begins a file of its own.

use std::{cell::RefCell, ffi::c_int, io, ptr::NonNull, sync::Arc};

/// Bytes of a file that is shared.
const SHARED: usize = 1 << 16;
/// Functions longer than this have a file of their own.
const LONG: usize = SHARED / 8;
/// Functions begin at multiples of this.
const LINE: usize = 64;

/// Machine code, at an address.
#[derive(Debug)]
pub struct Executable {
    at: NonNull<u8>,
    bytes: usize,
    /// What it stands in.
    _pages: Arc<Pages>,
}

// SAFETY: the bytes are there as long as `_pages` is, and never written again.
unsafe impl Send for Executable {}
// SAFETY: as above.
unsafe impl Sync for Executable {}

/// A file in memory, mapped.
#[derive(Debug)]
struct Pages {
    at: NonNull<u8>,
    bytes: usize,
}

// SAFETY: an address and a length, of a mapping that is not written through.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping that `File::new` made, which nobody reads any more.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.bytes) };
    }
}

/// A file that is appended to.
struct File {
    number: c_int,
    /// The process that it belongs to.
    owner: u32,
    used: usize,
    pages: Arc<Pages>,
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else has it.
        unsafe { libc::close(self.number) };
    }
}

impl File {
    fn new(bytes: usize) -> io::Result<File> {
        // SAFETY: the name is a string.
        let number = unsafe { libc::memfd_create(c"lanefn".as_ptr(), libc::MFD_CLOEXEC) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        let (allowed, shared) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_SHARED);
        // SAFETY: a new mapping, which replaces none. What is past the end of the file is not looked at
        // before it has been written.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, allowed, shared, number, 0) };
        let mapped = if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) };
        let Some(at) = mapped else {
            let error = io::Error::last_os_error();
            // SAFETY: it was opened above.
            unsafe { libc::close(number) };
            return Err(error);
        };
        let pages = Arc::new(Pages { at, bytes });
        Ok(File { number, owner: std::process::id(), used: 0, pages })
    }

    /// Appends code, for which there is room.
    fn append(&mut self, code: &[u8]) -> io::Result<Executable> {
        let mut done = 0;
        while done < code.len() {
            let left = &code[done..];
            let to = (self.used + done) as libc::off_t;
            // SAFETY: `left` is valid for reading.
            let n = unsafe { libc::pwrite(self.number, left.as_ptr().cast(), left.len(), to) };
            match usize::try_from(n) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
        // SAFETY: inside the mapping: the caller looked for room.
        let at = unsafe { self.pages.at.add(self.used) };
        self.used = (self.used + code.len()).next_multiple_of(LINE);
        Ok(Executable { at, bytes: code.len(), _pages: self.pages.clone() })
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.owner == std::process::id() && self.used + bytes <= self.pages.bytes
    }
}

thread_local! {
    static FILE: RefCell<Option<File>> = const { RefCell::new(None) };
}

impl Executable {
    /// These bytes, executable.
    ///
    /// # Errors
    /// What the system says to it.
    pub fn new(code: &[u8]) -> io::Result<Executable> {
        if code.len() > LONG {
            return File::new(code.len())?.append(code);
        }
        let shared = FILE.try_with(|file| {
            let mut file = file.try_borrow_mut().ok()?;
            if !file.as_ref().is_some_and(|f| f.has_room(code.len())) {
                *file = match File::new(SHARED) {
                    Ok(new) => Some(new),
                    Err(error) => return Some(Err(error)),
                };
            }
            Some(file.as_mut()?.append(code))
        });
        match shared {
            Ok(Some(done)) => done,
            // The thread is about to end.
            _ => File::new(code.len())?.append(code),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped, readable and written for as long as `self` is there, and never written again.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.bytes) }
    }
}
