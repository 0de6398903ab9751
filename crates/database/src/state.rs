//! What a database says of itself: who serves from it, and whether it holds a store.

use rialto_store::{Cause, Key, Part, Progress};

use crate::{
    cause::Trouble,
    link::Link,
    row::{bytes, id, unsigned},
    statement::Read,
    transfer::TransferStatement,
};

/// Returns what a copy that is under way is made of, and how far it has come.
pub(crate) async fn under_way<L: Link>(
    link: &mut L,
) -> Result<Option<(String, Option<Progress>)>, Trouble> {
    let rows = link.ask(TransferStatement::UnderWay).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let part = Part::ALL.into_iter().find(|part| part.name().as_bytes() == bytes(row, 1));
    let key = Key { name: bytes(row, 2).to_vec(), numbers: [id(row, 3), id(row, 4), id(row, 5)] };
    let progress = part.map(|part| Progress { part, after: Some(key) });
    Ok(Some((String::from_utf8_lossy(bytes(row, 0)).into_owned(), progress)))
}

/// Refuses a database that a store is being copied to.
pub(crate) async fn refuse_unfinished<L: Link>(link: &mut L) -> Result<(), Trouble> {
    match under_way(link).await? {
        Some((origin, _)) => Err(Trouble::plain(Cause::Unfinished { origin })),
        None => Ok(()),
    }
}

/// Says who serves from a database, if somebody does, and until when its lease lasts.
pub(crate) async fn server<L: Link>(link: &mut L) -> Result<Option<(String, u64)>, Trouble> {
    let rows = link.ask(Read::Server).await?;
    let server = rows
        .first()
        .map(|row| (String::from_utf8_lossy(bytes(row, 0)).into_owned(), unsigned(row, 1)));
    Ok(server)
}
