//! One process at a time changes the users' file.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Waits until nobody else changes `file`, and returns what keeps others waiting until it is
/// dropped. Where there is no directory there is nothing to lock.
///
/// The file itself cannot be locked, as each change puts another in its place.
pub(super) fn acquire(file: &Path) -> io::Result<Option<File>> {
    let mut name = file.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".lock");
    let path = file.with_file_name(name);
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    let lock = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    lock.lock()?;
    Ok(Some(lock))
}
