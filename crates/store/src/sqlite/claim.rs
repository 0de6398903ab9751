//! Keeps a directory for one store.
//!
//! The directory itself is locked, since a lock on a file ends where the file is removed: another
//! process would lock the one it makes in its place. The lock file is locked besides: it names
//! the owner, earlier releases ask it, and some systems cannot lock a directory.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
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
