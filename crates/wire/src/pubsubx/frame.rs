//! PubSubX framing: each message ends in line feed, line feed, `x` (P-1).
//!
//! Knows nothing of commands or of sockets. Read [`FrameSplitter`] first.

use memchr::memmem;

/// Ends every message.
pub(super) const END: &[u8] = b"\n\nx";

/// Bytes a message to a client may have, its end included: the original client throws away more
/// (P-6).
pub const MESSAGE_BYTES_MAX: usize = 10_240;

/// Cuts a byte stream into messages.
///
/// Messages that lie whole in a read are handed out as slices of it; only one that a read's end cuts
/// is copied. An idle connection therefore holds no buffer at all.
#[derive(Debug)]
pub struct FrameSplitter {
    /// The start of a message whose end has not come yet.
    partial: Vec<u8>,
    /// A message that began in an earlier read and ended in the last one.
    joined: Vec<u8>,
    bytes_max: usize,
    keeps_empty: bool,
}

/// The messages of one read, in order. Empty ones are left out, unless the splitter keeps them.
#[derive(Debug)]
pub struct Frames<'a> {
    /// A message that began in an earlier read.
    first: Option<&'a [u8]>,
    /// Whole messages with their ends.
    rest: &'a [u8],
    bytes_max: usize,
    keeps_empty: bool,
}

impl FrameSplitter {
    /// Makes a splitter that keeps at most `bytes_max` bytes of a message without an end, and the
    /// beginning of that end.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        FrameSplitter { partial: Vec::new(), joined: Vec::new(), bytes_max, keeps_empty: false }
    }

    /// As [`new`](Self::new) for what a server says, where an empty message means something: that a
    /// client that is back has no topics (P-36).
    #[must_use]
    pub fn of_server(bytes_max: usize) -> Self {
        FrameSplitter { keeps_empty: true, ..FrameSplitter::new(bytes_max) }
    }

    /// Takes what one read gave and returns its whole messages.
    ///
    /// # Spec
    /// P-4: what grows beyond the limit without an end is thrown away, and what follows counts as the
    /// beginning of a new message.
    pub fn push<'a>(&'a mut self, input: &'a [u8]) -> Frames<'a> {
        self.joined = Vec::new();
        let mut rest = input;
        if !self.partial.is_empty() {
            let end = self.end_in(input);
            let (ours, others) = input.split_at(end.unwrap_or(input.len()));
            self.partial.extend_from_slice(ours);
            rest = others;
            if end.is_some() {
                self.joined = std::mem::take(&mut self.partial);
            }
        }
        if self.partial.is_empty() {
            let whole = memmem::rfind(rest, END).map_or(0, |at| at + END.len());
            self.partial = rest[whole..].to_vec();
            rest = &rest[..whole];
        }
        // The beginning of an end is no part of the message, and has to be found again.
        let message_bytes = self.partial.len() - cut_end_bytes(&self.partial);
        if self.bytes_max < message_bytes {
            self.partial = self.partial[message_bytes..].to_vec();
        }
        let first = self.joined.strip_suffix(END);
        Frames { first, rest, bytes_max: self.bytes_max, keeps_empty: self.keeps_empty }
    }

    /// Returns how many bytes of `input` the message that was cut has.
    fn end_in(&self, input: &[u8]) -> Option<usize> {
        // The end itself may be cut.
        let seam = (1..END.len()).find(|&count| {
            self.partial.ends_with(&END[..count]) && input.starts_with(&END[count..])
        });
        seam.map(|count| END.len() - count)
            .or_else(|| memmem::find(input, END).map(|at| at + END.len()))
    }

    /// Gives back the memory of messages that were handed out and are no longer needed.
    pub fn release(&mut self) {
        self.joined = Vec::new();
    }
}

/// Returns how many bytes the first of some whole messages has, its end included.
#[must_use]
pub fn first_frame_bytes(frames: &[u8]) -> Option<usize> {
    memmem::find(frames, END).map(|at| at + END.len())
}

/// Returns how many bytes at the end of `tail` may be the beginning of an end.
fn cut_end_bytes(tail: &[u8]) -> usize {
    (1..END.len()).rev().find(|&count| tail.ends_with(&END[..count])).unwrap_or(0)
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let frame = match self.first.take() {
                Some(first) => first,
                None => {
                    let end = memmem::find(self.rest, END)?;
                    let frame = &self.rest[..end];
                    self.rest = &self.rest[end + END.len()..];
                    frame
                }
            };
            let is_wanted = self.keeps_empty || !frame.is_empty();
            if is_wanted && frame.len() <= self.bytes_max {
                return Some(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests;
