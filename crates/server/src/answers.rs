//! Room for large answers, which all connections share.
//!
//! An answer can be ten thousand times as large as the question. So room is taken before it is made,
//! and given back once it is written; where there is none, the question waits, in the order in which
//! it came. Whoever has room and does not read while others wait for it is closed.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use parking_lot::Mutex;
use rialto_broker::ConnectionKey;
use rialto_stopwatch::running;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Bytes of large answers that may wait to be read, over all connections.
const BYTES_MAX: usize = 32 << 20;
/// Bytes of answers for which no room has to be taken.
pub(crate) const FREE_BYTES: usize = 64 << 10;
/// How long one may take to read its answers while others wait for room.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// Who has room for large answers, and who waits for some.
pub(crate) struct Answers {
    room: Arc<Semaphore>,
    /// Oldest first.
    loans: Mutex<Vec<Weak<Loan>>>,
    waiting: AtomicUsize,
}

/// Room for answers that are being made; given back when dropped.
pub(crate) struct Room(OwnedSemaphorePermit);

/// Whose answers take room.
#[derive(Debug, Clone)]
pub(crate) enum Borrower {
    /// A connection that the broker knows.
    Client(ConnectionKey),
    /// An HTTP connection, which ends when it is notified.
    Http(Arc<Notify>),
}

/// Room that a connection's answers take until they are written; given back when dropped.
pub(crate) struct Lease {
    _loan: Arc<Loan>,
}

struct Loan {
    _room: Room,
    borrower: Borrower,
    /// How long this process had run by then.
    since: Duration,
}

/// A question that waits for room; its place is given up when dropped.
pub(crate) struct Queued {
    room: Pin<Box<dyn Future<Output = Option<Room>> + Send>>,
    answers: Arc<Answers>,
}

impl Answers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Answers {
            room: Arc::new(Semaphore::new(BYTES_MAX)),
            loans: Mutex::default(),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Takes room for so many bytes, if there is some and nobody waits for it. No answer needs more
    /// than all there is.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Room> {
        self.room.clone().try_acquire_many_owned(permits(bytes)).ok().map(Room)
    }

    /// Waits for room for so many bytes.
    pub(crate) fn queue(self: &Arc<Self>, bytes: usize) -> Queued {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let room = self.room.clone();
        let room = async move { room.acquire_many_owned(permits(bytes)).await.ok().map(Room) };
        Queued { room: Box::pin(room), answers: self.clone() }
    }

    /// Takes room for so many bytes, and waits until there is some.
    pub(crate) async fn take(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let mut queued = self.queue(bytes);
        poll_fn(|context| queued.poll(context)).await
    }

    /// Notes that room is taken by the answers of this connection from now on.
    pub(crate) fn lend(&self, room: Room, borrower: Borrower) -> Lease {
        let loan = Arc::new(Loan { _room: room, borrower, since: running() });
        let mut loans = self.loans.lock();
        loans.retain(|loan| loan.strong_count() > 0);
        loans.push(Arc::downgrade(&loan));
        Lease { _loan: loan }
    }

    /// Returns the connections that keep others waiting for longer than they may; `now` is how long
    /// this process has run.
    pub(crate) fn overdue(&self, now: Duration) -> Vec<Borrower> {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let loans = self.loans.lock();
        let lent = loans.iter().filter_map(Weak::upgrade);
        let overdue = lent.filter(|loan| loan.since + READ_WITHIN <= now);
        overdue.map(|loan| loan.borrower.clone()).collect()
    }
}

impl Room {
    /// Returns its bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_permits()
    }

    /// Adds other room to it.
    pub(crate) fn merge(&mut self, other: Room) {
        self.0.merge(other.0);
    }
}

impl Queued {
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Room>> {
        self.room.as_mut().poll(context)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.answers.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes.min(BYTES_MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
