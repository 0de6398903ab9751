//! QoS 1 pushes that no subscription takes, kept for one that is made later (K-35).

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::message::Push;

const COUNT_MAX: usize = 1_000;
const BYTES_MAX: usize = 8 << 20;
/// Channels of which is remembered that their QoS 0 pushes are dropped.
const CHANNELS_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    pushes: VecDeque<Push>,
    bytes: usize,
    /// Hashes of their names, which take the same room however long a broker makes these.
    noted: HashSet<u64>,
    hasher: RandomState,
}

impl Unclaimed {
    /// Keeps a push, unless there are too many or it is kept already. What is not kept stays
    /// unacknowledged, and comes again.
    pub(crate) fn keep(&mut self, push: Push) {
        let bytes = push.channel.len() + push.payload.get().len();
        let fits = self.pushes.len() < COUNT_MAX && self.bytes + bytes <= BYTES_MAX;
        if fits && self.pushes.iter().all(|kept| kept.id != push.id) {
            self.bytes += bytes;
            self.pushes.push_back(push);
        }
    }

    /// Takes the pushes that `is_wanted` by a new subscription, oldest first.
    pub(crate) fn claim(&mut self, is_wanted: impl Fn(&str) -> bool) -> VecDeque<Push> {
        let (claimed, left): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.pushes).into_iter().partition(|push| is_wanted(&push.channel));
        self.pushes = left;
        let bytes = |push: &Push| push.channel.len() + push.payload.get().len();
        self.bytes -= claimed.iter().map(bytes).sum::<usize>();
        claimed
    }

    /// Notes that QoS 0 pushes of a channel are dropped; returns whether that is news.
    pub(crate) fn note_dropped(&mut self, channel: &str) -> bool {
        self.noted.len() < CHANNELS_MAX && self.noted.insert(self.hasher.hash_one(channel))
    }

    /// Forgets the pushes: with the next connection they come again.
    pub(crate) fn on_lost(&mut self) {
        self.pushes.clear();
        self.bytes = 0;
    }
}
