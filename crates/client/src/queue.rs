//! Publishes that wait for room, in the order of the calls (K-45).

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, Notify};

/// Lets one caller after the other try for room, and wakes the first of them when there may be some.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting_count: AtomicUsize,
    /// Whoever holds it is the first; others get it in the order in which they asked.
    front: Mutex<()>,
    room: Notify,
}

/// A place in the queue, which is given up with the future that waits.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn behind(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Place(count)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Queue {
    /// Returns whether nobody waits, so that whoever comes overtakes nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting_count.load(Ordering::Acquire) == 0
    }

    /// Says that there may be room.
    pub(crate) fn notice_room(&self) {
        self.room.notify_waiters();
    }

    /// Waits for its turn, and then tries whenever there may be room, until that gives something.
    pub(crate) async fn wait_for<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        let _place = Place::behind(&self.waiting_count);
        let _front = self.front.lock().await;
        loop {
            let mut room = pin!(self.room.notified());
            // From here on no notice is missed.
            room.as_mut().enable();
            if let Some(result) = attempt() {
                return result;
            }
            room.await;
        }
    }
}
