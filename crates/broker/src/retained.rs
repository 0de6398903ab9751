//! A channel's retained message, and how sure it is that the store will have it.
//!
//! A QoS 1 message is retained once it is stored. One of QoS 0 is retained at once and stored at the
//! next tick, for which the store may have no room: then what was retained before is so again, so
//! that what subscribers get is what they would get after a restart.

use rialto_domain::Retained;

use crate::{
    ConnectionKey,
    memory::{allocated, shared, shared_payload},
};

/// A share of the ceiling that a message under way has taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// How much channels may retain together.
#[derive(Debug, Clone, Copy)]
pub struct RetainedLimits {
    /// Messages.
    pub count_max: usize,
    /// Memory that they take, each with its channel.
    pub bytes_max: usize,
}

impl Default for RetainedLimits {
    fn default() -> Self {
        RetainedLimits { count_max: 1_000_000, bytes_max: 256 << 20 }
    }
}

/// The retained message and its place among the channel's retained messages.
#[derive(Debug)]
pub(crate) struct RetainedMessage {
    pub(crate) message: Retained,
    /// Grows with each retained publish the broker took in, so that a slow commit cannot bring
    /// back an older message.
    pub(crate) version: u64,
    /// Whether the store has it, or is asked to.
    state: State,
    /// Whether it is on its way to the store, and its outcome will come.
    is_under_way: bool,
    /// Who wants to hear that it is refused after all.
    publisher: Option<Request>,
}

/// A request of a client that a late refusal can be told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) connection: ConnectionKey,
    pub(crate) id: Box<str>,
}

#[derive(Debug)]
enum State {
    Stored,
    /// The store has so many bytes in its place, which this one does not exceed: it will be stored.
    HasRoom(usize),
    /// The store may have no room for it. If so, what was there before is retained again.
    IsUnsure(Option<Box<RetainedMessage>>),
}

/// What the outcome of a write leads to.
#[derive(Debug)]
pub(crate) struct Written {
    /// What is retained now.
    pub(crate) retained: Option<Box<RetainedMessage>>,
    /// Whether a message was refused for good, and who is to be told.
    pub(crate) refused: Option<Option<Request>>,
}

impl RetainedMessage {
    /// Makes one that the store has.
    pub(crate) fn stored(message: Retained, version: u64) -> Self {
        RetainedMessage {
            message,
            version,
            state: State::Stored,
            is_under_way: false,
            publisher: None,
        }
    }

    /// Makes one that is yet to be stored, in place of what is retained now.
    pub(crate) fn unstored(
        message: Retained,
        version: u64,
        publisher: Option<Request>,
        present: Option<Box<RetainedMessage>>,
    ) -> Self {
        RetainedMessage { publisher, ..RetainedMessage::stored(message, version) }.over(present)
    }

    /// Says whether nothing is left to be done to have it stored.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.state, State::Stored)
    }

    /// Says whether the store may have no room for it.
    pub(crate) fn is_unsure(&self) -> bool {
        matches!(self.state, State::IsUnsure(_))
    }

    /// Says whether one of so many bytes, its publisher's name included, surely has room in the
    /// store once it is to be retained instead of this one.
    pub(crate) fn leaves_room_for(&self, bytes: usize) -> bool {
        match &self.state {
            State::IsUnsure(Some(before)) if !self.is_under_way => before.leaves_room_for(bytes),
            State::IsUnsure(_) => false,
            State::Stored | State::HasRoom(_) => bytes <= self.room(),
        }
    }

    /// Returns the memory it takes, and what it stands in for until it is stored.
    pub(crate) fn bytes(&self) -> usize {
        let before = match &self.state {
            State::IsUnsure(Some(before)) => before.bytes(),
            _ => 0,
        };
        let request = self.publisher.as_ref().map_or(0, |request| allocated(request.id.len()));
        before
            + request
            + bytes_of(self.message.publisher.as_str().len(), self.message.payload.len())
    }

    /// Hands it over to the store.
    pub(crate) fn hand_over(&mut self) -> Retained {
        self.is_under_way = true;
        self.message.clone()
    }

    /// Puts it in the place of another, or of none.
    pub(crate) fn over(mut self, present: Option<Box<RetainedMessage>>) -> Self {
        self.state = match present {
            Some(present) => match present.state {
                // Nothing of it will ever be stored.
                State::IsUnsure(before) if !present.is_under_way => return self.over(before),
                State::Stored | State::HasRoom(_) if self.len() <= present.room() => {
                    State::HasRoom(present.room())
                }
                _ => State::IsUnsure(Some(present)),
            },
            None => State::IsUnsure(None),
        };
        self
    }

    /// Takes the outcome of the write of one version, which may be this one or one that it replaced.
    pub(crate) fn written(mut self: Box<Self>, version: u64, is_done: bool) -> Written {
        if self.version == version {
            self.is_under_way = false;
            return match self.state {
                _ if is_done => {
                    (self.state, self.publisher) = (State::Stored, None);
                    Written { retained: Some(self), refused: None }
                }
                State::IsUnsure(before) => {
                    Written { retained: before, refused: Some(self.publisher) }
                }
                State::Stored | State::HasRoom(_) => {
                    Written { retained: Some(self), refused: None }
                }
            };
        }
        match std::mem::replace(&mut self.state, State::Stored) {
            State::IsUnsure(Some(before)) => {
                let Written { retained, refused } = before.written(version, is_done);
                Written { retained: Some(Box::new(self.over(retained))), refused }
            }
            state => {
                self.state = state;
                Written { retained: Some(self), refused: None }
            }
        }
    }

    /// Returns the bytes that the store has, or is about to have, in its place.
    fn room(&self) -> usize {
        match self.state {
            State::HasRoom(bytes) if !self.is_under_way => bytes,
            _ => self.len(),
        }
    }

    fn len(&self) -> usize {
        self.message.publisher.as_str().len() + self.message.payload.len()
    }
}

/// Returns the memory that a retained message of this size takes.
pub(crate) fn bytes_of(publisher_bytes: usize, payload_bytes: usize) -> usize {
    allocated(size_of::<RetainedMessage>())
        + shared(publisher_bytes)
        + shared_payload(payload_bytes)
}

#[cfg(test)]
mod tests;
