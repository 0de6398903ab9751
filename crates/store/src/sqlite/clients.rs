//! What is stored about clients, one at a time.

use std::collections::BTreeMap;

use rialto_domain::{ClientId, ClientState, Seen, StoredClient, StoredId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{cursors, row};
use crate::Cause;

/// Says whether a client was put, or has a cursor, and was not forgotten since.
pub(super) fn is_known(connection: &Connection, client: &ClientId) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM client WHERE name = ?1)
               OR EXISTS (SELECT 1 FROM cursor WHERE owner_kind = 0 AND owner = ?1)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_one([client.as_str()], |row| row.get(0))?)
}

/// Reads what is stored about a client; `None` if it is not known.
pub(super) fn read(
    connection: &Connection,
    client: &ClientId,
) -> Result<Option<ClientState>, Cause> {
    let transaction = connection.unchecked_transaction()?; // All as of one moment.
    if !is_known(&transaction, client)? {
        return Ok(None);
    }
    let seen = seen(&transaction, client)?;
    let cursors = cursors::of_client(&transaction, client)?;
    Ok(Some(ClientState { seen, cursors }))
}

/// Reads the first known clients behind the id `after`, by id.
pub(super) fn list(
    connection: &Connection,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredClient>, Cause> {
    let transaction = connection.unchecked_transaction()?; // All as of one moment.
    ids_in(&transaction, after, count_max)?
        .into_iter()
        .map(|StoredId { id, .. }| {
            let seen = seen(&transaction, &id)?;
            let topic_count = count_topics(&transaction, &id)?;
            Ok(StoredClient { id, seen, topic_count })
        })
        .collect()
}

/// Reads the ids of the first known clients behind the id `after`, by id.
pub(super) fn ids(
    connection: &Connection,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredId>, Cause> {
    let transaction = connection.unchecked_transaction()?; // All as of one moment.
    ids_in(&transaction, after, count_max)
}

/// Joins the first of those that were put with the first of those that have a cursor: the first of both
/// are among them.
fn ids_in(
    transaction: &Connection,
    after: &ClientId,
    count_max: usize,
) -> Result<Vec<StoredId>, Cause> {
    let mut ids = BTreeMap::new();
    for (has_cursor, sql) in [
        (false, "SELECT name FROM client WHERE ?1 < name ORDER BY name LIMIT ?2"),
        (
            true,
            "SELECT DISTINCT owner FROM cursor WHERE owner_kind = 0 AND ?1 < owner
             ORDER BY owner LIMIT ?2",
        ),
    ] {
        let mut statement = transaction.prepare_cached(sql)?;
        let mut rows = statement.query(params![after.as_str(), count_max])?;
        while let Some(row) = rows.next()? {
            // One that is no text is nobody's.
            ids.extend(row::client(row, 0).ok().map(|id| (id, has_cursor)));
        }
    }
    let ids = ids.into_iter().take(count_max);
    Ok(ids.map(|(id, has_cursor)| StoredId { id, has_cursor }).collect())
}

/// Returns when a client was last seen; `None` where that was not noted, or cannot be understood.
fn seen(connection: &Connection, client: &ClientId) -> Result<Option<Seen>, Cause> {
    let sql = "SELECT seen_ms, served_ms FROM client WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_one([client.as_str()], |row| {
        let (at, served) = (row.get::<_, u64>(0).ok(), row.get::<_, u64>(1).ok());
        Ok(at.zip(served).map(|(at, served)| Seen { at, served }))
    });
    Ok(row.optional()?.flatten())
}

fn count_topics(connection: &Connection, client: &ClientId) -> Result<u64, Cause> {
    let sql = "SELECT count(*) FROM cursor CROSS JOIN log ON log.id = cursor.log
               WHERE owner_kind = 0 AND owner = ?1 AND name <> ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let direct = client.direct_channel();
    Ok(statement.query_one(params![client.as_str(), direct.as_str()], |row| row.get(0))?)
}
