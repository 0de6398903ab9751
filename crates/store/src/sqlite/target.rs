//! Takes in what another store holds.
//!
//! The file is marked as the copy that it is, in place of as a store, so that neither this release nor an earlier one
//! serves from it before it is whole. It has no write-ahead log meanwhile: as with a backup, the first broker makes one.

use std::path::{self, Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::{
    check,
    claim::{self, DirectoryLock},
    open::{self, BUSY_MAX},
    schema::{self, MIGRATIONS},
    settings::DATABASE_FILE,
    walk::SqliteWalk,
};
use crate::{Cause, Key, Part, Progress, Record, StoreError, StoreTarget, StoreWalk};

mod put;

/// A store's file on its way.
#[derive(Debug)]
pub struct SqliteTarget {
    connection: Connection,
    path: PathBuf,
    progress: Option<Progress>,
    /// Last, so that the directory is free only when the connection is closed.
    _lock: DirectoryLock,
}

impl SqliteTarget {
    /// Makes a store's file in `directory`, which is made when missing, or takes up the copy of the same `source` that was cut off
    /// there.
    ///
    /// # Errors
    /// When the directory is in use, or holds a store ([`Cause::NotEmpty`]) or another copy ([`Cause::Unfinished`]).
    pub fn open(directory: &Path, source: &str) -> Result<Self, StoreError> {
        let directory = path::absolute(directory)
            .map_err(|error| StoreError::new("copying to", Some(directory), error.into()))?;
        let lock = claim::claim_directory(&directory)?;
        let path = directory.join(DATABASE_FILE);
        let (connection, progress) = begin(&path, source)
            .map_err(|cause| StoreError::new("copying to", Some(&path), cause))?;
        claim::sync_directory(&directory)
            .map_err(|error| StoreError::new("copying to", Some(&path), error.into()))?;
        Ok(SqliteTarget { connection, path, progress, _lock: lock })
    }

    fn failed(&self, cause: Cause) -> StoreError {
        StoreError::new("copying to", Some(&self.path), cause)
    }
}

/// Makes the file, or takes it up.
fn begin(path: &Path, source: &str) -> Result<(Connection, Option<Progress>), Cause> {
    let bytes = open::touch(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_update(None, "page_size", open::PAGE_BYTES)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    match schema::check_owner(&connection, MIGRATIONS) {
        Err(Cause::Unfinished { origin: found }) if found == source => {
            schema::require_latest(&connection, MIGRATIONS)?;
            let progress = progress(&connection)?;
            return Ok((connection, progress));
        }
        Err(cause) => return Err(cause),
        Ok(()) if bytes == 0 => {}
        Ok(()) => return Err(Cause::NotEmpty),
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::make_copy(&transaction, MIGRATIONS)?;
    let sql = "INSERT INTO copy (row, source) VALUES (1, ?1)";
    transaction.execute(sql, [source])?;
    transaction.commit()?;
    Ok((connection, None))
}

/// Returns how far the copy has come; `None` if nothing was copied.
fn progress(connection: &Connection) -> Result<Option<Progress>, Cause> {
    let sql = "SELECT part, name, first, second, third FROM copy WHERE part IS NOT NULL";
    let row = connection.query_one(sql, [], |row| {
        let numbers = [row.get(2)?, row.get(3)?, row.get(4)?];
        Ok((row.get::<_, String>(0)?, Key { name: row.get(1)?, numbers }))
    });
    let Some((name, key)) = row.optional()? else { return Ok(None) };
    let part = Part::ALL.into_iter().find(|part| part.name() == name);
    let part = part.ok_or_else(|| Cause::Damaged(format!("it copies {name:?}")))?;
    Ok(Some(Progress { part, after: Some(key) }))
}

impl StoreTarget for SqliteTarget {
    fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    fn put(&mut self, records: &[Record], progress: &Progress) -> Result<(), StoreError> {
        put_all(&mut self.connection, records, progress).map_err(|cause| self.failed(cause))?;
        self.progress = Some(progress.clone());
        Ok(())
    }

    fn walk(&mut self) -> Result<Box<dyn StoreWalk>, StoreError> {
        let connection = check::open_to_read(&self.path);
        let walk = connection.and_then(|connection| SqliteWalk::over(connection, &self.path, None));
        Ok(Box::new(walk.map_err(|cause| self.failed(cause))?))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        finish(&mut self.connection).map_err(|cause| self.failed(cause))
    }
}

fn finish(connection: &mut Connection) -> Result<(), Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::make_store(&transaction)?;
    Ok(transaction.commit()?)
}

fn put_all(
    connection: &mut Connection,
    records: &[Record],
    progress: &Progress,
) -> Result<(), Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    records.iter().try_for_each(|record| put::put(&transaction, record))?;
    let key = progress.after.clone().unwrap_or_default();
    let [first, second, third] = key.numbers;
    transaction.execute(
        "UPDATE copy SET part = ?1, name = ?2, first = ?3, second = ?4, third = ?5",
        params![progress.part.name(), key.name, first, second, third],
    )?;
    Ok(transaction.commit()?)
}
