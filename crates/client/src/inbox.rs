//! Pushes between the driver and whoever reads them.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::error::Disconnected;
use crate::message::Push;

/// Bytes of pushes that are kept at most, while a request waits for its acknowledgement.
const BYTES_MAX: usize = 64 << 20;

/// The pushes nobody has read yet, and why no more will come once none will.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    count_max: usize,
    /// Wakes a reader: a push has come, or the end.
    filled: Notify,
    /// Wakes the driver: there is room again.
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    pushes: VecDeque<Push>,
    bytes: usize,
    end: Option<Disconnected>,
}

impl Inbox {
    pub(crate) fn new(count_max: usize) -> Self {
        Inbox {
            state: Mutex::default(),
            count_max: count_max.max(1),
            filled: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Adds one push, and returns whether there was any room for it at all.
    pub(crate) fn add(&self, push: Push) -> bool {
        let mut state = self.state.lock();
        state.bytes += size(&push);
        let fits = state.bytes <= BYTES_MAX || state.pushes.is_empty();
        state.pushes.push_back(push);
        drop(state);
        self.filled.notify_one();
        fits
    }

    pub(crate) fn has_room(&self) -> bool {
        self.state.lock().pushes.len() < self.count_max
    }

    /// Waits until there may be room.
    pub(crate) async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Says that no more will come, and why.
    pub(crate) fn end(&self, reason: Disconnected) {
        self.state.lock().end = Some(reason);
        self.filled.notify_one();
    }

    /// Returns why the client has ended, if it has.
    pub(crate) fn ended(&self) -> Option<Disconnected> {
        self.state.lock().end.clone()
    }

    /// Takes the oldest push, or waits for one.
    pub(crate) async fn take(&self) -> Result<Push, Disconnected> {
        loop {
            if let Some(result) = self.try_take() {
                return result;
            }
            self.filled.notified().await;
        }
    }

    /// Takes the oldest push, or else the reason why none will come, or else nothing.
    pub(crate) fn try_take(&self) -> Option<Result<Push, Disconnected>> {
        let mut state = self.state.lock();
        let Some(push) = state.pushes.pop_front() else {
            let end = state.end.clone()?;
            // Each reader that waits must see the end.
            self.filled.notify_one();
            return Some(Err(end));
        };
        state.bytes -= size(&push);
        if !state.pushes.is_empty() {
            // One note may stand for several pushes: pass it on to the next reader.
            self.filled.notify_one();
        }
        drop(state);
        self.drained.notify_one();
        Some(Ok(push))
    }
}

fn size(push: &Push) -> usize {
    size_of::<Push>() + push.channel.len() + push.payload.get().len() + push.publisher.len()
}
