//! Reads pages on a connection of its own, while the writer commits.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rialto_domain::{
    ClientId, ClientState, LogEntry, LogId, Payloads, Sequence, StoredClient, StoredId, StoredPage,
};
use rusqlite::{Connection, Error as SqliteError, OpenFlags, Row, params};

use super::{clients, damage::Unreadable, open::BUSY_MAX};
use crate::{Cause, FailureKind, StoreError, StoreReader};

/// What an entry counts besides its payloads, so that a read of many damaged pages ends as well.
const ENTRY_BYTES: usize = 4096;

/// Reads logs; each call is one short read transaction, so that checkpoints are not held up.
pub(super) struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

impl SqliteReader {
    /// Opens a reader on the store's database, which must be open already.
    pub(super) fn open(path: &Path) -> Result<Self, Cause> {
        Ok(SqliteReader { connection: Self::connect(path)?, path: path.to_path_buf() })
    }

    /// Opens a connection that only reads.
    pub(super) fn connect(path: &Path) -> Result<Connection, Cause> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_MAX)?;
        Ok(connection)
    }

    /// Finds the places in the index first: so a part of the table that cannot be read hides no page
    /// behind it.
    fn entries(
        &self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, Cause> {
        // Without a row in log the lower bound is NULL, and nothing is above that.
        let mut places = self.connection.prepare_cached(
            "SELECT id, last FROM page
             WHERE log = ?1 AND last >= max(?2, (SELECT trimmed + 1 FROM log WHERE id = ?1))
             ORDER BY last",
        )?;
        let from = i64::try_from(from).unwrap_or(i64::MAX); // No message is beyond that.
        let mut rows = places.query(params![log.0, from])?;
        let mut entries = Vec::new();
        let (mut bytes, mut damaged_bytes, mut before) = (0, 0, 0);
        while bytes <= bytes_max && damaged_bytes <= bytes_max {
            let (id, last) = match rows.next().and_then(|row| row.map(place).transpose()) {
                Ok(None) => break,
                Ok(Some(place)) => place,
                // The next read begins here, and says so.
                Err(_) if !entries.is_empty() => break,
                Err(error) => return Err(error.into()),
            };
            match page(&self.connection, id, log, before..last) {
                Ok(page) => {
                    bytes += page.payloads.as_bytes().len();
                    entries.push(LogEntry::Page(page));
                }
                Err(Unreadable::File(cause)) if cause.kind() != FailureKind::Corrupt => {
                    return if entries.is_empty() { Err(cause) } else { Ok(entries) };
                }
                Err(_) => {
                    damaged_bytes += ENTRY_BYTES;
                    let before = if before == 0 { self.end_before(log, last) } else { before };
                    entries.push(LogEntry::Damaged { first: before + 1, last });
                }
            }
            before = last;
        }
        Ok(entries)
    }

    /// Returns where the page before one ends, or what was trimmed; if that cannot be told, the page
    /// counts for one message.
    fn end_before(&self, log: LogId, last: Sequence) -> Sequence {
        let sql = "SELECT max(trimmed, coalesce(
                       (SELECT max(last) FROM page WHERE log = ?1 AND last < ?2), 0))
                   FROM log WHERE id = ?1";
        let end = self.connection.query_one(sql, params![log.0, last], |row| row.get(0));
        end.unwrap_or(last - 1).min(last - 1)
    }
}

impl StoreReader for SqliteReader {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let read = self.entries(log, from, bytes_max);
        let is_sound = read.as_ref().map_or_else(
            |cause| cause.kind() != FailureKind::Corrupt,
            |entries| entries.iter().all(|entry| matches!(entry, LogEntry::Page(_))),
        );
        if is_sound {
            return read.map_err(|cause| self.reading(cause));
        }
        // What looks damaged is read once more, from the file instead of what a connection keeps of it.
        let again = SqliteReader::open(&self.path).and_then(|fresh| {
            *self = fresh;
            self.entries(log, from, bytes_max)
        });
        again.map_err(|cause| self.reading(cause))
    }

    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError> {
        clients::read(&self.connection, id).map_err(|cause| self.reading(cause))
    }

    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError> {
        clients::list(&self.connection, after, count_max).map_err(|cause| self.reading(cause))
    }

    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError> {
        clients::ids(&self.connection, after, count_max).map_err(|cause| self.reading(cause))
    }
}

impl SqliteReader {
    fn reading(&self, cause: Cause) -> StoreError {
        StoreError::new("reading", Some(&self.path), cause)
    }
}

/// Returns a page's row and the sequence of its last message.
fn place(row: &Row<'_>) -> Result<(i64, Sequence), SqliteError> {
    Ok((row.get(0)?, row.get(1)?))
}

/// Reads the page in a row, if it is what was written: the messages of `log` behind the first and up to
/// the last sequence of `span`, or the latter ones of these.
pub(super) fn page(
    connection: &Connection,
    id: i64,
    log: LogId,
    span: Range<Sequence>,
) -> Result<StoredPage, Unreadable> {
    let damaged = |reason: &str| Unreadable::Row(reason.to_owned());
    let mut statement = connection.prepare_cached(
        "SELECT log, last, count, at_ms, publisher, crc, payloads FROM page WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| damaged("the index leads nowhere"))?;
    if (row.get::<_, u64>(0)?, row.get::<_, Sequence>(1)?) != (log.0, span.end) {
        return Err(damaged("the index leads to another page"));
    }
    let count: u32 = row.get(2)?;
    let payloads = Bytes::from(row.get::<_, Vec<u8>>(6)?);
    if crc32fast::hash(&payloads) != row.get::<_, u32>(5)? {
        return Err(Unreadable::checksum());
    }
    let payloads = Payloads::from_sequence(payloads);
    if payloads.iter().count() != count as usize {
        return Err(damaged("it does not hold as many messages as it says"));
    }
    let first = (span.end + 1).checked_sub(u64::from(count)).filter(|first| span.start < *first);
    let first = first.ok_or_else(|| damaged("it begins before the page before it ends"))?;
    let publisher = ClientId::from(row.get::<_, String>(4)?);
    Ok(StoredPage { first, publisher, at: row.get(3)?, count, payloads })
}
