//! A bus in memory, for tests: its connections can be cut, and then lose what a real one would lose.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{Bus, BusError, BusReceiver, BusSender, Heard, Outgoing, Subject};

/// Messages that wait for one receiver, before it counts as too slow.
const INBOX_COUNT_MAX: usize = 10_000;

/// What connections of a [`MemoryBus`] meet in.
#[derive(Debug, Clone, Default)]
pub struct MemoryExchange(Arc<Mutex<Exchange>>);

#[derive(Debug, Default)]
struct Exchange {
    connections: Vec<Connection>,
    last: u64,
    is_away: bool,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    subjects: BTreeSet<Subject>,
    inbox: mpsc::Sender<(Subject, Bytes)>,
}

impl MemoryExchange {
    /// Makes a bus that meets here with all others.
    #[must_use]
    pub fn bus(&self) -> MemoryBus {
        MemoryBus(self.clone())
    }

    /// Ends all connections; those that come later are served.
    pub fn cut(&self) {
        self.locked().connections.clear();
    }

    /// Ends all connections, and takes no others until it is set otherwise.
    pub fn set_away(&self, is_away: bool) {
        let mut exchange = self.locked();
        exchange.is_away = is_away;
        if is_away {
            exchange.connections.clear();
        }
    }

    fn locked(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bus in memory.
#[derive(Debug, Clone)]
pub struct MemoryBus(MemoryExchange);

/// The sending half of a connection in memory.
#[derive(Debug)]
pub struct MemorySender {
    exchange: MemoryExchange,
    id: u64,
}

/// The receiving half.
#[derive(Debug)]
pub struct MemoryReceiver(mpsc::Receiver<(Subject, Bytes)>);

impl Bus for MemoryBus {
    type Sender = MemorySender;
    type Receiver = MemoryReceiver;

    async fn connect(&mut self) -> Result<(MemorySender, MemoryReceiver), BusError> {
        let mut exchange = self.0.locked();
        if exchange.is_away {
            return Err(BusError::Closed);
        }
        exchange.last += 1;
        let id = exchange.last;
        let (inbox, receiver) = mpsc::channel(INBOX_COUNT_MAX);
        exchange.connections.push(Connection { id, subjects: BTreeSet::new(), inbox });
        Ok((MemorySender { exchange: self.0.clone(), id }, MemoryReceiver(receiver)))
    }
}

impl MemorySender {
    fn with<R>(&self, act: impl FnOnce(&mut BTreeSet<Subject>) -> R) -> Result<R, BusError> {
        let mut exchange = self.exchange.locked();
        let own = exchange.connections.iter_mut().find(|it| it.id == self.id);
        own.map(|connection| act(&mut connection.subjects)).ok_or(BusError::Closed)
    }
}

impl BusSender for MemorySender {
    async fn subscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        self.with(|own| own.extend(subjects.iter().cloned()))
    }

    async fn unsubscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        self.with(|own| subjects.iter().for_each(|subject| _ = own.remove(subject)))
    }

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<Vec<Heard>, BusError> {
        self.check().await?;
        let mut exchange = self.exchange.locked();
        let mut heard = Vec::new();
        for Outgoing { subject, bytes, .. } in batch {
            let mut count = 0;
            // Whoever is too slow is cut off, as a server does.
            exchange.connections.retain(|it| {
                let is_for = it.subjects.contains(subject);
                count += u64::from(is_for);
                !is_for || it.inbox.try_send((subject.clone(), bytes.clone())).is_ok()
            });
            heard.push(Heard::By(count));
        }
        Ok(heard)
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.with(|_| ())
    }
}

impl Drop for MemorySender {
    fn drop(&mut self) {
        self.exchange.locked().connections.retain(|it| it.id != self.id);
    }
}

impl BusReceiver for MemoryReceiver {
    async fn next(&mut self) -> Result<(Subject, Bytes), BusError> {
        self.0.recv().await.ok_or(BusError::Closed)
    }
}
