//! What waits to be written to one connection: bounded in bytes, whole frames only.
//!
//! Pure: the socket is somebody else's. Read [`Outbox::push`] for the slow-consumer rule.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};

/// What a frame takes besides its bytes: its place in the queue, which may have as many free.
pub(crate) const FRAME_OVERHEAD_BYTES: usize = 64;

/// Frames on their way to one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: VecDeque<Bytes>,
    /// Bytes that ever came.
    pushed: u64,
    /// Bytes that were ever written.
    written: u64,
    /// Bytes of answers since all of them were written.
    answer_bytes: usize,
    /// Where the last answer ends, in bytes that ever came.
    answers_end: u64,
    bytes_max: usize,
}

/// What frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the connection asked for.
    Answer,
    /// Messages that may not be dropped.
    Kept,
    /// Messages that may be dropped.
    Droppable,
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
        Outbox {
            frames: VecDeque::new(),
            pushed: 0,
            written: 0,
            answer_bytes: 0,
            answers_end: 0,
            bytes_max,
        }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Adds frames, unless the outbox is full.
    ///
    /// What may be dropped fits up to the limit. What may not gets as much again, because a
    /// subscriber's window keeps stored messages below the limit by themselves. An empty outbox
    /// takes frames of any size, or a large one would never be delivered. What small frames take
    /// besides their bytes counts.
    pub(crate) fn push(&mut self, frames: Bytes, kind: Kind) -> Pushed {
        let droppable = kind == Kind::Droppable;
        let limit = if droppable { self.bytes_max } else { 2 * self.bytes_max };
        let memory = self.bytes() + self.overhead_bytes();
        if !self.is_empty() && limit < memory + frames.len() {
            return if droppable { Pushed::Dropped } else { Pushed::Overflow };
        }
        self.pushed += frames.len() as u64;
        if kind == Kind::Answer {
            self.answer_bytes += frames.len();
            self.answers_end = self.pushed;
        }
        self.frames.push_back(frames);
        Pushed::Queued
    }

    /// Returns the bytes that wait, those being written included.
    pub(crate) fn bytes(&self) -> usize {
        (self.pushed - self.written) as usize
    }

    /// Returns what the frames that wait take besides their bytes.
    pub(crate) fn overhead_bytes(&self) -> usize {
        self.frames.len() * FRAME_OVERHEAD_BYTES
    }

    /// Returns the bytes that were ever written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Returns the bytes of answers since all of them were written: 0 when none waits.
    pub(crate) fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pushed == self.written
    }

    /// Takes out all that waits, to be written; its bytes still count until they are.
    pub(crate) fn take(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.frames)
    }

    /// Drops what waits, but for what is being written at this moment.
    pub(crate) fn abandon(&mut self) {
        let dropped: usize = self.frames.iter().map(Bytes::len).sum();
        self.frames = VecDeque::new();
        self.pushed -= dropped as u64;
        self.answers_end = self.answers_end.min(self.pushed);
        self.answer_bytes = 0;
    }

    /// Notes bytes as written and puts back, in front, what was taken and could not be.
    pub(crate) fn put_back(&mut self, mut rest: VecDeque<Bytes>, written: usize) {
        self.written += written as u64;
        if self.answers_end <= self.written {
            self.answer_bytes = 0;
        }
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
