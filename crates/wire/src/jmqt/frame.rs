//! JMQT framing over TCP: one JSON text a frame, each ended by a NUL byte.
//!
//! Knows nothing of JSON or of sockets. Read [`FrameSplitter`] first.

use memchr::{memchr, memrchr};

const TERMINATOR: u8 = 0;

/// Cuts a byte stream into frames, keeping only what is incomplete.
///
/// Frames that lie whole in a read are handed out as slices of it; only a frame that a read's end
/// cuts is copied. An idle connection therefore holds no buffer at all.
#[derive(Debug)]
pub struct FrameSplitter {
    /// The start of a frame whose end has not come yet.
    partial: Vec<u8>,
    /// A frame that began in an earlier read and ended in the last one.
    completed: Vec<u8>,
    frame_bytes_max: usize,
}

/// The frames of one read, in order. Empty frames are skipped.
#[derive(Debug)]
pub struct Frames<'a> {
    completed: Option<&'a [u8]>,
    /// Whole frames with their terminators.
    rest: &'a [u8],
    frame_bytes_max: usize,
    overflow: bool,
}

/// A frame grew past the limit. Framing is lost for good: the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("packet is larger than {limit} bytes")]
pub struct FrameTooLong {
    /// Most bytes a frame may have, terminator not counted.
    pub limit: usize,
}

impl FrameSplitter {
    /// Makes a splitter for frames of at most `frame_bytes_max` bytes, terminator not counted.
    #[must_use]
    pub fn new(frame_bytes_max: usize) -> Self {
        FrameSplitter { partial: Vec::new(), completed: Vec::new(), frame_bytes_max }
    }

    /// Takes what one read gave and returns its whole frames.
    ///
    /// A frame that is too long, ended or not, comes out as [`FrameTooLong`] behind the good
    /// frames before it, and is the last item.
    pub fn push<'a>(&'a mut self, input: &'a [u8]) -> Frames<'a> {
        self.completed = Vec::new();
        let Some(first_end) = memchr(TERMINATOR, input) else {
            let overflow = self.frame_bytes_max < self.partial.len() + input.len();
            if !overflow {
                self.partial.extend_from_slice(input);
            }
            return Frames {
                completed: None,
                rest: &[],
                frame_bytes_max: self.frame_bytes_max,
                overflow,
            };
        };

        let mut whole_from = 0;
        if !self.partial.is_empty() {
            self.completed = std::mem::take(&mut self.partial);
            self.completed.extend_from_slice(&input[..first_end]);
            whole_from = first_end + 1;
        }
        let last_end = memrchr(TERMINATOR, input).expect("a terminator was found above");
        let tail = &input[last_end + 1..];
        let overflow = self.frame_bytes_max < tail.len();
        if !overflow {
            self.partial.extend_from_slice(tail);
        }
        Frames {
            completed: (whole_from != 0).then_some(&self.completed[..]),
            rest: &input[whole_from..=last_end],
            frame_bytes_max: self.frame_bytes_max,
            overflow,
        }
    }

    /// Gives back the memory of a frame that was handed out and is no longer needed.
    pub fn release(&mut self) {
        self.completed = Vec::new();
    }
}

impl<'a> Frames<'a> {
    fn checked(&mut self, frame: &'a [u8]) -> Result<&'a [u8], FrameTooLong> {
        if self.frame_bytes_max < frame.len() {
            (self.rest, self.overflow) = (&[], false);
            return Err(FrameTooLong { limit: self.frame_bytes_max });
        }
        Ok(frame)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<&'a [u8], FrameTooLong>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(frame) = self.completed.take() {
            return Some(self.checked(frame));
        }
        loop {
            let Some(end) = memchr(TERMINATOR, self.rest) else {
                let overflow = std::mem::take(&mut self.overflow);
                return overflow.then_some(Err(FrameTooLong { limit: self.frame_bytes_max }));
            };
            let frame = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
            if !frame.is_empty() {
                return Some(self.checked(frame));
            }
        }
    }
}

#[cfg(test)]
mod tests;
