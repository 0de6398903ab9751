//! Copies a store while it is in use.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{self, Path, PathBuf},
};

use rusqlite::Connection;

use super::{
    check,
    claim::{self, DirectoryLock},
    settings::{DATABASE_FILE, Durability},
    verdict,
};
use crate::{Cause, Report, StoreError};

/// Copies the store in `directory` into the new file `target`, as of one moment, whether or not a
/// broker uses it, and reads the copy through: what the report finds is damaged in the store too.
///
/// The copy is a database that [`check`](super::check()) reads and that becomes a store as `rialto.db`
/// in a directory of its own.
///
/// # Errors
/// When there is no store, `target` is there already ([`Cause::Exists`]), the disk has no room for the
/// copy ([`Cause::NoRoomForCopy`], before anything is written), or SQLite cannot read a part of the store
/// ([`Cause::Damaged`]). No file is left then.
///
/// # Cost
/// Reads the store once and the copy twice. The store is not locked meanwhile: its write-ahead log
/// grows by what is written until it is copied.
pub fn backup(directory: &Path, target: &Path) -> Result<Report, StoreError> {
    let absolute = |path: &Path| {
        path::absolute(path)
            .map_err(|error| StoreError::new("backing up", Some(path), error.into()))
    };
    let (directory, target) = (absolute(directory)?, absolute(target)?);
    check::require_database(&directory)?;
    // A store that nobody uses is kept so, and its log is looked at as a broker would.
    let _lock = claim_if_free(&directory)?;
    copy(&directory.join(DATABASE_FILE), &target)
        .map_err(|cause| StoreError::new("backing up to", Some(&target), cause))
}

fn claim_if_free(directory: &Path) -> Result<Option<DirectoryLock>, StoreError> {
    match claim::lock_directory(directory) {
        Ok(lock) => {
            verdict::check_log(directory, Durability::Fsync)
                .map_err(|cause| StoreError::new("backing up", Some(directory), cause))?;
            Ok(Some(lock))
        }
        Err(error) if matches!(*error.cause, Cause::InUse { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn copy(database: &Path, target: &Path) -> Result<Report, Cause> {
    if target.exists() {
        return Err(Cause::Exists(target.to_path_buf()));
    }
    let connection = check::open_to_read(database)?;
    require_room(&connection, target)?;
    let partial = Partial::make(target)?;
    let path = partial.path.to_str().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the name of the file is not UTF-8")
    })?;
    connection.execute("VACUUM INTO ?1", [path])?;
    drop(connection);
    File::open(&partial.path)?.sync_all()?;
    let report = check::check_database(&partial.path)?;
    partial.keep(target)?;
    Ok(report)
}

/// Refuses a copy that would fill the disk, which the store may need for itself.
fn require_room(connection: &Connection, target: &Path) -> Result<(), Cause> {
    let number = |name: &str| -> Result<u64, Cause> {
        Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
    };
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    let needed = pages * number("page_size")?;
    let room = room_beside(target)?;
    if room < needed { Err(Cause::NoRoomForCopy { needed, room }) } else { Ok(()) }
}

#[cfg(unix)]
fn room_beside(target: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(target.parent().unwrap_or(target))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Elsewhere it is found out by writing.
#[cfg(not(unix))]
fn room_beside(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// A copy that is not whole yet; removed unless it is kept.
struct Partial {
    path: PathBuf,
}

impl Partial {
    /// Makes an empty file beside the target, closed to other users.
    ///
    /// # Errors
    /// [`Cause::Exists`] if another copy to this target is under way, or was broken off.
    fn make(target: &Path) -> Result<Self, Cause> {
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        let path = target.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => Ok(Partial { path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Cause::Exists(path)),
            Err(error) => Err(error.into()),
        }
    }

    fn keep(self, target: &Path) -> io::Result<()> {
        // A link fails where a file has come to be there meanwhile, a rename would replace it.
        fs::hard_link(&self.path, target).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&self.path, target), // The file system has no links.
        })?;
        claim::sync_directory(target.parent().unwrap_or(target))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
