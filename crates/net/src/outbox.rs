//! What waits to be written to one connection: bounded in bytes, whole frames only.
//!
//! Pure: the socket is somebody else's. Read [`Outbox::push`] for the slow-consumer rule.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};

/// What a frame takes besides its bytes: its place in the queue, which may have as many free.
pub const FRAME_OVERHEAD_BYTES: usize = 2 * size_of::<Frames>();

/// Whole frames that are shared by their receivers.
#[derive(Debug, Clone)]
pub struct Frames {
    /// The frames, one after the other.
    pub bytes: Bytes,
    /// How many packets these are; what a carrier adds of its own counts as none.
    pub packets: u32,
    /// How many of them are deliveries.
    pub deliveries: u32,
}

/// How much of what was taken out of an outbox was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes, of whole frames or not.
    pub bytes: usize,
    /// Packets in frames that are written to their last byte.
    pub packets: u64,
    /// Deliveries in frames that are written to their last byte.
    pub deliveries: u64,
}

/// Frames on their way to one connection.
#[derive(Debug)]
pub struct Outbox {
    frames: VecDeque<Frames>,
    /// Deliveries that ever came.
    deliveries_pushed: u64,
    /// Deliveries that were ever written, or dropped with what waited.
    deliveries_gone: u64,
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
pub enum Kind {
    /// What the connection asked for.
    Answer,
    /// Messages that may not be dropped.
    Kept,
    /// Messages that may be dropped.
    Droppable,
}

/// What became of frames that were pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// They wait.
    Queued,
    /// Nothing more is let in: the connection is to end.
    Closed,
    /// They may be dropped and there was no room.
    Dropped,
    /// They may not be dropped and there is far too much already: the connection must be closed.
    Overflow,
}

impl Outbox {
    /// Makes an empty one.
    pub fn new(bytes_max: usize) -> Self {
        Outbox {
            frames: VecDeque::new(),
            deliveries_pushed: 0,
            deliveries_gone: 0,
            pushed: 0,
            written: 0,
            answer_bytes: 0,
            answers_end: 0,
            bytes_max,
        }
    }

    /// Returns the bytes that may wait.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Adds frames, unless the outbox is full.
    ///
    /// What may be dropped fits up to the limit. What may not gets as much again, because a
    /// subscriber's window keeps stored messages below the limit by themselves. An empty outbox
    /// takes frames of any size, or a large one would never be delivered. What small frames take
    /// besides their bytes counts.
    pub fn push(&mut self, frames: Frames, kind: Kind) -> Pushed {
        let droppable = kind == Kind::Droppable;
        let limit = if droppable { self.bytes_max } else { 2 * self.bytes_max };
        let memory = self.bytes() + self.overhead_bytes();
        if !self.is_empty() && limit < memory + frames.bytes.len() {
            return if droppable { Pushed::Dropped } else { Pushed::Overflow };
        }
        self.pushed += frames.bytes.len() as u64;
        self.deliveries_pushed += u64::from(frames.deliveries);
        if kind == Kind::Answer {
            self.answer_bytes += frames.bytes.len();
            self.answers_end = self.pushed;
        }
        self.frames.push_back(frames);
        Pushed::Queued
    }

    /// Returns the bytes that wait, those being written included.
    pub fn bytes(&self) -> usize {
        (self.pushed - self.written) as usize
    }

    /// Returns the deliveries that wait, those being written included.
    pub fn deliveries(&self) -> u64 {
        self.deliveries_pushed - self.deliveries_gone
    }

    /// Returns the deliveries that were ever written; once what waited was dropped, those too.
    pub fn written_deliveries(&self) -> u64 {
        self.deliveries_gone
    }

    /// Returns what the frames that wait take besides their bytes.
    pub fn overhead_bytes(&self) -> usize {
        self.frames.len() * FRAME_OVERHEAD_BYTES
    }

    /// Returns the bytes that were ever written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Returns the bytes of answers since all of them were written: 0 when none waits.
    pub fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// Says whether all that ever came is written.
    pub fn is_empty(&self) -> bool {
        self.pushed == self.written
    }

    /// Takes out all that waits, to be written; its bytes still count until they are.
    pub fn take(&mut self) -> VecDeque<Frames> {
        std::mem::take(&mut self.frames)
    }

    /// Drops what waits, but for what is being written at this moment; returns the deliveries in it.
    pub fn abandon(&mut self) -> u64 {
        let frames = std::mem::take(&mut self.frames);
        let dropped: usize = frames.iter().map(|frames| frames.bytes.len()).sum();
        let deliveries = frames.iter().map(|frames| u64::from(frames.deliveries)).sum();
        self.pushed -= dropped as u64;
        self.answers_end = self.answers_end.min(self.pushed);
        self.answer_bytes = 0;
        self.deliveries_gone += deliveries;
        deliveries
    }

    /// Notes what was written and puts back, in front, what was taken and could not be.
    pub fn put_back(&mut self, mut rest: VecDeque<Frames>, written: Written) {
        self.written += written.bytes as u64;
        self.deliveries_gone += written.deliveries;
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

impl Written {
    /// Drops the first `bytes` bytes of `frames`, which were written.
    pub fn advance(&mut self, frames: &mut VecDeque<Frames>, bytes: usize) {
        self.bytes += bytes;
        let mut left = bytes;
        while let Some(first) = frames.front_mut() {
            if left < first.bytes.len() {
                first.bytes.advance(left);
                return;
            }
            left -= first.bytes.len();
            self.packets += u64::from(first.packets);
            self.deliveries += u64::from(first.deliveries);
            frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
