//! What was read of a connection and has to wait, and what it waits for.

use rialto_domain::CloseReason;
use rialto_session::{Dialect, Verdict};

use crate::{decision::Decision, memory::ParkedBytes};

/// A frame as its carrier has it.
pub(crate) trait Frame<'f>: Copy {
    /// Returns what it says in a dialect.
    fn decode<D: Dialect>(self, json_depth_max: usize) -> D::Packet<'f>;

    /// Returns its bytes.
    fn bytes(self) -> &'f [u8];
}

/// Frames that wait, in one piece of memory however small they are.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    /// How many do not wait any more.
    gone: usize,
}

/// Frames that wait, with what they wait for and what comes behind them.
pub(crate) struct ParkedPackets {
    pub(crate) cause: Cause,
    pub(crate) frames: Parked,
    pub(crate) tail: Tail,
    /// Counts the frames as something that waits.
    pub(crate) counted: Option<ParkedBytes>,
}

impl ParkedPackets {
    /// Says whether only the peer itself has anything of what waits here: an answer.
    pub(crate) fn is_for_peer_only(&self) -> bool {
        let is_all = self.frames.iter().len() == 1;
        is_all && matches!(&self.cause, Cause::Decision(decision) if decision.is_for_peer_only())
    }
}

/// What frames wait for.
pub(crate) enum Cause {
    /// Somebody decides on the first of them.
    Decision(Decision),
    /// The connection's own answers, which have to be read first, and then room for so many bytes
    /// more. The first of the frames may have been decided on already.
    Answers { wanted: usize, verdict: Option<Verdict> },
}

/// What comes behind the frames of one read.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Control frames of a WebSocket, which go out behind the answers to the frames.
    pub(crate) answers: Vec<u8>,
    /// Why nothing follows, if nothing does.
    pub(crate) end: Option<CloseReason>,
}

impl<'f> Frame<'f> for &'f [u8] {
    #[inline]
    fn decode<D: Dialect>(self, json_depth_max: usize) -> D::Packet<'f> {
        D::decode(self, json_depth_max)
    }

    fn bytes(self) -> &'f [u8] {
        self
    }
}

/// A text message of a WebSocket.
impl<'f> Frame<'f> for &'f str {
    #[inline]
    fn decode<D: Dialect>(self, json_depth_max: usize) -> D::Packet<'f> {
        D::decode_text(self, json_depth_max)
    }

    fn bytes(self) -> &'f [u8] {
        self.as_bytes()
    }
}

impl Parked {
    /// Copies frames of one read, which is never near 4 GiB.
    pub(crate) fn of<'f>(frames: impl Iterator<Item = &'f [u8]>) -> Self {
        let mut parked = Parked::default();
        for frame in frames {
            parked.bytes.extend_from_slice(frame);
            parked.ends.push(parked.bytes.len() as u32);
        }
        parked.bytes.shrink_to_fit();
        parked.ends.shrink_to_fit();
        parked
    }

    /// Returns the memory they take.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Iterates over the frames that wait.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (self.gone..self.ends.len()).map(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.bytes[start as usize..self.ends[index] as usize]
        })
    }

    /// Lets the first `count` wait no longer.
    pub(crate) fn skip(&mut self, count: usize) {
        self.gone += count;
    }
}

#[cfg(test)]
mod tests;
