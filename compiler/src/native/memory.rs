//! Memory for machine code, which is never writable where it is executable.
//!
//! The bytes are written to a file that exists in memory alone, and that file is mapped, readable and
//! executable, at one address. There is no mapping through which they could be written, then or later.

use std::{ffi::c_int, io, ptr::NonNull};

/// Pages with code.
#[derive(Debug)]
pub struct Executable {
    at: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the pages are never written.
unsafe impl Send for Executable {}
// SAFETY: as above.
unsafe impl Sync for Executable {}

/// A file that is closed when it goes.
struct File(c_int);

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else has it.
        unsafe { libc::close(self.0) };
    }
}

impl Executable {
    /// Pages with these bytes.
    ///
    /// # Errors
    /// What the system says to it.
    pub fn new(code: &[u8]) -> io::Result<Executable> {
        // SAFETY: the name is a string.
        let file = unsafe { libc::memfd_create(c"lanefn".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(io::Error::last_os_error());
        }
        let file = File(file);
        let mut done = 0;
        while done < code.len() {
            let left = &code[done..];
            // SAFETY: `left` is valid for reading.
            let n = unsafe { libc::write(file.0, left.as_ptr().cast(), left.len()) };
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
        let (allowed, shared) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_SHARED);
        // SAFETY: a new mapping, which replaces none.
        let at =
            unsafe { libc::mmap(std::ptr::null_mut(), code.len(), allowed, shared, file.0, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        match NonNull::new(at.cast()) {
            Some(at) => Ok(Executable { at, bytes: code.len() }),
            None => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped and readable for as long as `self` is there, and never written.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.bytes) }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, which nobody reads any more.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.bytes) };
    }
}
