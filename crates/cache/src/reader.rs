//! Bytes to requests, however the bytes come.

use bytes::Bytes;
use memchr::memchr;

use crate::{
    command::{Command, Data, Header, Meaning, keys, words},
    fault::Fault,
    key::KEY_BYTES_MAX,
    request::Request,
};

/// Longest command line, in bytes without its end. Only a `get` of many keys may be longer.
pub const LINE_BYTES_MAX: usize = 2048;

/// What stands behind every data block.
const BLOCK_END: [u8; 2] = *b"\r\n";

/// One request of a client, or what was wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// What to do, or what to say.
    pub request: Result<Request, Fault>,
    /// Whether the client wants no answer, not even an error.
    pub is_quiet: bool,
}

/// Cuts a stream of bytes into requests.
///
/// # Limits
/// Holds an incomplete line of at most [`LINE_BYTES_MAX`] bytes or an incomplete value, never more than twice of what
/// came of it. A value longer than items may be is passed over without being kept.
#[derive(Debug)]
pub struct Reader {
    phase: Phase,
    /// What came of a line so far.
    line: Vec<u8>,
    item_bytes_max: usize,
}

#[derive(Debug)]
enum Phase {
    Line,
    /// Behind a storing command that did not say how long its data is: what comes may be that data. Only a further command
    /// like it is still answered; anything else ends the connection.
    Astray,
    /// In a `get` that is longer than a line may be; all words are keys.
    Keys {
        with_cas: bool,
    },
    Block(Box<Block>),
    Swallow {
        bytes: usize,
    },
    /// Nothing more is read.
    Over,
}

/// A data block under way.
#[derive(Debug)]
struct Block {
    header: Header,
    is_quiet: bool,
    value: Vec<u8>,
    end: Vec<u8>,
}

impl Reader {
    /// Makes a reader for one connection that refuses values of more than `item_bytes_max` bytes.
    #[must_use]
    pub fn new(item_bytes_max: usize) -> Reader {
        Reader { phase: Phase::Line, line: Vec::new(), item_bytes_max }
    }

    /// Says that the stream cannot be read on: the connection is to be closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Takes the next request off the front of `input`; `None` when all of it is used up.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Read> {
        loop {
            match &mut self.phase {
                Phase::Over => {
                    *input = &[];
                    return None;
                }
                Phase::Swallow { bytes } => {
                    let taken = take(input, *bytes);
                    *bytes -= taken.len();
                    if *bytes > 0 {
                        return None;
                    }
                    self.phase = Phase::Line;
                }
                Phase::Block(block) => {
                    if !block.fill(input) {
                        return None;
                    }
                    let Phase::Block(block) = std::mem::replace(&mut self.phase, Phase::Line)
                    else {
                        continue;
                    };
                    return Some(block.finish());
                }
                Phase::Line | Phase::Astray | Phase::Keys { .. } => {
                    if let Some(read) = self.next_line(input)? {
                        return Some(read);
                    }
                }
            }
        }
    }

    /// Takes a line; `None` when there is none yet, `Some(None)` when a data block follows it.
    fn next_line(&mut self, input: &mut &[u8]) -> Option<Option<Read>> {
        let room = LINE_BYTES_MAX + 1 - self.line.len();
        let window = &input[..input.len().min(room)];
        let end = memchr(b'\n', window);
        self.line.extend_from_slice(take(input, end.unwrap_or(window.len())));
        if end.is_none() {
            return (LINE_BYTES_MAX < self.line.len()).then(|| Some(self.on_long_line()));
        }
        *input = &input[1..];
        let mut line = std::mem::take(&mut self.line);
        let read = self.on_line(line.strip_suffix(b"\r").unwrap_or(&line));
        // The next line has the same room.
        line.clear();
        self.line = line;
        Some(read)
    }

    fn on_line(&mut self, line: &[u8]) -> Option<Read> {
        if let Phase::Keys { with_cas } = self.phase {
            self.phase = Phase::Line;
            return Some(self.more_keys(line, with_cas, true));
        }
        let Command { meaning, is_quiet, data } = Command::parse(line, self.item_bytes_max);
        match data {
            Data::Unclear => self.phase = Phase::Astray,
            _ if matches!(self.phase, Phase::Astray) || matches!(meaning, Err(Fault::Http)) => {
                self.phase = Phase::Over;
                return None;
            }
            Data::Unwanted(bytes) => self.phase = Phase::Swallow { bytes },
            Data::Clear => {}
        }
        let request = match meaning {
            Ok(Meaning::Whole(request)) => Ok(request),
            Err(fault) => Err(fault),
            Ok(Meaning::Block(header)) => {
                self.phase = Phase::Block(Box::new(Block::new(header, is_quiet)));
                return None;
            }
        };
        Some(Read { request, is_quiet })
    }

    /// Takes the keys so far of a `get` that goes on, and refuses any other line.
    fn on_long_line(&mut self) -> Read {
        let line = std::mem::take(&mut self.line);
        let seam = line.iter().rposition(|byte| *byte == b' ').unwrap_or(0);
        let (head, rest) = line.split_at(seam);
        // A key that is cut here may end with the line's `\r`.
        let is_bounded = rest.len() <= KEY_BYTES_MAX + 2;
        let with_cas = match self.phase {
            Phase::Keys { with_cas } => Some(with_cas),
            _ => match words(head).next() {
                Some(b"get") => Some(false),
                Some(b"gets") => Some(true),
                _ => None,
            },
        };
        let Some(with_cas) = with_cas.filter(|_| is_bounded) else {
            self.phase = Phase::Over;
            return Read { request: Err(Fault::LineTooLong), is_quiet: false };
        };
        let is_first = matches!(self.phase, Phase::Line);
        let head = if is_first { &head[head.len().min(name_bytes(head))..] } else { head };
        self.line.extend_from_slice(rest);
        self.phase = Phase::Keys { with_cas };
        self.more_keys(head, with_cas, false)
    }

    fn more_keys(&mut self, line: &[u8], with_cas: bool, is_last: bool) -> Read {
        let words: Vec<&[u8]> = words(line).collect();
        let request =
            keys(&words).map(|keys| Request::Get { keys, with_cas, touch: None, is_last });
        if request.is_err() {
            // Answers to its first keys are out already: there is no good end to this command.
            self.phase = Phase::Over;
        }
        Read { request, is_quiet: false }
    }
}

impl Block {
    fn new(header: Header, is_quiet: bool) -> Block {
        Block { header, is_quiet, value: Vec::new(), end: Vec::with_capacity(BLOCK_END.len()) }
    }

    /// Takes what it wants of `input`, and says whether it is complete.
    fn fill(&mut self, input: &mut &[u8]) -> bool {
        let value_bytes = self.header.value_bytes;
        let came = take(input, value_bytes - self.value.len());
        let needed = self.value.len() + came.len();
        if self.value.capacity() < needed {
            // Exact at the end, and never more than twice of what came.
            self.value.reserve_exact(value_bytes.min(needed * 2) - self.value.len());
        }
        self.value.extend_from_slice(came);
        if self.value.len() == value_bytes {
            self.end.extend_from_slice(take(input, BLOCK_END.len() - self.end.len()));
        }
        self.end.len() == BLOCK_END.len()
    }

    fn finish(self) -> Read {
        let Header { verb, key, flags, exptime, .. } = self.header;
        let value = Bytes::from(self.value.into_boxed_slice());
        let request = if self.end == BLOCK_END {
            Ok(Request::Store { verb, key, flags, exptime, value })
        } else {
            Err(Fault::BadDataChunk)
        };
        Read { request, is_quiet: self.is_quiet }
    }
}

/// Returns the bytes up to the end of a line's first word.
fn name_bytes(line: &[u8]) -> usize {
    let start = line.iter().position(|byte| *byte != b' ').unwrap_or(line.len());
    let word = line[start..].iter().position(|byte| *byte == b' ');
    word.map_or(line.len(), |bytes| start + bytes)
}

/// Takes up to `bytes_max` bytes off the front of `input`.
fn take<'a>(input: &mut &'a [u8], bytes_max: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(input.len().min(bytes_max));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
