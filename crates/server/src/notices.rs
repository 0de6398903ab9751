//! Telling the application who has gone: in order for each client, several clients at a time.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;
use rialto_application::{CloseReason, Departure, Event};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout_at},
};

use crate::{authorizer::Authorizer, hub::Hub};

/// Clients that are told of at the same time.
const LANES: usize = 16;
/// Departures that may wait in each lane.
const LANE_COUNT_MAX: usize = 4096;

/// Where departures are handed in.
pub(crate) struct Notices {
    /// Empty once nothing more is let in.
    lanes: RwLock<Vec<mpsc::Sender<Departure>>>,
    hasher: RandomState,
    dropped: AtomicU64,
    /// Whether the last one was dropped, so that a flood of them is one line in the log.
    is_dropping: AtomicBool,
}

/// Where they come out.
pub(crate) struct Ends(Vec<mpsc::Receiver<Departure>>);

/// Tasks that tell the application.
pub(crate) struct Lanes(Vec<JoinHandle<()>>);

impl Notices {
    pub(crate) fn new() -> (Self, Ends) {
        let (lanes, ends) = (0..LANES).map(|_| mpsc::channel(LANE_COUNT_MAX)).unzip();
        let notices = Notices {
            lanes: RwLock::new(lanes),
            hasher: RandomState::new(),
            dropped: AtomicU64::new(0),
            is_dropping: AtomicBool::new(false),
        };
        (notices, Ends(ends))
    }

    /// Hands a departure in; one that finds its lane full is dropped and counted.
    pub(crate) fn push(&self, departure: Departure) {
        let lane = self.hasher.hash_one(departure.client.as_str()) as usize % LANES;
        let lanes = self.lanes.read();
        let Some(lane) = lanes.get(lane) else { return };
        let is_full = lane.try_send(departure).is_err();
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
    pub(crate) fn start(self, authorizer: &Arc<Authorizer>) -> Lanes {
        let tell = |mut lane: mpsc::Receiver<Departure>| {
            let authorizer = authorizer.clone();
            tokio::spawn(async move {
                while let Some(departure) = lane.recv().await {
                    // Apart, so that an application that panics ends this lane for nobody else.
                    let mut telling = JoinSet::new();
                    telling.spawn(tell(authorizer.clone(), departure));
                    if let Some(Err(error)) = telling.join_next().await {
                        tracing::error!(%error, "the application panicked while handling a departure notification");
                    }
                }
            })
        };
        Lanes(self.0.into_iter().map(tell).collect())
    }
}

impl Lanes {
    /// Lets nothing more in and waits, for so long, until the application has been told of all.
    pub(crate) async fn finish(self, hub: &Hub, within: Duration) {
        hub.end_notices();
        let deadline = Instant::now() + within;
        for mut lane in self.0 {
            if timeout_at(deadline, &mut lane).await.is_err() {
                lane.abort();
            }
        }
    }
}

async fn tell(authorizer: Arc<Authorizer>, departure: Departure) {
    let Some(slot) = authorizer.application() else { return };
    if departure.reason == CloseReason::Asked && slot.events.has(Event::Disconnect) {
        slot.application.disconnected(departure.clone()).await;
    }
    if slot.events.has(Event::Close) {
        slot.application.closed(departure).await;
    }
}
