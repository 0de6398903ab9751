//! What waits to be written to one connection: bounded in bytes, whole frames only.
//!
//! Pure: the socket is somebody else's. Read [`Outbox::push`] for the slow-consumer rule.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};

/// Frames on their way to one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: VecDeque<Bytes>,
    bytes: usize,
    bytes_max: usize,
}

/// What became of frames that were pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// They wait.
    Queued,
    /// They may be dropped and there was no room.
    Dropped,
    /// They may not be dropped and there is far too much already: the connection must be closed.
    Overflow,
}

impl Outbox {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Outbox { frames: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Adds frames, unless the outbox is full.
    ///
    /// What may be dropped fits up to the limit. What may not gets as much again, because a
    /// subscriber's window keeps stored messages below the limit by themselves. An empty outbox
    /// takes frames of any size, or a large one would never be delivered.
    pub(crate) fn push(&mut self, frames: Bytes, droppable: bool) -> Pushed {
        let limit = if droppable { self.bytes_max } else { 2 * self.bytes_max };
        if 0 < self.bytes && limit < self.bytes + frames.len() {
            return if droppable { Pushed::Dropped } else { Pushed::Overflow };
        }
        self.bytes += frames.len();
        self.frames.push_back(frames);
        Pushed::Queued
    }

    /// Returns the bytes that wait, those being written included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Takes out all that waits, to be written; its bytes still count until they are.
    pub(crate) fn take(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.frames)
    }

    /// Notes bytes as written and puts back, in front, what was taken and could not be.
    pub(crate) fn put_back(&mut self, mut rest: VecDeque<Bytes>, written: usize) {
        self.bytes -= written;
        if rest.is_empty() {
            return;
        }
        rest.append(&mut self.frames);
        self.frames = rest;
    }
}

/// Drops the first `written` bytes of `frames`.
pub(crate) fn advance(frames: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = frames.front_mut() {
        if written < first.len() {
            first.advance(written);
            return;
        }
        written -= first.len();
        frames.pop_front();
    }
}

#[cfg(test)]
mod tests;
