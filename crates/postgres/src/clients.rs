//! What is stored about clients: when they were seen, and how far they have come.

use rialto_domain::{
    ChannelName, ClientId, ClientState, CursorState, Seen, StoredClient, StoredId,
};
use tokio_postgres::Row;

use crate::{
    cause::Trouble,
    damaged::Damaged,
    link::Link,
    logs::Logs,
    names::{bytes, channel, client, stretches, unsigned},
};

/// Reads all cursors, by client and then by channel, and counts them in their logs.
pub(crate) async fn cursors(
    link: &Link,
    logs: &mut Logs,
    damaged: &mut Damaged,
) -> Result<Vec<(ClientId, ChannelName, CursorState)>, Trouble> {
    let sql = "SELECT c.owner, l.name, c.floor, c.acknowledged::text, l.id
               FROM cursor c JOIN log l ON l.id = c.log AND l.kind = 0
               WHERE c.owner_kind = 0 ORDER BY c.owner, l.name";
    let mut cursors = Vec::new();
    for row in link.query(sql, &[]).await? {
        let names = client(&row, 0).zip(channel(&row, 1));
        let Some((client, channel)) = damaged.sound("cursor", names) else { continue };
        let state = state(&row, 2);
        logs.note_readers(row.get(4), 1, state.floor);
        cursors.push((client, channel, state));
    }
    Ok(cursors)
}

/// Reads when all known clients were last seen, by id.
pub(crate) async fn seen(
    link: &Link,
    damaged: &mut Damaged,
) -> Result<Vec<(ClientId, Seen)>, Trouble> {
    let sql = "SELECT name, seen_ms, served_ms FROM client WHERE kind = 0 ORDER BY name";
    let read = |row: &Row| Some((client(row, 0)?, seen_at(row, 1)));
    let rows = link.query(sql, &[]).await?;
    Ok(rows.iter().filter_map(|row| damaged.sound("client", read(row))).collect())
}

/// Reads a client and its cursors, as of one moment.
pub(crate) async fn one(link: &Link, id: &ClientId) -> Result<Option<ClientState>, Trouble> {
    let rows = link.query(ONE, &[&bytes(id.as_str())]).await?;
    let mut found = None;
    for row in &rows {
        let found = found.get_or_insert_with(ClientState::default);
        if row.get::<_, i32>(0) == 0 {
            found.seen = Some(seen_at(row, 2));
        } else if let Some(channel) = channel(row, 1) {
            found.cursors.push((channel, state(row, 3)));
        }
    }
    Ok(found)
}

/// Reads the first known clients behind an id.
pub(crate) async fn list(
    link: &Link,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredClient>, Trouble> {
    let rows = link.query(LIST, &[&bytes(after.as_str()), &limit(count_max)]).await?;
    let listed = rows.iter().filter_map(|row| {
        let seen = row.get::<_, Option<i64>>(1).map(|_| seen_at(row, 1));
        Some(StoredClient { id: client(row, 0)?, seen, topic_count: unsigned(row, 3) })
    });
    Ok(listed.collect())
}

/// Reads the ids of the first known clients behind an id.
pub(crate) async fn ids(
    link: &Link,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredId>, Trouble> {
    let rows = link.query(IDS, &[&bytes(after.as_str()), &limit(count_max)]).await?;
    let ids = rows
        .iter()
        .filter_map(|row| Some(StoredId { id: client(row, 0)?, has_cursor: row.get(1) }));
    Ok(ids.collect())
}

pub(crate) const ONE: &str = "
    SELECT 0, NULL::bytea, seen_ms, served_ms, NULL::text FROM client WHERE kind = 0 AND name = $1
    UNION ALL
    SELECT 1, l.name, 0, c.floor, c.acknowledged::text FROM cursor c JOIN log l ON l.id = c.log AND l.kind = 0
    WHERE c.owner_kind = 0 AND c.owner = $1
    ORDER BY 1, 2";

/// Whoever was put or has a cursor, behind an id: a few of each, and of those the first.
macro_rules! known {
    () => {
        "WITH known AS MATERIALIZED (
            SELECT name FROM (SELECT name FROM client WHERE kind = 0 AND $1 < name ORDER BY name LIMIT $2) a
            UNION
            SELECT owner FROM (SELECT DISTINCT owner FROM cursor WHERE owner_kind = 0 AND $1 < owner
                               ORDER BY owner LIMIT $2) b
            ORDER BY 1 LIMIT $2) "
    };
}

pub(crate) const LIST: &str = concat!(
    known!(),
    "SELECT k.name, c.seen_ms, c.served_ms,
         (SELECT count(*) FROM cursor o JOIN log l ON l.id = o.log AND l.kind = 0
          WHERE o.owner_kind = 0 AND o.owner = k.name AND l.name <> '\\x23'::bytea || k.name)
     FROM known k LEFT JOIN client c ON c.kind = 0 AND c.name = k.name ORDER BY k.name"
);

pub(crate) const IDS: &str = concat!(
    known!(),
    "SELECT k.name, EXISTS (SELECT 1 FROM cursor o WHERE o.owner_kind = 0 AND o.owner = k.name)
     FROM known k ORDER BY k.name"
);

fn limit(count_max: usize) -> i64 {
    i64::try_from(count_max).unwrap_or(i64::MAX)
}

/// Returns a cursor, as two columns say it.
fn state(row: &Row, column: usize) -> CursorState {
    let acknowledged: &str = row.get(column + 1);
    CursorState { floor: unsigned(row, column), acknowledged: stretches(acknowledged) }
}

/// Returns when a client was seen, as two columns say it.
pub(crate) fn seen_at(row: &Row, column: usize) -> Seen {
    Seen { at: unsigned(row, column), served: unsigned(row, column + 1) }
}
