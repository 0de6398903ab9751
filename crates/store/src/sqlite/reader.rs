//! Reads pages on a connection of its own, while the writer commits.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use rialto_broker::{ClientId, LogId, Payloads, Sequence, StoredPage};
use rusqlite::{Connection, OpenFlags, Row, params};

use super::open::BUSY_MAX;
use crate::{Cause, LogReader, StoreError, error::Checksummed};

/// Reads logs; each call is one short read transaction, so that checkpoints are not held up.
pub(super) struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

impl SqliteReader {
    /// Opens a reader on the store's database, which must be open already.
    pub(super) fn open(path: &Path) -> Result<Self, Cause> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_MAX)?;
        Ok(SqliteReader { connection, path: path.to_path_buf() })
    }

    fn pages(
        &self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<StoredPage>, Cause> {
        // Without a row in log the lower bound is NULL, and nothing is above that.
        let mut statement = self.connection.prepare_cached(
            "SELECT last, count, at_ms, publisher, crc, payloads FROM page
             WHERE log = ?1 AND last >= max(?2, (SELECT trimmed + 1 FROM log WHERE id = ?1))
             ORDER BY last",
        )?;
        let from = i64::try_from(from).unwrap_or(i64::MAX); // No message is beyond that.
        let mut rows = statement.query(params![log.0, from])?;
        let mut pages = Vec::new();
        let mut bytes = 0;
        while bytes <= bytes_max
            && let Some(row) = rows.next()?
        {
            let page = page(row)?;
            bytes += page.payloads.as_bytes().len();
            pages.push(page);
        }
        Ok(pages)
    }
}

impl LogReader for SqliteReader {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<StoredPage>, StoreError> {
        self.pages(log, from, bytes_max)
            .map_err(|cause| StoreError::new("reading", Some(&self.path), cause))
    }
}

/// Makes a page of a row, if its payloads are what was written.
fn page(row: &Row<'_>) -> Result<StoredPage, Cause> {
    let last: Sequence = row.get(0)?;
    let count: u32 = row.get(1)?;
    let payloads = Bytes::from(row.get::<_, Vec<u8>>(5)?);
    if crc32fast::hash(&payloads) != row.get::<_, u32>(4)? {
        return Err(Cause::Checksum { what: Checksummed::Page(last) });
    }
    let first = (last + 1).checked_sub(u64::from(count));
    Ok(StoredPage {
        first: first.ok_or_else(|| Cause::Damaged("a page begins before its log".into()))?,
        publisher: ClientId::from(row.get::<_, String>(3)?),
        at: row.get(2)?,
        count,
        payloads: Payloads::from_sequence(payloads),
    })
}
