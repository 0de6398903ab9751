//! What is stored about clients: when they were seen, and how far they have come.

use rialto_domain::{
    ChannelName, ClientId, ClientState, CursorState, Seen, Sequence, StoredClient, StoredId,
};

use crate::{
    cause::Trouble,
    damaged::Damaged,
    link::Link,
    logs::Logs,
    row::{Row, channel, client, id, unsigned},
    statement::Read,
};

/// Reads all cursors, by client and then by channel, and counts them in their logs.
pub(crate) async fn cursors(
    link: &mut impl Link,
    logs: &mut Logs,
    damaged: &mut Damaged,
) -> Result<Vec<(ClientId, ChannelName, CursorState)>, Trouble> {
    let mut cursors = Vec::new();
    for row in link.ask(Read::Cursors).await? {
        let names = client(&row, 0).zip(channel(&row, 1));
        let Some((client, channel)) = damaged.sound("cursor", names) else { continue };
        let state = state(&row, 2);
        logs.note_readers(id(&row, 4), 1, state.floor);
        cursors.push((client, channel, state));
    }
    Ok(cursors)
}

/// Reads when all known clients were last seen, by id.
pub(crate) async fn seen(
    link: &mut impl Link,
    damaged: &mut Damaged,
) -> Result<Vec<(ClientId, Seen)>, Trouble> {
    let rows = link.ask(Read::Seen).await?;
    let read = |row| Some((client(row, 0)?, seen_at(row, 1)));
    Ok(rows.iter().filter_map(|row| damaged.sound("client", read(row))).collect())
}

/// Reads a client and its cursors, as of one moment.
pub(crate) async fn one(
    link: &mut impl Link,
    client: &ClientId,
) -> Result<Option<ClientState>, Trouble> {
    let rows = link.ask(Read::Client(client)).await?;
    let mut found = None;
    for row in &rows {
        let found = found.get_or_insert_with(ClientState::default);
        if id(row, 0) == 0 {
            found.seen = Some(seen_at(row, 2));
        } else if let Some(channel) = channel(row, 1) {
            found.cursors.push((channel, state(row, 3)));
        }
    }
    Ok(found)
}

/// Reads the first known clients behind an id.
pub(crate) async fn list(
    link: &mut impl Link,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredClient>, Trouble> {
    let rows = link.ask(Read::Clients { after, count_max: limit(count_max) }).await?;
    let listed = rows.iter().filter_map(|row| {
        let seen = row.number(1).map(|_| seen_at(row, 1));
        Some(StoredClient { id: client(row, 0)?, seen, topic_count: unsigned(row, 3) })
    });
    Ok(listed.collect())
}

/// Reads the ids of the first known clients behind an id.
pub(crate) async fn ids(
    link: &mut impl Link,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredId>, Trouble> {
    let rows = link.ask(Read::Ids { after, count_max: limit(count_max) }).await?;
    let ids = rows
        .iter()
        .filter_map(|row| Some(StoredId { id: client(row, 0)?, has_cursor: id(row, 1) != 0 }));
    Ok(ids.collect())
}

fn limit(count_max: usize) -> i64 {
    i64::try_from(count_max).unwrap_or(i64::MAX)
}

/// Returns a cursor, as two columns say it.
fn state(row: &impl Row, column: usize) -> CursorState {
    let floor = unsigned(row, column);
    CursorState { floor, acknowledged: above(floor, row.stretches(column + 1)) }
}

/// Returns what of stretches is above a floor.
pub(crate) fn above(
    floor: Sequence,
    stretches: Vec<(Sequence, Sequence)>,
) -> Vec<(Sequence, Sequence)> {
    let above = stretches.into_iter().filter(|(_, last)| floor < *last);
    above.map(|(first, last)| (first.max(floor + 1), last)).collect()
}

/// Returns when a client was seen, as two columns say it.
pub(crate) fn seen_at(row: &impl Row, column: usize) -> Seen {
    Seen { at: unsigned(row, column), served: unsigned(row, column + 1) }
}
