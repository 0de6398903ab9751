//! Where messages wait for the task of a tail. What does not fit is counted, never waited for.

use std::collections::VecDeque;

use parking_lot::Mutex;
use rialto_broker::{Decision, Happened, Passing, Reach, TailScope, TailSink};
use rialto_domain::{ClientId, Qos, Sequence, UnixMs};
use tokio::sync::Notify;

/// Most messages that wait, and most bytes of their payloads and names.
const COUNT_MAX: usize = 256;
const BYTES_MAX: usize = 1 << 20;

/// Longest payload that is told.
pub(super) const PAYLOAD_BYTES_MAX: usize = 16 << 10;

/// Messages on their way to one tail.
#[derive(Debug)]
pub(super) struct Ring {
    scope: TailScope,
    has_payloads: bool,
    /// Whether payloads that are too long to be told are needed, too.
    is_filtered: bool,
    waiting: Mutex<Waiting>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    seen: VecDeque<Seen>,
    bytes: usize,
    /// Messages that came since the last look.
    passed: u64,
    /// Those of them that did not fit.
    lost: u64,
    /// Those that came while it was muted.
    muted: u64,
    /// Whether they are only counted.
    is_muted: bool,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) seen: VecDeque<Seen>,
    pub(super) passed: u64,
    pub(super) lost: u64,
    pub(super) muted: u64,
}

/// Something that a tail was told of, copied.
#[derive(Debug)]
pub(super) enum Seen {
    Message(Box<Message>),
    Dropped { client: String, count: u32, at: UnixMs },
}

/// A message that passed.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) at: UnixMs,
    pub(super) channel: String,
    pub(super) publisher: String,
    pub(super) server: Option<String>,
    pub(super) on_behalf_of: Option<String>,
    pub(super) qos: Qos,
    /// Bytes of its payload.
    pub(super) bytes: usize,
    /// None where it is not to be told, or is too long.
    pub(super) payload: Option<Vec<u8>>,
    pub(super) decision: Decided,
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum Decided {
    Routed(Reach),
    Refused(String),
    RetainedTo(String),
    ReplayedTo(String, Sequence),
}

impl Ring {
    pub(super) fn new(scope: TailScope, has_payloads: bool, is_filtered: bool) -> Self {
        let (waiting, woken) = (Mutex::default(), Notify::new());
        Ring { scope, has_payloads, is_filtered, waiting, woken }
    }

    /// Waits until something came.
    pub(super) async fn wait(&self) {
        self.woken.notified().await;
    }

    /// Takes what came.
    pub(super) fn take(&self) -> Taken {
        let mut waiting = self.waiting.lock();
        let Waiting { seen, passed, lost, muted, is_muted, .. } = std::mem::take(&mut *waiting);
        waiting.is_muted = is_muted;
        Taken { seen, passed, lost, muted }
    }

    /// Sets whether messages are only counted.
    pub(super) fn mute(&self, is_muted: bool) {
        self.waiting.lock().is_muted = is_muted;
    }

    /// Copies a message, without its payload where that is not to be told.
    fn copy(&self, message: &Passing<'_>) -> Message {
        let Passing { channel, publisher, server, on_behalf_of, at, qos, payload, decision } =
            *message;
        let is_copied =
            self.has_payloads && (self.is_filtered || payload.len() <= PAYLOAD_BYTES_MAX);
        Message {
            at,
            channel: channel.to_owned(),
            publisher: publisher.to_owned(),
            server: server.map(str::to_owned),
            on_behalf_of: on_behalf_of.map(str::to_owned),
            qos,
            bytes: payload.len(),
            payload: is_copied.then(|| payload.to_vec()),
            decision: Decided::of(decision),
        }
    }
}

impl TailSink for Ring {
    fn scope(&self) -> &TailScope {
        &self.scope
    }

    fn offer(&self, happened: &Happened<'_>) {
        let mut waiting = self.waiting.lock();
        let (message_count, bytes) = match happened {
            Happened::Message(Passing { payload, channel, publisher, .. }) => {
                (1, payload.len() + channel.len() + publisher.len())
            }
            Happened::Dropped { client, .. } => (0, client.as_str().len()),
        };
        waiting.passed += message_count;
        if waiting.is_muted {
            waiting.muted += message_count;
            return;
        }
        if COUNT_MAX <= waiting.seen.len() || BYTES_MAX < waiting.bytes + bytes {
            waiting.lost += message_count;
            return;
        }
        waiting.bytes += bytes;
        waiting.seen.push_back(match happened {
            Happened::Message(message) => Seen::Message(Box::new(self.copy(message))),
            Happened::Dropped { client, count, at } => {
                Seen::Dropped { client: client.as_str().to_owned(), count: *count, at: *at }
            }
        });
        drop(waiting);
        self.woken.notify_one();
    }
}

impl Decided {
    fn of(decision: Decision<'_>) -> Self {
        let owned = |client: &ClientId| client.as_str().to_owned();
        match decision {
            Decision::Routed(reach) => Decided::Routed(reach),
            Decision::Refused(reject) => Decided::Refused(reject.to_string()),
            Decision::RetainedTo(client) => Decided::RetainedTo(owned(client)),
            Decision::ReplayedTo(client, sequence) => Decided::ReplayedTo(owned(client), sequence),
        }
    }
}

#[cfg(test)]
mod tests;
