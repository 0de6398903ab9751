//! The thread that reads: pages of logs, and what is stored about clients.

use std::collections::HashSet;
use std::sync::{Weak, mpsc};

use rialto_broker::LoadRequest;
use rialto_domain::{FailureKind, LogEntry, LogId, Sequence};
use rialto_store::{StoreError, StoreReader};

use super::health::{Health, IDLE, Part};
use crate::{hub::Hub, store_jobs::Lookup};

/// The reading thread's own.
pub(super) struct Reader {
    reader: Box<dyn StoreReader>,
    health: Health,
    /// Logs that cannot be read, and were told of.
    unreadable: HashSet<LogId>,
}

impl Reader {
    pub(super) fn new(reader: Box<dyn StoreReader>) -> Self {
        Reader { reader, health: Health::new(Part::Reading), unreadable: HashSet::new() }
    }

    /// Looks up until nobody asks any more, or the hub is gone.
    pub(super) fn run(mut self, lookups: &mpsc::Receiver<Lookup>, hub: &Weak<Hub>) {
        loop {
            match lookups.recv_timeout(IDLE) {
                Ok(lookup) => {
                    let Some(hub) = hub.upgrade() else { return };
                    self.look_up(lookup, &hub);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.health.settle(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads what the broker asked for, and gives it back.
    fn look_up(&mut self, lookup: Lookup, hub: &Hub) {
        match lookup {
            Lookup::Pages(request) => {
                let entries = self.read(request.log, request.from, request.bytes_max);
                hub.round(|broker| {
                    broker.on_read(&request, entries.as_deref().map_err(|kind| *kind));
                });
            }
            Lookup::Log(request) => {
                let entries = self.read(request.log, request.from, request.bytes_max);
                hub.round(|broker| {
                    broker.on_log_read(&request, entries.as_deref().map_err(|kind| *kind));
                });
            }
            Lookup::Clients(LoadRequest::Client(id)) => {
                let state = self.reader.client(&id);
                let state = self.note(state);
                hub.round(|broker| broker.on_loaded(&id, state));
            }
            Lookup::Clients(LoadRequest::Clients { after, count_max }) => {
                let listed = self.reader.clients(&after, count_max);
                let listed = self.note(listed);
                hub.round(|broker| {
                    broker.on_listed(listed.as_deref().map_err(|kind| *kind));
                });
            }
            Lookup::Clients(LoadRequest::Ids { after, count_max }) => {
                let ids = self.reader.ids(&after, count_max);
                let ids = self.note(ids);
                hub.round(|broker| broker.on_ids(ids.as_deref().map_err(|kind| *kind)));
            }
        }
    }

    /// Tells of what cannot be read of clients.
    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, FailureKind> {
        match &result {
            Ok(_) => self.health.note_success(),
            Err(error) => self.health.note_failure(error),
        }
        result.map_err(|error| error.kind)
    }

    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, FailureKind> {
        match self.reader.read(log, from, bytes_max) {
            Ok(entries) => {
                self.unreadable.remove(&log);
                self.health.note_success();
                Ok(entries)
            }
            Err(error) if error.kind == FailureKind::Transient => {
                self.health.note_failure(&error);
                Err(error.kind)
            }
            Err(error) => {
                if self.unreadable.insert(log) {
                    tracing::error!(
                        log = log.0,
                        error = &error as &dyn std::error::Error,
                        "the log of a channel cannot be read: its persistent subscribers get none of its messages"
                    );
                }
                Err(error.kind)
            }
        }
    }
}

#[cfg(test)]
mod tests;
