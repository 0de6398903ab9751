//! What a writer's lock is around: what waits, why it does, and who wants to hear of it.

use std::task::Waker;

use rialto_domain::CloseReason;

use super::accounts::Accounts;
use crate::outbox::Outbox;

/// Changes of what frames take besides their bytes that are not worth a count shared by all.
const UNCOUNTED_BYTES_MAX: usize = 4 << 10;

pub(super) struct State<L> {
    pub(super) outbox: Outbox,
    /// Somebody has taken frames out and is writing them.
    pub(super) writing: bool,
    /// The socket took no more; the connection's task waits until it does.
    pub(super) blocked: bool,
    /// Whether it had its chance to make publishers wait and did not read; see `must_wait_for`.
    pub(super) stuck: bool,
    /// Whether drops were logged since it was last empty.
    pub(super) drop_logged: bool,
    pub(super) close: Option<CloseReason>,
    /// The task wants to be woken by the next flush, whether or not there is anything left to do.
    pub(super) wake_after_flush: bool,
    /// The task wants to be woken once all answers are written.
    pub(super) wake_once_answered: bool,
    /// Room that answers take until they are written.
    pub(super) lease: Option<L>,
    /// Bytes that its task has read.
    pub(super) read_bytes: u64,
    /// Deliveries for which there was no room.
    pub(super) dropped_count: u64,
    /// What is counted, over all connections, of what its frames take besides their bytes.
    pub(super) counted_overhead_bytes: usize,
    /// Whether it is counted as that of a slow peer.
    pub(super) counted_slow: bool,
    pub(super) task: Option<Waker>,
    /// Tasks of publishers that wait for the outbox to drain; an idle connection has none.
    pub(super) publishers: Option<Box<Publishers>>,
}

/// Tasks of publishers that wait.
#[derive(Default)]
pub(super) struct Publishers(Vec<Waker>);

impl<L> State<L> {
    pub(super) fn new(bytes_max: usize) -> Self {
        State {
            outbox: Outbox::new(bytes_max),
            writing: false,
            blocked: false,
            stuck: false,
            drop_logged: false,
            close: None,
            wake_after_flush: false,
            wake_once_answered: false,
            lease: None,
            read_bytes: 0,
            dropped_count: 0,
            counted_overhead_bytes: 0,
            counted_slow: false,
            task: None,
            publishers: None,
        }
    }

    /// Counts what the frames take besides their bytes where all connections are counted: seldom,
    /// since all write there.
    pub(super) fn count_overhead(&mut self, accounts: &impl Accounts) {
        let (before, now) = (self.counted_overhead_bytes, self.outbox.overhead_bytes());
        if UNCOUNTED_BYTES_MAX < before.abs_diff(now) || (now == 0 && before > 0) {
            accounts.change_overhead(before, now);
            self.counted_overhead_bytes = now;
        }
    }

    /// Counts the peer as slow while its outbox is more than half full, and until it is less than a
    /// quarter full: one at the edge is not counted again and again.
    pub(super) fn count_slow(&mut self, accounts: &impl Accounts) {
        let part = if self.counted_slow { 4 } else { 2 };
        let is_slow = self.outbox.bytes_max() / part < self.outbox.bytes();
        if is_slow != self.counted_slow {
            self.counted_slow = is_slow;
            accounts.change_slow(is_slow);
        }
    }

    /// Above this, publishers wait.
    pub(super) fn high_water(&self) -> usize {
        self.outbox.bytes_max() / 4
    }

    pub(super) fn set_task(&mut self, waker: &Waker) {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            self.task = Some(waker.clone());
        }
    }

    pub(super) fn wake_task(&mut self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }

    pub(super) fn on_drained(&mut self) {
        if self.outbox.bytes() <= self.high_water() / 2 {
            self.stuck = false;
            self.wake_publishers();
        }
        if self.outbox.answer_bytes() == 0 {
            self.lease = None;
            if std::mem::take(&mut self.wake_once_answered) {
                self.wake_task();
            }
        }
    }

    pub(super) fn wake_publishers(&mut self) {
        if let Some(publishers) = self.publishers.take() {
            publishers.0.into_iter().for_each(Waker::wake);
        }
    }
}

impl Publishers {
    pub(super) fn add(&mut self, waker: &Waker) {
        if !self.0.iter().any(|publisher| publisher.will_wake(waker)) {
            self.0.push(waker.clone());
        }
    }
}
