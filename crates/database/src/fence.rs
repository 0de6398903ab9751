//! How a commit begins where several nodes share the database: with what this one may still write.

use std::collections::BTreeSet;

use rialto_domain::{Change, ChannelName, ClientId, Commit, Epoch};
use rialto_store::DatabaseCause;

use crate::{
    cause::Trouble,
    link::Link,
    node::Node,
    row::place,
    shared::SharedStatement,
    statement::{Control, Statement},
};

/// Begins a transaction, locks what it is about, and returns the places of changes on behalf of clients that other nodes own
/// by now.
pub(crate) async fn begin<L: Link>(
    link: &mut L,
    node: Node,
    commits: &[&Commit],
) -> Result<BTreeSet<usize>, Trouble> {
    let owned = commits.iter().flat_map(|commit| &commit.owned);
    let owned: BTreeSet<(&ClientId, Epoch)> =
        owned.map(|(client, epoch)| (client, *epoch)).collect();
    let owned: Vec<_> = owned.into_iter().collect();
    let changes = || commits.iter().flat_map(|commit| &commit.changes);
    let logs: BTreeSet<&ChannelName> = changes().filter_map(log_of).collect();
    let mut statements: Vec<Statement<'_>> =
        vec![Control::Begin.into(), Control::Fence(node).into()];
    statements.push(SharedStatement::Owned { clients: owned.clone(), node }.into());
    statements.push(SharedStatement::LockLogs(logs.into_iter().collect()).into());
    let rows = link.all(statements).await?;
    let [_, fence, still, _] = &rows[..] else { return Err(DatabaseCause::TakenOver.into()) };
    if fence.is_empty() {
        return Err(DatabaseCause::TakenOver.into());
    }
    let still: BTreeSet<usize> = still.iter().map(|row| place(row, 0)).collect();
    let lost = owned.into_iter().enumerate().filter(|(index, _)| !still.contains(index));
    let lost: BTreeSet<(&ClientId, Epoch)> = lost.map(|(_, owned)| owned).collect();
    Ok(places_of(commits, &lost))
}

/// Returns the places of the changes on behalf of these clients.
fn places_of(commits: &[&Commit], lost: &BTreeSet<(&ClientId, Epoch)>) -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    let mut first = 0;
    for commit in commits {
        let of_batch =
            commit.owned.iter().filter(|(client, epoch)| lost.contains(&(client, *epoch)));
        let of_batch: BTreeSet<&ClientId> = of_batch.map(|(client, _)| client).collect();
        for (index, change) in commit.changes.iter().enumerate() {
            if change.client().is_some_and(|client| of_batch.contains(client)) {
                places.insert(first + index);
            }
        }
        first += commit.changes.len();
    }
    places
}

/// Returns the channel whose log a change needs to stay as it is.
fn log_of(change: &Change) -> Option<&ChannelName> {
    match change {
        Change::Subscribe(_, channel)
        | Change::Trim(channel, _)
        | Change::DropLog(channel)
        | Change::SetAside(channel, ..) => Some(channel),
        _ => change.page().map(|page| &page.channel),
    }
}
