//! A message on its way to the bus.

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::Subject;

/// Memory that a message takes besides its bytes, about.
pub(crate) const OVERHEAD_BYTES: usize = 160;

/// What a message is, which decides what becomes of it when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says that something is in the database.
    Doorbell,
    /// Is the only copy of what it carries.
    Run,
}

/// A message to be published.
#[derive(Debug)]
pub struct Outgoing {
    /// What on.
    pub subject: Subject,
    /// What it is.
    pub kind: Kind,
    /// The message.
    pub bytes: Bytes,
    /// The same without its pages, for a doorbell that has any.
    pub bare: Option<Bytes>,
    /// Who wants to know how many heard it. Told nothing if it is dropped.
    pub heard: Option<oneshot::Sender<Heard>>,
}

impl Outgoing {
    /// Makes one of which nobody wants to know anything.
    #[must_use]
    pub fn new(subject: Subject, kind: Kind, bytes: Bytes) -> Self {
        Outgoing { subject, kind, bytes, bare: None, heard: None }
    }

    /// Adds what is sent instead where there is too little room.
    #[must_use]
    pub fn with_bare(self, bare: Bytes) -> Self {
        Outgoing { bare: Some(bare), ..self }
    }

    pub(crate) fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD_BYTES
    }

    /// Takes its pages out; returns how many bytes that makes free.
    pub(crate) fn strip(&mut self) -> usize {
        let Some(bare) = self.bare.take() else { return 0 };
        let before = std::mem::replace(&mut self.bytes, bare).len();
        before.saturating_sub(self.bytes.len())
    }
}

/// How many connections got a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// So many, one's own among them.
    By(u64),
    /// The engine does not say.
    Unknown,
}
