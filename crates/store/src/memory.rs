//! A store that forgets: for brokers that keep nothing, and the measure of those that do.

mod log;
mod shelves;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use rialto_domain::{
    Change, ClientId, ClientState, Commit, Load, LogEntry, LogId, Outcome, Sequence, Snapshot,
    StoredClient, StoredId,
};

use crate::{Cause, Store, StoreError, StoreReader, latest::Latest};

use shelves::Shelves;

/// Keeps everything in memory, until the last handle to it is dropped.
///
/// # Limits
/// None of its own: the core's limits on logs and histories bound it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Arc<Mutex<Shelves>>,
    latest: Latest,
}

/// The reader's end.
struct MemoryReader {
    shelves: Arc<Mutex<Shelves>>,
}

impl Store for MemoryStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let snapshot = lock(&self.shelves).snapshot();
        Ok(match load {
            Load::All => snapshot,
            Load::Heads => Snapshot { load, clients: Vec::new(), cursors: Vec::new(), ..snapshot },
        })
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let MemoryStore { shelves, latest } = self;
        latest.once(commits, |commits| {
            let changes = || commits.iter().flat_map(|commit| &commit.changes);
            // The only change that can fail is found before the first is carried out.
            let is_empty = |change: &Change| match change {
                Change::Append(page) | Change::AppendDirect(_, page) => page.count == 0,
                _ => false,
            };
            if changes().any(is_empty) {
                return Err(StoreError::new("committing", None, Cause::EmptyPage));
            }
            let mut shelves = lock(shelves);
            Ok(changes().map(|change| shelves.apply(change)).collect())
        })
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

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().expect("nothing panics while it holds the shelves")
}

#[cfg(test)]
mod tests;
