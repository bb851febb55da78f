//! An input file, looked at through a window of mapped memory.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use lanefn::{Error, Result, kernels::lanes::Dtype};
use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::{guard::Guarded, npy::Header};

/// At least this much is mapped at a time, so that mapping costs nothing beside reading; and at most
/// this much of a file that is read in order is in the process's memory.
const WINDOW: u64 = 32 << 20;

/// A `.npy` file that is open, and checked as far as its header goes.
pub struct Input {
    path: PathBuf,
    file: File,
    header: Header,
    window: Option<Window>,
}

struct Window {
    /// Dropped before the map that it guards.
    guard: Guarded,
    map: MmapRaw,
    from: u64,
}

impl Input {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Input> {
        let file = File::open(path).map_err(|e| Error::File {
            path: path.to_owned(),
            offset: None,
            what: "can't be opened".to_string(),
            source: Some(e),
        })?;
        let header = Header::read(path, &file)?;
        Ok(Input { path: path.to_owned(), file, header, window: None })
    }

    /// Its name, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn error(&self, offset: u64, what: &str, source: Option<io::Error>) -> Error {
        Error::File {
            path: self.path.clone(),
            offset: Some(offset),
            what: what.to_string(),
            source,
        }
    }

    /// Where the bytes `from .. from + len` of the elements lie in memory, until the next call. What
    /// was read there is to be believed only if [`Input::check`] says so afterwards.
    ///
    /// `in_order` says that calls come with rising `from`.
    pub fn map(&mut self, from: u64, len: usize, in_order: bool) -> Result<*const u8> {
        let end = from + len as u64;
        debug_assert!(end <= self.header.bytes());
        if let Some(window) = &self.window
            && window.from <= from
            && end <= window.from + window.map.len() as u64
        {
            // The window covers it; what follows can't overflow, as the window's length is a usize.
            return Ok(window.map.as_ptr().wrapping_add((from - window.from) as usize));
        }
        self.check()?;
        self.window = None;
        let in_file = self.header.data + from;
        let now =
            self.file.metadata().map_err(|e| self.error(in_file, "can't be read", Some(e)))?;
        if now.len() < self.header.data + self.header.bytes() {
            return Err(self.error(now.len(), "the file was cut short while it was read", None));
        }
        let most = self.header.bytes() - from;
        let wanted = if in_order { (len as u64).max(WINDOW.min(most)) } else { len as u64 };
        let map = MmapOptions::new()
            .offset(in_file)
            .len(wanted as usize)
            .map_raw_read_only(&self.file)
            .map_err(|e| self.error(in_file, "can't be mapped into memory", Some(e)))?;
        // Only advice; a file system that takes none is read all the same.
        let _ = map.advise(if in_order { Advice::Sequential } else { Advice::Random });
        if in_order {
            // The window after this one is asked for while this one is computed on.
            let _ = rustix::fs::fadvise(
                &self.file,
                in_file,
                std::num::NonZeroU64::new(2 * WINDOW),
                rustix::fs::Advice::WillNeed,
            );
        }
        let guard = Guarded::new(map.as_ptr(), map.len())
            .map_err(|e| self.error(in_file, "can't be mapped safely", Some(e)))?;
        let start = map.as_ptr();
        self.window = Some(Window { guard, map, from });
        Ok(start)
    }

    /// The element that lies `at` places after the first in the file, as a float; nothing if it can't
    /// be read.
    pub fn value(&self, at: usize) -> Option<f64> {
        let h = &self.header;
        let size = h.dtype.size();
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..size];
        self.file.read_exact_at(bytes, h.data + (at * size) as u64).ok()?;
        if h.swapped {
            bytes.reverse();
        }
        macro_rules! number {
            ($t:ty) => {
                <$t>::from_ne_bytes(bytes.try_into().ok()?) as f64
            };
        }
        Some(match h.dtype {
            Dtype::Bool => f64::from(u8::from(bytes[0] != 0)),
            Dtype::I8 => number!(i8),
            Dtype::I16 => number!(i16),
            Dtype::I32 => number!(i32),
            Dtype::I64 => number!(i64),
            Dtype::U8 => number!(u8),
            Dtype::U16 => number!(u16),
            Dtype::U32 => number!(u32),
            Dtype::U64 => number!(u64),
            Dtype::F32 => number!(f32),
            Dtype::F64 => number!(f64),
        })
    }

    /// Whether all that was read through the window was really there.
    pub fn check(&self) -> Result<()> {
        let Some(window) = &self.window else { return Ok(()) };
        let Some(page) = window.guard.check() else { return Ok(()) };
        // The first page may begin before the window does.
        let into = page.saturating_sub(window.map.as_ptr().addr()) as u64;
        let offset = self.header.data + window.from + into;
        match self.file.metadata() {
            Ok(now) if now.len() < self.header.data + self.header.bytes() => {
                Err(self.error(now.len(), "the file was cut short while it was read", None))
            }
            _ => Err(self.error(offset, "the system could not read this part of the file", None)),
        }
    }
}
