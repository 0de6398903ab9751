//! Counting all there is, in steps: nobody waits for the whole of it.
//!
//! Whoever counts locks the broker for a step and lets it go between two. What comes or goes meanwhile
//! is met or not; what stays is met at least once.

mod channels;
mod clients;
mod subscribers;

pub use channels::{ChannelCount, ChannelCounting};
pub use clients::{ClientCount, ClientCounting, SubscriptionCount};
pub use subscribers::{SubscriberCount, SubscriberCounting};

/// Entries that a step looks at, at most.
const STEP_COUNT_MAX: u32 = 256;

/// What looking at something costs: at an entry, at a subscription of one, at a slot with nothing in it.
const ENTRY: u32 = 16;
const SUBSCRIPTION: u32 = 8;
const NOTHING: u32 = 1;

/// After so much it is asked whether there is time left.
const ASKED_EVERY: u32 = 16 * ENTRY;

/// What a step may cost.
struct Step<F> {
    left: u32,
    until_asked: u32,
    has_time: F,
}

impl<F: FnMut() -> bool> Step<F> {
    fn new(has_time: F) -> Self {
        Step { left: STEP_COUNT_MAX * ENTRY, until_asked: ASKED_EVERY, has_time }
    }

    /// Says whether there is room for something of this cost, and takes it.
    fn take(&mut self, cost: u32) -> bool {
        if self.left < cost {
            return false;
        }
        self.left -= cost;
        if self.until_asked < cost {
            self.until_asked = ASKED_EVERY;
            if !(self.has_time)() {
                self.left = 0;
            }
        } else {
            self.until_asked -= cost;
        }
        true
    }
}
