//! Output files that appear whole or not at all.
//!
//! Each is written beside its target under a temporary name, with its room on the disk taken before
//! anything is computed, and gets its name only when everything is written and synced. It is
//! written with ordinary positioned writes and not through a map: a full disk is then an error of one
//! call, also on file systems that can't promise room, and never a signal.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsFd,
        unix::fs::{FileExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use lanefn::{Error, Result};
use rustix::{
    fs::{CWD, FallocateFlags, RenameFlags},
    io::Errno,
};
use tempfile::TempPath;

use crate::{npy::Header, stop::Listed};

/// How much is written before the system is told to bring it to the disk, so that the disk works all
/// the time and little is left to wait for at the end.
const FLUSH: u64 = 32 << 20;

/// A file that is being written and has no name yet.
pub struct Output {
    /// As given on the command line.
    path: PathBuf,
    /// Where it will stand: `path` with symbolic links followed.
    target: PathBuf,
    replace: bool,
    header: Header,
    file: File,
    temp: TempPath,
    listed: Option<Listed>,
    unflushed: (u64, u64),
}

impl Output {
    /// Begins a file for `path`, writes the header and takes room for the elements. Without `force`,
    /// a path that exists is an error.
    pub fn create(path: &Path, header: Header, force: bool) -> Result<Output> {
        let fail = |what: String, source: Option<io::Error>| Error::File {
            path: path.to_owned(),
            offset: None,
            what,
            source,
        };
        let exists = exists(path);
        let mut mode = None;
        let mut target = path.to_owned();
        if exists && !force {
            return Err(clobber(path));
        }
        if exists {
            target = fs::canonicalize(path)
                .map_err(|e| fail("leads nowhere, so it can't be replaced".to_string(), Some(e)))?;
            let about = fs::metadata(&target)
                .map_err(|e| fail("can't be looked at".to_string(), Some(e)))?;
            if !about.is_file() {
                return Err(fail("is not a regular file, so it is not replaced".to_string(), None));
            }
            mode = Some(about.permissions());
        }
        if target.file_name().is_none() {
            return Err(fail("is not the name of a file".to_string(), None));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temp = tempfile::Builder::new()
            .prefix(".lanefn-")
            .suffix(".tmp")
            .permissions(mode.clone().unwrap_or_else(|| Permissions::from_mode(0o666)))
            .tempfile_in(folder)
            .map_err(|e| {
                fail(format!("no file can be made in the folder {}", folder.display()), Some(e))
            })?;
        let (file, temp) = temp.into_parts();
        let listed = Listed::new(&temp);
        if let Some(mode) = mode {
            // The replaced file's mode, whatever the umask says. Not worth failing for.
            let _ = file.set_permissions(mode);
        }
        let output = Output {
            path: path.to_owned(),
            target,
            replace: exists,
            header,
            file,
            temp,
            listed,
            unflushed: (0, 0),
        };
        output.reserve()?;
        let bytes = output.header.to_bytes();
        output.file.write_all_at(&bytes, 0).map_err(|e| output.failed(0, e))?;
        Ok(output)
    }

    /// Its name, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it will hold.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether both would get the same name.
    pub fn is_same(&self, other: &Output) -> bool {
        let place = |o: &Output| {
            let folder = fs::canonicalize(o.temp.parent().unwrap_or(Path::new("."))).ok();
            (folder, o.target.file_name().map(ToOwned::to_owned))
        };
        place(self) == place(other)
    }

    /// The bytes of the whole file.
    fn len(&self) -> u64 {
        self.header.data + self.header.bytes()
    }

    fn reserve(&self) -> Result<()> {
        loop {
            match rustix::fs::fallocate(self.file.as_fd(), FallocateFlags::empty(), 0, self.len()) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) if crate::stop::asked().is_none() => {}
                // Interrupted for good: the next step sees it. Not supported here: a full disk will
                // be an error of the write that meets it.
                Err(Errno::INTR | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
                Err(e) => return Err(self.failed(0, e.into())),
            }
        }
    }

    fn failed(&self, offset: u64, e: io::Error) -> Error {
        let needs = format!("the output takes {} bytes", self.len());
        let what = match e.raw_os_error() {
            Some(libc::ENOSPC) => format!("the disk is full: {needs}"),
            Some(libc::EDQUOT) => format!("the disk quota is used up: {needs}"),
            Some(libc::EFBIG) => format!("too large for this file system or its limits: {needs}"),
            _ => "can't be written".to_string(),
        };
        Error::File { path: self.path.clone(), offset: Some(offset), what, source: Some(e) }
    }

    /// Writes elements, `from` bytes after the first.
    pub fn write(&mut self, from: u64, bytes: &[u8]) -> Result<()> {
        let at = self.header.data + from;
        self.file.write_all_at(bytes, at).map_err(|e| self.failed(at, e))?;
        let (start, end) = self.unflushed;
        self.unflushed = if at == end {
            (start, at + bytes.len() as u64)
        } else {
            (at, at + bytes.len() as u64)
        };
        let (start, end) = self.unflushed;
        if end - start >= FLUSH {
            #[cfg(target_os = "linux")]
            {
                use std::os::fd::AsRawFd;
                // SAFETY: the descriptor is open, and this call touches no memory. Only advice: its
                // errors come back from the sync at the end.
                unsafe {
                    libc::sync_file_range(
                        self.file.as_raw_fd(),
                        start as libc::off64_t,
                        (end - start) as libc::off64_t,
                        libc::SYNC_FILE_RANGE_WRITE,
                    )
                };
            }
            self.unflushed = (end, end);
        }
        Ok(())
    }

    /// Brings everything to the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|e| self.failed(0, e))
    }
}

/// Whether there is anything of this name.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// That there is something of this name.
pub fn clobber(path: &Path) -> Error {
    Error::File {
        path: path.to_owned(),
        offset: None,
        what: "exists already; --force replaces it".to_string(),
        source: None,
    }
}

/// What was done to give one output its name, so that it can be undone.
enum Placed {
    /// There was nothing before.
    New(PathBuf),
    /// The file from before stands under the temporary name.
    Exchanged(TempPath, PathBuf),
    /// The file from before is gone: the only output, or a file system that can't exchange.
    Replaced,
}

/// Gives all outputs, which are synced, their names: all of them, or, where one can't have its name,
/// none.
pub fn place(outputs: Vec<Output>) -> Result<()> {
    let several = outputs.len() > 1;
    let mut placed = Vec::new();
    let mut folders = Vec::new();
    for output in outputs {
        let path = output.path.clone();
        if let Some(folder) = output.target.parent() {
            folders.push(folder.to_owned());
        }
        match place_one(output, several) {
            Ok(done) => placed.push(done),
            Err(e) => {
                undo(placed);
                return Err(match e.kind() {
                    io::ErrorKind::AlreadyExists => clobber(&path),
                    _ => Error::File {
                        path,
                        offset: None,
                        what: "the finished file can't be given its name".to_string(),
                        source: Some(e),
                    },
                });
            }
        }
    }
    // The names too should outlast a power cut. The data are safe already, so this can't fail us.
    folders.dedup();
    for folder in folders {
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn place_one(output: Output, several: bool) -> io::Result<Placed> {
    let Output { target, replace, temp, listed, .. } = output;
    let done = if !replace {
        temp.persist_noclobber(&target).map_err(|e| e.error)?;
        Placed::New(target)
    } else {
        let exchanged = several
            && rustix::fs::renameat_with(CWD, &*temp, CWD, &target, RenameFlags::EXCHANGE).is_ok();
        if exchanged {
            Placed::Exchanged(temp, target)
        } else {
            temp.persist(&target).map_err(|e| e.error)?;
            Placed::Replaced
        }
    };
    drop(listed);
    Ok(done)
}

/// Nothing more can be done where this fails, and the error that led here is the one to tell.
fn undo(placed: Vec<Placed>) {
    for done in placed.into_iter().rev() {
        match done {
            Placed::New(target) => {
                let _ = fs::remove_file(target);
            }
            Placed::Exchanged(temp, target) => {
                let _ = rustix::fs::renameat_with(CWD, &*temp, CWD, &target, RenameFlags::EXCHANGE);
            }
            Placed::Replaced => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lanefn::kernels::lanes::Dtype;

    use super::*;
    use crate::npy::Order;

    fn begin(path: &Path, force: bool) -> Output {
        let mut output = Output::create(path, Header::new(Dtype::U8, Order::C, &[3]), force)
            .expect("an output can be begun");
        output.write(0, b"new").expect("written");
        output
    }

    fn ends_with(path: &Path, data: &[u8]) -> bool {
        fs::read(path).expect("it is there").ends_with(data)
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).expect("readable").count()
    }

    #[test]
    fn several_outputs_appear_together() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [a, b] = ["a.npy", "b.npy"].map(|name| folder.path().join(name));
        fs::write(&a, "old").expect("written");
        place(vec![begin(&a, true), begin(&b, false)]).expect("both can be placed");
        assert!(ends_with(&a, b"new") && ends_with(&b, b"new"));
        assert_eq!(count(folder.path()), 2);
    }

    #[test]
    fn of_several_outputs_none_appears_when_one_cannot() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [a, b, c] = ["a.npy", "b.npy", "c.npy"].map(|name| folder.path().join(name));
        fs::write(&a, "old").expect("written");
        let outputs = vec![begin(&a, true), begin(&b, false), begin(&c, false)];
        fs::write(&c, "somebody's").expect("written");
        let error = place(outputs).expect_err("c.npy was clobbered");
        assert!(error.to_string().contains("c.npy: exists already"), "{error}");
        assert!(ends_with(&a, b"old") && ends_with(&c, b"somebody's") && !b.exists());
        assert_eq!(count(folder.path()), 2);
    }

    #[test]
    fn an_output_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        drop(begin(&folder.path().join("a.npy"), false));
        assert_eq!(count(folder.path()), 0);
    }

    #[test]
    fn one_file_by_two_names_is_seen() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let one = begin(&folder.path().join("a.npy"), false);
        let two = begin(&folder.path().join("./a.npy"), false);
        let other = begin(&folder.path().join("b.npy"), false);
        assert!(one.is_same(&two) && !one.is_same(&other));
    }
}
