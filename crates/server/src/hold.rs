//! What a connection waits for before it is read again.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rialto_broker::ConnectionKey;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::{
    answers::{Queued, Room},
    doorkeeper::Verdict,
    hangup::HangUp,
    hub::Hub,
    intake::Backlog,
    outlet::Outlet,
    parked::{Cause, Waiting},
};

/// Pause behind each read of a connection while memory is pressed.
const PRESSED_PAUSE: Duration = Duration::from_millis(10);

/// Why a connection is read no further for the moment.
pub(crate) enum Hold {
    /// Somebody decides on what it sent; and whether it is still there meanwhile.
    Decision(Waiting, HangUp),
    /// It has to read what it asked for, before it may ask for more.
    Answers(Unread),
    /// Receivers are behind, and are waited for until then.
    Receivers(Vec<Arc<Outlet>>, Pin<Box<Sleep>>),
    /// The store has enough of its messages.
    Store,
    /// Too much waits, over all connections: this one is read more slowly.
    Memory(Pin<Box<Sleep>>),
}

/// A connection that has not read its answers.
pub(crate) struct Unread {
    /// What it asked besides, if that was read already.
    waiting: Option<Waiting>,
    /// Whether answers are still to come, from the store or when those before are read.
    is_owed: bool,
    /// Its place among those that wait for room for a large answer.
    queued: Option<Queued>,
    patience: Patience,
}

/// Waits for a connection as long as it reads anything at all.
struct Patience {
    /// How long a look lasts.
    look: Duration,
    until: Pin<Box<Sleep>>,
    /// Looks in a row at which nothing had been written since the one before.
    vain_looks: u32,
    written: u64,
}

/// The connection that is held, as a hold sees it.
pub(crate) struct Held<'a> {
    pub(crate) hub: &'a Arc<Hub>,
    pub(crate) outlet: &'a Outlet,
    pub(crate) key: ConnectionKey,
}

/// With what a connection goes on.
#[derive(Default)]
pub(crate) struct Release {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) room: Option<Room>,
}

impl Hold {
    pub(crate) fn answers(waiting: Option<Waiting>, is_owed: bool, patience: Duration) -> Self {
        let patience = Patience::new(patience);
        Hold::Answers(Unread { waiting, is_owed, queued: None, patience })
    }

    /// Ready when the connection may go on.
    pub(crate) fn poll(&mut self, held: &Held<'_>, context: &mut Context<'_>) -> Poll<Release> {
        match self {
            Hold::Decision(waiting, _) => {
                let Cause::Decision(decision) = &mut waiting.cause else {
                    return Poll::Ready(Release::default());
                };
                let verdict = ready!(decision.poll(context));
                return Poll::Ready(Release { verdict: Some(verdict), room: None });
            }
            Hold::Answers(unread) => return unread.poll(held, context),
            Hold::Receivers(behind, until) => {
                behind.retain(|outlet| outlet.must_wait_for(Some(context.waker())));
                if !behind.is_empty() {
                    ready!(until.as_mut().poll(context));
                    for outlet in behind {
                        outlet.give_up_waiting();
                    }
                }
            }
            Hold::Store => {
                held.outlet.wake_after_flush();
                if held.hub.round(|broker| Backlog::of(broker, held.key)).is_above(2) {
                    return Poll::Pending;
                }
            }
            Hold::Memory(until) => ready!(until.as_mut().poll(context)),
        }
        Poll::Ready(Release::default())
    }

    /// Reads a connection more slowly.
    pub(crate) fn pause() -> Self {
        Hold::Memory(Box::pin(sleep(PRESSED_PAUSE)))
    }

    /// Returns what was read and waits.
    pub(crate) fn into_waiting(self) -> Option<Waiting> {
        match self {
            Hold::Decision(waiting, _) => Some(waiting),
            Hold::Answers(unread) => unread.waiting,
            Hold::Receivers(..) | Hold::Store | Hold::Memory(_) => None,
        }
    }
}

impl Unread {
    fn poll(&mut self, held: &Held<'_>, context: &mut Context<'_>) -> Poll<Release> {
        let Held { hub, outlet, key } = *held;
        loop {
            if outlet.has_answers() {
                ready!(self.patience.poll(outlet.written(), context));
                tracing::debug!(
                    "a client does not read its answers: it is not read further (backpressure)"
                );
                hub.close_unread(key);
                return Poll::Pending;
            }
            if !self.is_owed {
                break;
            }
            outlet.wake_after_flush();
            let is_under_way = hub.round(|broker| {
                broker.deliver_due(key);
                broker.is_answer_under_way(key)
            });
            if outlet.has_answers() {
                continue;
            }
            if is_under_way {
                return Poll::Pending;
            }
            self.is_owed = false;
        }
        let Some(Waiting { cause: Cause::Answers { wanted, verdict }, .. }) = &mut self.waiting
        else {
            hub.round(|broker| broker.heard(key));
            return Poll::Ready(Release::default());
        };
        let mut room = None;
        if *wanted > 0 {
            let queued = self.queued.get_or_insert_with(|| hub.answers.queue(*wanted));
            room = ready!(queued.poll(context));
            self.queued = None;
        }
        Poll::Ready(Release { verdict: verdict.take(), room })
    }
}

impl Patience {
    /// Looks that are taken before patience ends.
    const LOOKS: u32 = 4;

    fn new(lasts: Duration) -> Self {
        let look = lasts / Self::LOOKS;
        Patience { look, until: Box::pin(sleep(look)), vain_looks: 0, written: 0 }
    }

    /// Ready when nothing was written for too long; `written` is what ever was.
    fn poll(&mut self, written: u64, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.until.as_mut().poll(context));
            let has_read = std::mem::replace(&mut self.written, written) != written;
            self.vain_looks = if has_read { 0 } else { self.vain_looks + 1 };
            if Self::LOOKS <= self.vain_looks {
                return Poll::Ready(());
            }
            self.until.as_mut().reset(Instant::now() + self.look);
        }
    }
}

/// Waits for receivers for so long at most.
pub(crate) fn for_receivers(behind: Vec<Arc<Outlet>>, stall_max: Duration) -> Hold {
    Hold::Receivers(behind, Box::pin(sleep_until(Instant::now() + stall_max)))
}
