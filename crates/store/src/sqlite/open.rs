//! Everything that is checked before a store is served from.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    claim::LOCK_FILE,
    heads::Heads,
    identity::Identity,
    log_frames, logs,
    mark::{MARK_FILE, MarkKeeper},
    schema,
    settings::{DATABASE_FILE, Durability, SqliteSettings},
    verdict::{self, LOG_FILE},
};
use crate::Cause;

/// Complaints that SQLite is asked for; as many of single rows are too many to go on.
const COMPLAINTS_MAX: usize = 1000;

/// How long to wait for another program's lock on the database, such as a backup's.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);

/// Larger pages hold more of a payload together; smaller ones write less for each small change.
/// Measured from 4 to 16 KiB: 4 KiB commits small pages half again as fast, large ones alike.
pub(super) const PAGE_BYTES: u32 = 4096;

/// What the write-ahead log keeps of its size after an exceptional growth.
const WRITE_AHEAD_LOG_BYTES: u32 = 64 << 20;

/// What SQLite may keep in memory of the database, in KiB.
const CACHE_KIB: i32 = 32 << 10;

/// One for each of the store's statements, so that none is ever prepared twice.
const STATEMENTS_CACHED: usize = 42;

/// The name of the index of the write-ahead log, which all who use the database share.
const LOG_INDEX_FILE: &str = "rialto.db-shm";

/// A database that may be served from.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) heads: Heads,
    pub(super) mark: MarkKeeper,
    pub(super) identity: Identity,
}

/// Opens the database, refuses it if it is not sound, and brings its tables up to date.
pub(super) fn database(directory: &Path, settings: &SqliteSettings) -> Result<Opened, Cause> {
    let path = directory.join(DATABASE_FILE);
    let bytes = touch(&path)?;
    // Before SQLite, which would write over what it takes for torn.
    verdict::check_log(directory, settings.durability)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    // The log is emptied by `checkpoint` only, since its mark has to know.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    schema::check_owner(&connection, schema::MIGRATIONS)?;
    check_content(&connection, bytes, settings.check_bytes_max)?;
    let mut mark = MarkKeeper::open(directory, settings.durability)?;
    configure(&connection, settings)?;
    schema::migrate(&mut connection, schema::MIGRATIONS)?;
    // Only now, else a store at its limit could not be opened by a release with new tables.
    if let Some(bytes_max) = settings.bytes_max {
        limit_size(&connection, bytes_max)?;
    }
    let heads = logs::heads(&connection)?;
    // Best effort: what the file has room for now need not be found room for when the disk is full.
    if let Err(cause) =
        checkpoint(&connection, &verdict::log_in(directory), &mut mark, settings.durability)
    {
        tracing::debug!(%cause, "the checkpoint at start failed");
    }
    let files = [DATABASE_FILE, LOG_FILE, LOG_INDEX_FILE, MARK_FILE, LOCK_FILE];
    let identity = Identity::note(directory, &files)?;
    Ok(Opened { connection, heads, mark, identity })
}

/// Moves the write-ahead log's content into the database and empties it.
pub(super) fn checkpoint(
    connection: &Connection,
    log: &Path,
    mark: &mut MarkKeeper,
    durability: Durability,
) -> Result<(), Cause> {
    let moved: bool = connection.query_one("PRAGMA wal_checkpoint(FULL)", [], |row| {
        Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
    })?;
    // A reader may hold it up; then the log keeps what it has.
    if moved {
        mark.clear(log, durability)?;
        connection.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Moves what no reader needs in the write-ahead log any more into the database, and does not wait for
/// readers; best effort.
pub(super) fn checkpoint_passively(connection: &Connection) {
    let moved = connection.query_one("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = moved {
        tracing::debug!(%error, "the checkpoint behind a commit failed");
    }
}

/// Makes the database file if it is missing, and returns its size.
///
/// SQLite would say "unable to open database file" where the system knows the reason.
pub(super) fn touch(path: &Path) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.metadata()?.len())
}

/// Has SQLite look for damage.
fn check_content(connection: &Connection, bytes: u64, bytes_max: u64) -> Result<(), Cause> {
    if bytes_max < bytes {
        tracing::info!(
            bytes,
            bytes_max,
            "the store was not checked for damage: it is larger than the limit"
        );
        return Ok(());
    }
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({COMPLAINTS_MAX})"))?;
    let complaints =
        statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    // What rows hold is judged when they are read: those that are damaged are set aside.
    let of_the_file = complaints.iter().find(|text| *text != "ok" && !is_of_a_row(text));
    match of_the_file {
        // SQLite says where on a line of its own; our texts are one line.
        Some(found) => Err(Cause::Damaged(found.replace('\n', " "))),
        None if complaints.len() < COMPLAINTS_MAX => Ok(()),
        None => Err(Cause::Damaged(format!("{COMPLAINTS_MAX} rows at least"))),
    }
}

/// Says whether SQLite complains of what a row holds, and not of how the file hangs together.
fn is_of_a_row(complaint: &str) -> bool {
    let begins = ["CHECK constraint failed in ", "NULL value in "];
    begins.iter().any(|words| complaint.starts_with(words))
        || (complaint.starts_with("non-") && complaint.contains(" value in "))
}

/// Has SQLite look for damage, by a pragma that does.
pub(super) fn require_soundness(connection: &Connection, pragma: &str) -> Result<(), Cause> {
    let sql = format!("PRAGMA {pragma}(1)");
    let found: String = connection.query_one(&sql, [], |row| row.get(0))?;
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
    log_frames::watch(connection);
    connection.pragma_update(None, "journal_size_limit", WRITE_AHEAD_LOG_BYTES)?;
    Ok(())
}

fn limit_size(connection: &Connection, bytes_max: u64) -> Result<(), Cause> {
    let page_bytes: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages_max = (bytes_max / page_bytes).clamp(1, u64::from(u32::MAX - 1));
    connection.pragma_update(None, "max_page_count", pages_max)?;
    Ok(())
}
