//! Telling the application which sessions have ended: in order for each client, several clients at a time.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;
use rialto_application::{CloseReason, Event, SessionEnded};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout_at},
};

use crate::authorizer::Authorizer;

/// Clients that are told of at the same time.
const LANES: usize = 16;
/// Ended sessions that may wait in each lane.
const LANE_COUNT_MAX: usize = 4096;

/// Where ended sessions are handed in.
pub(crate) struct SessionEvents {
    /// Empty once nothing more is let in.
    lanes: RwLock<Vec<mpsc::Sender<SessionEnded>>>,
    hasher: RandomState,
    dropped: AtomicU64,
    /// Whether the last one was dropped, so that a flood of them is one line in the log.
    is_dropping: AtomicBool,
}

/// Where they come out.
pub(crate) struct Ends(Vec<mpsc::Receiver<SessionEnded>>);

/// Tasks that tell the application.
pub(crate) struct Workers(Vec<JoinHandle<()>>);

impl SessionEvents {
    pub(crate) fn new() -> (Self, Ends) {
        let (lanes, ends) = (0..LANES).map(|_| mpsc::channel(LANE_COUNT_MAX)).unzip();
        let session_events = SessionEvents {
            lanes: RwLock::new(lanes),
            hasher: RandomState::new(),
            dropped: AtomicU64::new(0),
            is_dropping: AtomicBool::new(false),
        };
        (session_events, Ends(ends))
    }

    /// Hands an ended session in; one that finds its lane full is dropped and counted.
    pub(crate) fn push(&self, ended: SessionEnded) {
        let lane = self.hasher.hash_one(ended.client.as_str()) as usize % LANES;
        let lanes = self.lanes.read();
        let Some(lane) = lanes.get(lane) else { return };
        let is_full = lane.try_send(ended).is_err();
        if is_full {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if self.is_dropping.swap(is_full, Ordering::Relaxed) != is_full && is_full {
            tracing::warn!(
                "the application is too slow: some departure notifications were dropped"
            );
        }
    }

    /// Lets nothing more in.
    pub(crate) fn end(&self) {
        self.lanes.write().clear();
    }

    /// Returns how many were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Ends {
    /// Tells the application what comes in, until nothing more can.
    pub(crate) fn start(self, authorizer: &Arc<Authorizer>) -> Workers {
        let tell = |mut lane: mpsc::Receiver<SessionEnded>| {
            let authorizer = authorizer.clone();
            tokio::spawn(async move {
                while let Some(ended) = lane.recv().await {
                    // Apart, so that an application that panics ends this lane for nobody else.
                    let mut telling = JoinSet::new();
                    telling.spawn(tell(authorizer.clone(), ended));
                    if let Some(Err(error)) = telling.join_next().await {
                        tracing::error!(%error, "the application panicked while handling a departure notification");
                    }
                }
            })
        };
        Workers(self.0.into_iter().map(tell).collect())
    }
}

impl Workers {
    /// Waits, for so long, until the application has been told of all; nothing more must be let in.
    pub(crate) async fn finish(self, within: Duration) {
        let deadline = Instant::now() + within;
        for mut worker in self.0 {
            if timeout_at(deadline, &mut worker).await.is_err() {
                worker.abort();
            }
        }
    }
}

async fn tell(authorizer: Arc<Authorizer>, ended: SessionEnded) {
    let Some(slot) = authorizer.application() else { return };
    if ended.reason == CloseReason::Asked && slot.events.has(Event::Disconnect) {
        slot.application.disconnected(ended.clone()).await;
    }
    if slot.events.has(Event::Close) {
        slot.application.closed(ended).await;
    }
}
