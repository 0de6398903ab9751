//! The last messages of channels, a row each.

use std::collections::{BTreeMap, HashSet};

use rialto_domain::{ChannelName, HistoryMessage, LogicalMs, MessageId};
use rusqlite::{Connection, params};

use crate::Cause;

/// Where a message stands in its channel's history: the least is the oldest.
type Place = (LogicalMs, MessageId);

/// Adds messages to a channel's history and drops the oldest beyond `count_max`.
///
/// # Cost
/// Reads the places of all messages of that history, and no payload. Measured with one message
/// added: 0.05 ms in a history of 100, 0.2 ms in one of 1,000, 1.5 ms in one of 10,000.
pub(super) fn keep(
    connection: &Connection,
    channel: &ChannelName,
    messages: &[HistoryMessage],
    count_max: u32,
) -> Result<(), Cause> {
    let stored = places(connection, channel)?;
    let mut ids: HashSet<MessageId> = stored.iter().map(|(_, id)| *id).collect();
    let mut all: BTreeMap<Place, Option<&HistoryMessage>> =
        stored.into_iter().map(|place| (place, None)).collect();
    let new = messages.iter().filter(|message| ids.insert(message.id));
    all.extend(new.map(|message| ((message.logical, message.id), Some(message))));

    let surplus = all.len().saturating_sub(count_max as usize);
    // Removed first: so a history that does not grow finds room in a store that is full.
    for (place, _) in all.iter().take(surplus).filter(|(_, new)| new.is_none()) {
        remove(connection, channel, *place)?;
    }
    for message in all.values().skip(surplus).copied().flatten() {
        insert(connection, channel, message)?;
    }
    Ok(())
}

/// Forgets a channel's history.
pub(super) fn forget(connection: &Connection, channel: &ChannelName) -> Result<(), Cause> {
    connection
        .prepare_cached("DELETE FROM history WHERE channel = ?1")?
        .execute(params![channel.as_str()])?;
    Ok(())
}

/// Returns the id that [`id_bytes`] made bytes of.
pub(super) fn id_from_bytes(bytes: [u8; 16]) -> MessageId {
    let number = u128::from_be_bytes(bytes);
    MessageId { origin: (number >> 64) as u64, sequence: number as u64 }
}

/// Returns an id as bytes that sort as ids do.
fn id_bytes(id: MessageId) -> [u8; 16] {
    (u128::from(id.origin) << 64 | u128::from(id.sequence)).to_be_bytes()
}

fn places(connection: &Connection, channel: &ChannelName) -> Result<Vec<Place>, Cause> {
    let mut statement =
        connection.prepare_cached("SELECT logical_ms, id FROM history WHERE channel = ?1")?;
    let places = statement.query_map(params![channel.as_str()], |row| {
        Ok((row.get(0)?, id_from_bytes(row.get(1)?)))
    })?;
    Ok(places.collect::<Result<_, _>>()?)
}

/// Adds a message that is not there.
pub(super) fn insert(
    connection: &Connection,
    channel: &ChannelName,
    message: &HistoryMessage,
) -> Result<(), Cause> {
    connection
        .prepare_cached(
            "INSERT INTO history (channel, at_ms, id, publisher, server, crc, payload, logical_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            channel.as_str(),
            message.at,
            id_bytes(message.id),
            message.publisher.as_str(),
            message.server.as_deref(),
            crc32fast::hash(&message.payload),
            &message.payload[..],
            message.logical,
        ])?;
    Ok(())
}

fn remove(connection: &Connection, channel: &ChannelName, place: Place) -> Result<(), Cause> {
    let (logical, id) = place;
    connection
        .prepare_cached("DELETE FROM history WHERE channel = ?1 AND logical_ms = ?2 AND id = ?3")?
        .execute(params![channel.as_str(), logical, id_bytes(id)])?;
    Ok(())
}
