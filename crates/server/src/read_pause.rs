//! Backpressure on one connection: why it is not read for the moment, and when it is read again.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rialto_broker::ConnectionKey;
use rialto_session::Verdict;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::{
    answers::{Queued, Room},
    connection_writer::ConnectionWriter,
    hangup::HangUp,
    hub::Hub,
    parked::{Cause, ParkedPackets},
    pipeline::Uncommitted,
};

/// Pause behind each read of a connection while memory is pressed.
const PRESSED_PAUSE: Duration = Duration::from_millis(10);

/// Why a connection is read no further for the moment.
pub(crate) enum ReadPause {
    /// Somebody decides on what it sent; and whether it is still there meanwhile.
    Decision(ParkedPackets, HangUp),
    /// It has to read what it asked for, before it may ask for more.
    Answers(Unread),
    /// The receivers of what it publishes are slow consumers, and are waited for until then.
    Receivers(Vec<Arc<ConnectionWriter>>, Pin<Box<Sleep>>),
    /// The store has enough of its messages.
    Store,
    /// Too much waits, over all connections: this one is read more slowly.
    Memory(Pin<Box<Sleep>>),
}

/// A connection that has not read its answers.
pub(crate) struct Unread {
    /// What it asked besides, if that was read already.
    waiting: Option<ParkedPackets>,
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

/// What a pause sees of the connection that is paused.
pub(crate) struct Paused<'a> {
    pub(crate) hub: &'a Arc<Hub>,
    pub(crate) writer: &'a ConnectionWriter,
    pub(crate) key: ConnectionKey,
}

/// With what a connection goes on.
#[derive(Default)]
pub(crate) struct Release {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) room: Option<Room>,
}

impl ReadPause {
    pub(crate) fn answers(
        waiting: Option<ParkedPackets>,
        is_owed: bool,
        patience: Duration,
    ) -> Self {
        let patience = Patience::new(patience);
        ReadPause::Answers(Unread { waiting, is_owed, queued: None, patience })
    }

    /// Ready when the connection may go on.
    pub(crate) fn poll(&mut self, paused: &Paused<'_>, context: &mut Context<'_>) -> Poll<Release> {
        match self {
            ReadPause::Decision(waiting, _) => {
                let Cause::Decision(decision) = &mut waiting.cause else {
                    return Poll::Ready(Release::default());
                };
                let verdict = ready!(decision.poll(context));
                return Poll::Ready(Release { verdict: Some(verdict), room: None });
            }
            ReadPause::Answers(unread) => return unread.poll(paused, context),
            ReadPause::Receivers(behind, until) => {
                behind.retain(|writer| writer.must_wait_for(Some(context.waker())));
                if !behind.is_empty() {
                    ready!(until.as_mut().poll(context));
                    for writer in behind {
                        writer.give_up_waiting();
                    }
                }
            }
            ReadPause::Store => {
                paused.writer.wake_after_flush();
                if paused.hub.round(|broker| Uncommitted::of(broker, paused.key)).is_above(2) {
                    return Poll::Pending;
                }
            }
            ReadPause::Memory(until) => ready!(until.as_mut().poll(context)),
        }
        Poll::Ready(Release::default())
    }

    /// Reads a connection more slowly.
    pub(crate) fn for_memory() -> Self {
        ReadPause::Memory(Box::pin(sleep(PRESSED_PAUSE)))
    }

    /// Returns what was read and waits.
    pub(crate) fn into_waiting(self) -> Option<ParkedPackets> {
        match self {
            ReadPause::Decision(waiting, _) => Some(waiting),
            ReadPause::Answers(unread) => unread.waiting,
            ReadPause::Receivers(..) | ReadPause::Store | ReadPause::Memory(_) => None,
        }
    }
}

impl Unread {
    fn poll(&mut self, paused: &Paused<'_>, context: &mut Context<'_>) -> Poll<Release> {
        let Paused { hub, writer, key } = *paused;
        loop {
            if writer.has_answers() {
                ready!(self.patience.poll(writer.written(), context));
                tracing::debug!(
                    "a client does not read its answers: it is not read further (backpressure)"
                );
                hub.close_unread(key);
                return Poll::Pending;
            }
            if !self.is_owed {
                break;
            }
            writer.wake_after_flush();
            let is_under_way = hub.round(|broker| {
                broker.deliver_due(key);
                broker.is_answer_under_way(key)
            });
            if writer.has_answers() {
                continue;
            }
            if is_under_way {
                return Poll::Pending;
            }
            self.is_owed = false;
        }
        let Some(ParkedPackets { cause: Cause::Answers { wanted, verdict }, .. }) =
            &mut self.waiting
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
pub(crate) fn for_receivers(behind: Vec<Arc<ConnectionWriter>>, stall_max: Duration) -> ReadPause {
    ReadPause::Receivers(behind, Box::pin(sleep_until(Instant::now() + stall_max)))
}
