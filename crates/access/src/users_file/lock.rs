//! One process at a time changes the users' file.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::atomic_file::{PRIVATE, beside, real_path};

/// Waits until nobody else changes `file`, and returns what keeps others waiting until it is
/// dropped. Where there is no directory there is nothing to lock.
///
/// The file itself cannot be locked, as each change puts another in its place.
pub(super) fn acquire(file: &Path) -> io::Result<Option<File>> {
    // Whatever link leads to the file, there is one lock for it.
    let path = beside(&real_path(file)?, ".lock");
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(false).mode(PRIVATE).open(path);
    let lock = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    lock.lock()?;
    Ok(Some(lock))
}
