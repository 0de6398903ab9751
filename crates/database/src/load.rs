//! Reads what the core starts from, all as of one moment.

use bytes::Bytes;
use rialto_domain::{
    ChannelName, ClientId, HistoryMessage, Load, Retained, SessionNumber, Snapshot, StoreClock,
};

use crate::{
    cause::Trouble,
    clients,
    damaged::Damaged,
    link::Link,
    logs::Logs,
    records,
    row::{Row, bytes, channel, client, id, unsigned},
    statement::{Control, Read},
};

/// Returns what is stored but the messages of logs, and the logs that have rows which are trimmed and still there.
///
/// A record that is damaged is left out, counted and told of.
pub(crate) async fn snapshot(
    link: &mut impl Link,
    load: Load,
) -> Result<(Snapshot, Vec<i64>), Trouble> {
    link.ask(Control::BeginToRead).await?;
    let mut damaged = Damaged::default();
    let mut logs = Logs::read(link, &mut damaged).await?;
    let (clients, cursors) = match load {
        Load::All => {
            let cursors = clients::cursors(link, &mut logs, &mut damaged).await?;
            (clients::seen(link, &mut damaged).await?, cursors)
        }
        Load::Heads => {
            logs.read_readers(link).await?;
            (Vec::new(), Vec::new())
        }
    };
    let snapshot = Snapshot {
        load,
        clients,
        cursors,
        retained: retained(link, &mut damaged).await?,
        history: histories(link, &mut damaged).await?,
        sessions: sessions(link, &mut damaged).await?,
        clock: clock(link).await?,
        damaged: damaged.count,
        logs: logs.states,
    };
    link.ask(Control::Commit).await?;
    Ok((snapshot, logs.untidy))
}

/// Returns a payload if it is the one that was written.
pub(crate) fn payload(row: &impl Row, crc: usize, column: usize) -> Option<Bytes> {
    let bytes = bytes(row, column);
    (i64::from(crc32fast::hash(bytes)) == id(row, crc)).then(|| Bytes::copy_from_slice(bytes))
}

async fn retained(
    link: &mut impl Link,
    damaged: &mut Damaged,
) -> Result<Vec<(ChannelName, Retained)>, Trouble> {
    let rows = link.ask(Read::Retained).await?;
    let read = |row| {
        let (publisher, payload) = (client(row, 1)?, payload(row, 2, 3)?);
        Some((channel(row, 0)?, Retained { publisher, payload }))
    };
    Ok(rows.iter().filter_map(|row| damaged.sound("retained", read(row))).collect())
}

async fn histories(
    link: &mut impl Link,
    damaged: &mut Damaged,
) -> Result<Vec<(ChannelName, Vec<HistoryMessage>)>, Trouble> {
    let rows = link.ask(Read::Histories).await?;
    let mut histories: Vec<(ChannelName, Vec<HistoryMessage>)> = Vec::new();
    let messages = rows.iter().filter_map(|row| damaged.sound("history", history_message(row)));
    for (channel, message) in messages {
        match histories.last_mut() {
            Some((last, messages)) if *last == channel => messages.push(message),
            _ => histories.push((channel, vec![message])),
        }
    }
    Ok(histories)
}

/// Reads a message of a history, from columns in the order of [`histories`]; `None` if it is not what was written.
pub(crate) fn history_message(row: &impl Row) -> Option<(ChannelName, HistoryMessage)> {
    let server = match row.bytes(5) {
        Some(name) => Some(std::str::from_utf8(name).ok()?.into()),
        None => None,
    };
    let message = HistoryMessage {
        id: records::id_of(bytes(row, 1))?,
        logical: unsigned(row, 2),
        at: unsigned(row, 3),
        publisher: client(row, 4)?,
        server,
        payload: payload(row, 6, 7)?,
    };
    Some((channel(row, 0)?, message))
}

async fn sessions(
    link: &mut impl Link,
    damaged: &mut Damaged,
) -> Result<Vec<(ClientId, SessionNumber)>, Trouble> {
    let rows = link.ask(Read::Sessions).await?;
    let read = |row| Some((client(row, 0)?, unsigned(row, 1)));
    Ok(rows.iter().filter_map(|row| damaged.sound("session", read(row))).collect())
}

async fn clock(link: &mut impl Link) -> Result<StoreClock, Trouble> {
    let rows = link.ask(Read::Clock).await?;
    let clock = |row| StoreClock { served: unsigned(row, 0), logical: unsigned(row, 1) };
    Ok(rows.first().map(clock).unwrap_or_default())
}
