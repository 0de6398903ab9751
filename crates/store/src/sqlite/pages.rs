//! Pages by their places in a log: what is appended, trimmed and set aside. Rows of what is trimmed linger;
//! see [`leftovers`](super::leftovers).

use rialto_domain::{LogExtent, LogId, OldestPage, Page, Sequence, Trim};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::heads::Head;
use crate::Cause;

/// Adds a page behind the last message of a log; returns how the log stands then.
pub(super) fn append(connection: &Connection, head: Head, page: &Page) -> Result<Head, Cause> {
    let payloads = page.payloads.as_bytes();
    let bytes = payloads.len() as u64;
    let last = head.last + u64::from(page.count);
    connection
        .prepare_cached(
            "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads, served_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            head.log.0,
            last,
            page.count,
            bytes,
            page.at,
            page.publisher.as_str(),
            crc32fast::hash(payloads),
            &payloads[..],
            page.served,
        ])?;
    Ok(Head { last, bytes: head.bytes + bytes, ..head })
}

/// Finds how far a log is to be trimmed; returns how it stands then, and its oldest page.
///
/// # Cost
/// Reads of each page that goes its place in the index.
pub(super) fn trim(
    connection: &Connection,
    mut head: Head,
    trim: &Trim,
) -> Result<(Head, LogExtent), Cause> {
    let mut statement = connection.prepare_cached(
        "SELECT last, served_ms, bytes FROM page WHERE log = ?1 AND ?2 < last ORDER BY last",
    )?;
    let mut rows = statement.query(params![head.log.0, head.trimmed])?;
    loop {
        let row = rows.next()?;
        let oldest = row.map(place).transpose()?;
        let extent = LogExtent { trimmed: head.trimmed, bytes: head.bytes, oldest };
        match (oldest, row) {
            (Some(oldest), Some(row)) if trim.drops(head.last, &extent) => {
                head.trimmed = oldest.last;
                head.bytes = head.bytes.saturating_sub(bytes(row, 2)?);
            }
            (Some(_), _) => return Ok((head, extent)),
            (None, _) => {
                // What damage took of it is not there either.
                head = Head { trimmed: head.last, bytes: 0, ..head };
                let extent = LogExtent { trimmed: head.trimmed, bytes: 0, oldest: None };
                return Ok((head, extent));
            }
        }
    }
}

/// Returns the oldest page of a log behind what is trimmed.
pub(super) fn oldest(
    connection: &Connection,
    log: LogId,
    trimmed: Sequence,
) -> Result<Option<OldestPage>, Cause> {
    let oldest = connection
        .prepare_cached(
            "SELECT last, served_ms FROM page WHERE log = ?1 AND ?2 < last ORDER BY last LIMIT 1",
        )?
        .query_one(params![log.0, trimmed], place)
        .optional()?;
    Ok(oldest)
}

/// Returns how many bytes the payloads of a page have; `None` if it is not there.
pub(super) fn bytes_of(
    connection: &Connection,
    log: LogId,
    last: Sequence,
) -> Result<Option<u64>, Cause> {
    let bytes = connection
        .prepare_cached("SELECT bytes FROM page WHERE log = ?1 AND last = ?2")?
        .query_one(params![log.0, last], |row| bytes(row, 0))
        .optional()?;
    Ok(bytes)
}

/// Returns how many bytes the payloads of all pages behind what is trimmed have.
pub(super) fn bytes_behind(
    connection: &Connection,
    log: LogId,
    trimmed: i64,
) -> Result<i64, Cause> {
    let sql = "SELECT coalesce(sum(max(bytes, 0)), 0) FROM page WHERE log = ?1 AND ?2 < last";
    Ok(connection.query_one(sql, params![log.0, trimmed], |row| row.get(0))?)
}

fn place(row: &Row<'_>) -> Result<OldestPage, rusqlite::Error> {
    // One that cannot say when it was taken in is as old as can be.
    let served: i64 = row.get(1)?;
    Ok(OldestPage { last: row.get(0)?, served: u64::try_from(served).unwrap_or(0) })
}

/// Returns a number of bytes; what cannot be one counts nothing.
fn bytes(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let bytes: i64 = row.get(column)?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
