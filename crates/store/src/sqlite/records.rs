//! Records that stand alone, each in a row of its own: retained messages, clients, open sessions, clocks.

use rialto_domain::{ChannelName, ClientId, Retained, Seen, SessionNumber, StoreClock};
use rusqlite::{Connection, params};

use crate::Cause;

pub(super) fn retain(
    connection: &Connection,
    channel: &ChannelName,
    retained: &Retained,
) -> Result<(), Cause> {
    // The old one goes first: an update would want room for both, which a full store has not.
    execute(
        connection,
        "INSERT OR REPLACE INTO retained (channel, publisher, crc, payload)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            channel.as_str(),
            retained.publisher.as_str(),
            crc32fast::hash(&retained.payload),
            &retained.payload[..],
        ],
    )
}

pub(super) fn drop_retained(connection: &Connection, channel: &ChannelName) -> Result<(), Cause> {
    execute(connection, "DELETE FROM retained WHERE channel = ?1", [channel.as_str()])
}

pub(super) fn put_client(
    connection: &Connection,
    client: &ClientId,
    seen: Seen,
) -> Result<(), Cause> {
    execute(
        connection,
        "INSERT INTO client (name, seen_ms, served_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET
         seen_ms = excluded.seen_ms, served_ms = excluded.served_ms",
        params![client.as_str(), seen.at, seen.served],
    )
}

pub(super) fn forget_client(connection: &Connection, client: &ClientId) -> Result<(), Cause> {
    execute(connection, "DELETE FROM client WHERE name = ?1", [client.as_str()])
}

pub(super) fn open_session(
    connection: &Connection,
    client: &ClientId,
    number: SessionNumber,
) -> Result<(), Cause> {
    execute(
        connection,
        "INSERT INTO session (client, number) VALUES (?1, ?2)
         ON CONFLICT (client) DO UPDATE SET number = excluded.number",
        params![client.as_str(), number],
    )
}

pub(super) fn close_session(connection: &Connection, client: &ClientId) -> Result<(), Cause> {
    execute(connection, "DELETE FROM session WHERE client = ?1", [client.as_str()])
}

pub(super) fn note_clock(connection: &Connection, clock: StoreClock) -> Result<(), Cause> {
    execute(
        connection,
        "INSERT INTO clock (row, served_ms, logical_ms) VALUES (1, ?1, ?2)
         ON CONFLICT (row) DO UPDATE SET
         served_ms = excluded.served_ms, logical_ms = excluded.logical_ms",
        params![clock.served, clock.logical],
    )
}

fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<(), Cause> {
    connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}
