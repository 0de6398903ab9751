//! Keeps a directory for one store, and notices when it or a file of it is no longer the one.
//!
//! The directory itself is locked, since a lock on a file ends where the file is removed: another
//! process would lock the one it makes in its place. The lock file is locked besides: it names
//! the owner, earlier releases ask it, and some systems cannot lock a directory.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{Cause, StoreError};

/// Held locked while a store uses the directory; holds the owner's process id.
pub(super) const LOCK_FILE: &str = "rialto.lock";

/// Keeps other stores out of a directory, until it is dropped or the process dies.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    file: File,
    /// `None` where directories cannot be locked.
    directory: Option<File>,
}

/// Makes the directory if need be and locks it against other stores.
pub(super) fn claim_directory(directory: &Path) -> Result<DirectoryLock, StoreError> {
    make_directory(directory)
        .map_err(|error| StoreError::new("making the directory", Some(directory), error.into()))?;
    lock_directory(directory)
}

/// Locks a directory that is there against stores.
pub(super) fn lock_directory(directory: &Path) -> Result<DirectoryLock, StoreError> {
    let path = directory.join(LOCK_FILE);
    lock(directory, &path).map_err(|cause| StoreError::new("locking", Some(&path), cause))
}

/// Makes the directory, closed to other users, with those above it that are missing.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
    make_closed_directory(directory)?;
    // Else a loss of power could take back the directory, and the store with it.
    missing.iter().filter_map(|path| path.parent()).try_for_each(sync_directory)
}

/// Makes a directory that other users cannot enter.
pub(super) fn make_closed_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes the names in a directory outlive a loss of power.
#[cfg(unix)]
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be opened for that.
#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

fn lock(directory: &Path, path: &Path) -> Result<DirectoryLock, Cause> {
    let directory = try_lock_directory(directory, path)?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(DirectoryLock { file, directory })
        }
        Err(TryLockError::WouldBlock) => Err(Cause::InUse { process: owner(&mut file) }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(unix)]
fn try_lock_directory(directory: &Path, path: &Path) -> Result<Option<File>, Cause> {
    let opened = File::open(directory)?;
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => {
            let process = File::open(path).ok().and_then(|mut file| owner(&mut file));
            Err(Cause::InUse { process })
        }
        Err(TryLockError::Error(error)) => {
            tracing::debug!(%error, "this file system cannot lock a directory, only files");
            Ok(None)
        }
    }
}

#[cfg(not(unix))]
fn try_lock_directory(_: &Path, _: &Path) -> Result<Option<File>, Cause> {
    Ok(None)
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing alone would not do while a child that this process just forked shares the files.
        for locked in [Some(&self.file), self.directory.as_ref()].into_iter().flatten() {
            let _ = locked.unlock();
        }
    }
}

/// Reads the process id out of another store's lock file, if it has come to write it.
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// What a store's directory and files were when it was opened.
#[derive(Debug)]
pub(super) struct Identity {
    known: Vec<(PathBuf, Node)>,
}

/// What tells a file from another one that has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Notes what the directory and these files in it are now.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(super) fn note(directory: &Path, files: &[&str]) -> io::Result<Self> {
        let paths = files.iter().map(|file| directory.join(file));
        let known = std::iter::once(directory.to_path_buf())
            .chain(paths)
            .map(|path| Ok((path.clone(), node_of(&path)?)))
            .collect::<io::Result<_>>()?;
        Ok(Identity { known })
    }

    /// Checks that all of them are there and are the same still.
    ///
    /// # Errors
    /// [`Cause::Lost`] names the first that is not.
    ///
    /// # Cost
    /// A system call for each, which reads no disk: 5 µs for six of them.
    pub(super) fn check(&self) -> Result<(), Cause> {
        for (path, known) in &self.known {
            match node_of(path) {
                Ok(found) if found == *known => {}
                Ok(_) => return Err(Cause::Lost { path: path.clone(), how: "replaced" }),
                Err(error) if is_absence(&error) => {
                    return Err(Cause::Lost { path: path.clone(), how: "removed" });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn node_of(path: &Path) -> io::Result<Node> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path)?;
    Ok(Node { device: found.dev(), inode: found.ino() })
}

/// Elsewhere a file in use can be neither removed nor replaced.
#[cfg(not(unix))]
fn node_of(path: &Path) -> io::Result<Node> {
    fs::metadata(path).map(|_| Node { device: 0, inode: 0 })
}
