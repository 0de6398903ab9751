//! Lazy writes wait for the store: what a tick hands over goes in lanes, and each lane is closed until
//! the store has answered for what went before. So however long a disk hangs, there is no more under
//! way than one tick writes; what changes meanwhile stays marked as changed.

use std::time::Duration;

use rialto_domain::FailureKind;

use crate::Encoder;

use super::{
    Broker,
    batch::{Awaiting, Lane, Pending},
};

/// How long a lane stays closed when the store has refused something in it, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Batches of a single change that one tick hands over in a lane: in a lane that is taken apart.
const SINGLES_MAX: usize = 64;

/// The state of each lane.
#[derive(Debug, Default)]
pub(super) struct Lanes([State; 4]);

#[derive(Debug, Default)]
struct State {
    /// Batches under way.
    under_way: u32,
    /// Whether the store refused one of those that are under way together.
    is_refused: bool,
    /// Whether changes go one by one, since the store refused some of many and will again.
    is_apart: bool,
    pause: Duration,
    /// Closed until then.
    due: Duration,
}

impl Lanes {
    /// Says whether changes may be handed over in a lane.
    pub(super) fn is_open(&self, lane: Lane, now: Duration) -> bool {
        let state = &self.0[lane as usize];
        state.under_way == 0 && state.due <= now
    }

    /// Returns how many changes go in a lane in one tick: at most `count_max`.
    pub(super) fn room(&self, lane: Lane, count_max: usize) -> usize {
        if self.0[lane as usize].is_apart { count_max.min(SINGLES_MAX) } else { count_max }
    }

    /// Knows what the store answered to a batch.
    pub(super) fn note_answer(&mut self, lane: Lane, failure: Option<FailureKind>, now: Duration) {
        let state = &mut self.0[lane as usize];
        state.under_way -= 1;
        state.is_refused |= failure.is_some();
        state.is_apart |= failure.is_some_and(|kind| kind != FailureKind::Transient);
        if state.under_way > 0 {
            return;
        }
        if std::mem::take(&mut state.is_refused) {
            state.pause = (state.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            state.due = now + state.pause;
        } else {
            (state.pause, state.is_apart) = (Duration::ZERO, false);
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Hands over the lazy writes that gathered in the batch.
    pub(super) fn hand_over_lane(&mut self, lane: Lane) {
        if !self.lanes.0[lane as usize].is_apart {
            self.hand_over_in(lane);
            return;
        }
        for (change, pending) in self.batch.take_apart() {
            self.batch.push(change, pending);
            self.hand_over_in(lane);
        }
    }

    fn hand_over_in(&mut self, lane: Lane) {
        if self.batch.is_empty() {
            return;
        }
        self.batch.push_behind(Pending::Lane(lane));
        self.lanes.0[lane as usize].under_way += 1;
        self.hand_over_batch();
    }
}

/// Says whether a refused batch holds a single lazy write whose place in the store is damaged: to try
/// it again is in vain.
pub(super) fn is_hopeless(batch: &[Awaiting], failure: FailureKind) -> bool {
    let is_single = matches!(batch, [_, Awaiting { pending: Pending::Lane(_), .. }]);
    is_single && failure == FailureKind::Corrupt
}
