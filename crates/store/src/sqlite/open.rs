//! Everything that is checked before a store is served from.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{Durability, SqliteSettings, heads::Heads, load, schema};
use crate::{Cause, StoreError};

/// Held locked while a store uses the directory; holds the owner's process id.
const LOCK_FILE: &str = "rialto.lock";

/// How long to wait for another program's lock on the database, such as a backup's.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);

/// Larger pages hold more of a payload together; smaller ones write less for each small change.
/// Measured from 4 to 16 KiB: 4 KiB commits small pages half again as fast, large ones alike.
const PAGE_BYTES: u32 = 4096;

/// Write-ahead log pages after which a commit moves them into the database.
///
/// Measured with 50 pages of 15 kB a commit: the larger, the fewer and longer the pauses. 4 MiB
/// gave 1.5 M messages/s and 11 ms at the 99th percentile of commits, 16 MiB 2.2 M and 15 ms.
const CHECKPOINT_PAGES: u32 = 2048;

/// What the write-ahead log keeps of its size after an exceptional growth.
const WRITE_AHEAD_LOG_BYTES: u32 = 64 << 20;

/// What SQLite may keep in memory of the database, in KiB.
const CACHE_KIB: i32 = 32 << 10;

/// One for each of the store's statements, so that none is ever prepared twice.
const STATEMENTS_CACHED: usize = 32;

/// Keeps other stores out of a directory, until it is dropped or the process dies.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    file: File,
}

/// Makes the directory if need be and locks it against other stores.
pub(super) fn claim_directory(directory: &Path) -> Result<DirectoryLock, StoreError> {
    make_directory(directory)
        .map_err(|error| StoreError::new("making the directory", Some(directory), error.into()))?;
    let path = directory.join(LOCK_FILE);
    lock(&path).map_err(|cause| StoreError::new("locking", Some(&path), cause))
}

/// Opens the database, refuses it if it is not sound, and brings its tables up to date.
pub(super) fn database(
    path: &Path,
    settings: &SqliteSettings,
) -> Result<(Connection, Heads), Cause> {
    let bytes = touch(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    schema::check_owner(&connection, schema::MIGRATIONS)?;
    check_content(&connection, bytes, settings.check_bytes_max)?;
    configure(&connection, settings)?;
    schema::migrate(&mut connection, schema::MIGRATIONS)?;
    // Only now, else a store at its limit could not be opened by a release with new tables.
    if let Some(bytes_max) = settings.bytes_max {
        limit_size(&connection, bytes_max)?;
    }
    let heads = load::heads(&connection)?;
    // Best effort: what the file has room for now need not be found room for when the disk is full.
    if let Err(cause) = checkpoint(&connection) {
        tracing::debug!(%cause, "no checkpoint at start");
    }
    Ok((connection, heads))
}

/// Moves the write-ahead log's content into the database and empties it.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Cause> {
    Ok(connection.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// Makes the directory, closed to other users, with those above it that are missing.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    // Else a loss of power could take back the directory, and the store with it.
    missing.iter().filter_map(|path| path.parent()).try_for_each(sync_directory)
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be opened for that.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

fn lock(path: &Path) -> Result<DirectoryLock, Cause> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(DirectoryLock { file })
        }
        Err(TryLockError::WouldBlock) => Err(Cause::InUse { process: owner(&mut file) }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing alone would not do while a child that this process just forked shares the file.
        let _ = self.file.unlock();
    }
}

/// Reads the process id out of another store's lock file, if it has come to write it.
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Makes the database file if it is missing, and returns its size.
///
/// SQLite would say "unable to open database file" where the system knows the reason.
fn touch(path: &Path) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.metadata()?.len())
}

/// Has SQLite look for damage.
fn check_content(connection: &Connection, bytes: u64, bytes_max: u64) -> Result<(), Cause> {
    if bytes_max < bytes {
        tracing::info!(bytes, bytes_max, "store not checked for damage: larger than the limit");
        return Ok(());
    }
    let found: String = connection.query_one("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // SQLite says where on a line of its own; our texts are one line.
    if found == "ok" { Ok(()) } else { Err(Cause::Damaged(found.replace('\n', " "))) }
}

fn configure(connection: &Connection, settings: &SqliteSettings) -> Result<(), Cause> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection.pragma_update(None, "page_size", PAGE_BYTES)?; // Of new files only.
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Cause::NoWriteAheadLog(mode));
    }
    let synchronous = match settings.durability {
        Durability::Fsync => "full",
        Durability::Os => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // Elsewhere than on macOS, where fsync alone does not reach the disk, this has no effect.
    connection.pragma_update(None, "fullfsync", settings.durability == Durability::Fsync)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", WRITE_AHEAD_LOG_BYTES)?;
    Ok(())
}

fn limit_size(connection: &Connection, bytes_max: u64) -> Result<(), Cause> {
    let page_bytes: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages_max = (bytes_max / page_bytes).clamp(1, u64::from(u32::MAX - 1));
    connection.pragma_update(None, "max_page_count", pages_max)?;
    Ok(())
}
