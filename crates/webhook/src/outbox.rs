//! The queue of notifications, between those who add to it and those who deliver.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    time::{self, Instant},
};

use crate::queue::{Notification, Number, Queue};

/// A queue that can be waited at, and closed.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    has_ready: Notify,
    /// Until when what is left may be delivered, once nothing more is to come.
    closing: watch::Sender<Option<Instant>>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// Nobody delivers any more.
    has_ended: bool,
}

impl Outbox {
    pub(crate) fn new(count_max: usize) -> Self {
        Outbox {
            state: Mutex::new(State { queue: Queue::new(count_max), has_ended: false }),
            has_ready: Notify::new(),
            closing: watch::Sender::new(None),
        }
    }

    /// Appends a notification. Says whether one was lost by that: the oldest of a full queue, or
    /// this one if nobody delivers any more.
    pub(crate) fn push(&self, notification: Notification) -> bool {
        let mut state = self.state.lock();
        if state.has_ended {
            return true;
        }
        let is_one_lost = state.queue.push(notification);
        if state.queue.has_ready() {
            self.has_ready.notify_one();
        }
        is_one_lost
    }

    /// Waits for the next notification that may be delivered; `None` once there is none and none is
    /// to come.
    pub(crate) async fn next(&self) -> Option<(Number, Notification)> {
        let mut closing = self.closing.subscribe();
        loop {
            if let Some(taken) = self.take() {
                return Some(taken);
            }
            if closing.borrow().is_some() {
                return None;
            }
            tokio::select! {
                () = self.has_ready.notified() => {}
                _ = closing.changed() => {}
            }
        }
    }

    /// Ends what was taken.
    pub(crate) fn finish(&self, number: Number) {
        self.state.lock().queue.finish(number);
    }

    /// Says that nothing more is to come, and how long what is left may still be delivered.
    pub(crate) fn close(&self, within: Duration) {
        let now = Instant::now();
        self.closing.send_replace(now.checked_add(within).or(Some(now)));
    }

    /// Waits until the time is up that closing gave; until then, for as long as it takes.
    pub(crate) async fn time_up(&self) {
        let mut closing = self.closing.subscribe();
        let deadline = closing.wait_for(Option::is_some).await.ok().and_then(|until| *until);
        time::sleep_until(deadline.expect("was waited for")).await;
    }

    /// Takes all that is not finished, oldest first; nothing is taken in any more.
    pub(crate) fn end(&self) -> Vec<Notification> {
        let mut state = self.state.lock();
        state.has_ended = true;
        state.queue.drain()
    }

    fn take(&self) -> Option<(Number, Notification)> {
        let mut state = self.state.lock();
        let taken = state.queue.take();
        if state.queue.has_ready() {
            // A push wakes one; whoever is awake wakes the next.
            self.has_ready.notify_one();
        }
        taken
    }
}
