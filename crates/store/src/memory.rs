//! A store that forgets: for brokers that keep nothing, and the measure of those that do.

mod committing;
mod log;
mod member;
mod nodes;
mod shelves;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use rialto_domain::{
    Change, ClientId, ClientState, Commit, Load, LogEntry, LogId, NodeId, Outcome, Sequence,
    Snapshot, StoredClient, StoredId,
};

use crate::{Cause, Membership, Store, StoreError, StoreReader, latest::Latest};

use member::MemoryMember;
use shelves::{Shelves, lock};

/// Keeps everything in memory, until the last handle to it is dropped.
///
/// # Limits
/// None of its own: the core's limits on logs and histories bound it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Arc<Mutex<Shelves>>,
    latest: Latest,
    /// Which of the nodes that share it this is; `None` where it is not shared.
    node: Option<NodeId>,
}

/// Makes the nodes of a store in memory that they share, and passes its time.
///
/// Each call of a node is carried out as a whole, as if it had locked all of the store.
///
/// # Limits
/// None: what was committed is remembered until the last node is dropped. A lease lasts 6 s.
#[derive(Debug, Clone, Default)]
pub struct MemoryCluster {
    shelves: Arc<Mutex<Shelves>>,
}

/// The reader's end.
struct MemoryReader {
    shelves: Arc<Mutex<Shelves>>,
}

impl MemoryCluster {
    /// Makes another node, which has a lease from now on.
    #[must_use]
    pub fn join(&self) -> MemoryStore {
        let node = lock(&self.shelves).nodes.join();
        let shelves = self.shelves.clone();
        MemoryStore { shelves, latest: Latest::default(), node: Some(node) }
    }

    /// Lets the store's clock go on.
    pub fn pass(&self, time: Duration) {
        lock(&self.shelves).nodes.now += time;
    }
}

impl Store for MemoryStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let mut snapshot = lock(&self.shelves).snapshot();
        if self.node.is_some() {
            snapshot.sessions.clear();
        }
        Ok(match load {
            Load::All => snapshot,
            Load::Heads => Snapshot { load, clients: Vec::new(), cursors: Vec::new(), ..snapshot },
        })
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let MemoryStore { shelves, latest, node } = self;
        latest.once(commits, |commits| {
            let changes = || commits.iter().flat_map(|commit| &commit.changes);
            // The only change that can fail is found before the first is carried out.
            let is_empty = |change: &Change| change.page().is_some_and(|page| page.count == 0);
            if changes().any(is_empty) {
                return Err(StoreError::new("committing", None, Cause::EmptyPage));
            }
            let mut shelves = lock(shelves);
            match node {
                Some(node) => shelves.commit_as(*node, commits),
                None => Ok(changes().map(|change| shelves.apply(change)).collect()),
            }
        })
    }

    fn membership(&mut self) -> Result<Option<Box<dyn Membership>>, StoreError> {
        let member = self.node.map(|node| MemoryMember::new(node, self.shelves.clone()));
        Ok(member.map(|member| Box::new(member) as Box<dyn Membership>))
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        Ok(Box::new(MemoryReader { shelves: Arc::clone(&self.shelves) }))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl StoreReader for MemoryReader {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let shelves = lock(&self.shelves);
        let Some(log) = shelves.channels.get(&log).and_then(|channel| shelves.logs.get(channel))
        else {
            return Ok(Vec::new());
        };
        Ok(log.read(from, bytes_max))
    }

    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError> {
        let shelves = lock(&self.shelves);
        Ok(shelves.is_known(id).then(|| shelves.client(id)))
    }

    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError> {
        let shelves = lock(&self.shelves);
        let readers = shelves.logs.values().flat_map(|log| log.cursors.keys());
        let ids: BTreeSet<&ClientId> = shelves.clients.keys().chain(readers).collect();
        let behind = ids.into_iter().filter(|id| after < id).take(count_max);
        Ok(behind.map(|id| shelves.listed(id)).collect())
    }

    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError> {
        let listed = self.clients(after, count_max)?;
        let shelves = lock(&self.shelves);
        let ids = listed.into_iter().map(|StoredClient { id, .. }| {
            let has_cursor = shelves.logs.values().any(|log| log.cursors.contains_key(&id));
            StoredId { id, has_cursor }
        });
        Ok(ids.collect())
    }
}

#[cfg(test)]
mod tests;
