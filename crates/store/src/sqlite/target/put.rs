//! Writes records as they are, ids and all.

use rialto_domain::{ClientId, CursorState, LogId, ServedMs, StoredPage};
use rusqlite::{Connection, params};

use super::super::{history, records};
use crate::{Cause, Record};

/// Writes a record that is not there yet.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Cause> {
    match record {
        Record::Counters { clock, log_id_last } => {
            note_log_ids(connection, *log_id_last)?;
            records::note_clock(connection, *clock)
        }
        Record::Client(client, seen) => records::put_client(connection, client, *seen),
        Record::Log { log, channel, last, trimmed, .. } => {
            connection
                .prepare_cached(
                    "INSERT INTO log (id, kind, name, last, trimmed) VALUES (?1, 0, ?2, ?3, ?4)",
                )?
                .execute(params![log.0, channel.as_str(), last, trimmed])?;
            Ok(())
        }
        Record::Page { log, served, page } => put_page(connection, *log, *served, page),
        Record::Cursor { client, log, state } => put_cursor(connection, client, *log, state),
        Record::Retained(channel, retained) => records::retain(connection, channel, retained),
        Record::History(channel, message) => history::insert(connection, channel, message),
        Record::Session(client, number) => records::open_session(connection, client, *number),
    }
}

/// Has later logs get ids beyond those that were ever given.
fn note_log_ids(connection: &Connection, last: u64) -> Result<(), Cause> {
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'log'", [])?;
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('log', ?1)", [last])?;
    Ok(())
}

fn put_page(
    connection: &Connection,
    log: LogId,
    served: ServedMs,
    page: &StoredPage,
) -> Result<(), Cause> {
    let payloads = page.payloads.as_bytes();
    let bytes = payloads.len() as u64;
    connection
        .prepare_cached(
            "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads, served_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            log.0,
            page.first + u64::from(page.count) - 1,
            page.count,
            bytes,
            page.at,
            page.publisher.as_str(),
            crc32fast::hash(payloads),
            &payloads[..],
            served,
        ])?;
    connection
        .prepare_cached("UPDATE log SET bytes = bytes + ?2 WHERE id = ?1")?
        .execute(params![log.0, bytes])?;
    Ok(())
}

fn put_cursor(
    connection: &Connection,
    client: &ClientId,
    log: LogId,
    state: &CursorState,
) -> Result<(), Cause> {
    connection
        .prepare_cached(
            "INSERT INTO cursor (owner_kind, owner, log, floor) VALUES (0, ?1, ?2, ?3)",
        )?
        .execute(params![client.as_str(), log.0, state.floor])?;
    let cursor = connection.last_insert_rowid();
    let mut insert = connection
        .prepare_cached("INSERT INTO stretch (cursor, first, last) VALUES (?1, ?2, ?3)")?;
    for (first, last) in &state.acknowledged {
        insert.execute(params![cursor, first, last])?;
    }
    Ok(())
}
