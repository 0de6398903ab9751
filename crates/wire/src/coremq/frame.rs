//! CoreMQ framing: `+`, a length in characters, a blank, and so many characters (C-1, C-2).
//!
//! Knows nothing of queues, JSON or sockets. Read [`FrameSplitter`] first.

/// Digits a length may have: the original writes at most eight.
const DIGIT_COUNT_MAX: usize = 10;

/// Cuts a byte stream into frames.
///
/// Frames that lie whole in a read are handed out as slices of it; only one that a read's end cuts is
/// copied. An idle connection therefore holds no buffer at all.
#[derive(Debug)]
pub struct FrameSplitter {
    /// The start of a frame whose end has not come yet.
    partial: Vec<u8>,
    /// Where the search for that end goes on.
    place: Option<Place>,
    /// A frame that began in an earlier read and ended in the last one.
    joined: Vec<u8>,
    frame_chars_max: usize,
}

/// The frames of one read, in order.
#[derive(Debug)]
pub struct Frames<'a> {
    /// A frame that began in an earlier read, with its header.
    first: Option<&'a [u8]>,
    /// Whole frames with their headers, and what is behind them.
    rest: &'a [u8],
    /// Bytes of the whole frames.
    whole: usize,
    /// Whether all of them are ASCII, so that their lengths are bytes.
    is_ascii: bool,
    error: Option<FrameError>,
}

/// Why a stream is no CoreMQ any more. Framing is lost for good: the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame does not begin with `+`, digits and a blank (C-8).
    #[error("a frame does not begin with +, its length and a blank")]
    Header,
    /// A frame says that it is longer than allowed.
    #[error("frame is longer than {limit} characters")]
    TooLong {
        /// Most characters a frame may have, header not counted.
        limit: usize,
    },
}

/// How far a frame is known: nothing is looked at twice, however small the reads.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Characters still to come.
    chars_left: usize,
    /// Bytes from the frame's beginning to where they do.
    at: usize,
}

impl FrameSplitter {
    /// Makes a splitter for frames of at most `frame_chars_max` characters, header not counted.
    #[must_use]
    pub fn new(frame_chars_max: usize) -> Self {
        FrameSplitter { partial: Vec::new(), place: None, joined: Vec::new(), frame_chars_max }
    }

    /// Takes what one read gave and returns its whole frames.
    ///
    /// What is no frame comes out as [`FrameError`] behind the good frames before it, and is the
    /// last item. Nothing is reserved for a length that was only announced.
    pub fn push<'a>(&'a mut self, input: &'a [u8]) -> Frames<'a> {
        self.joined = Vec::new();
        let nothing = |error| Frames { first: None, rest: &[], whole: 0, is_ascii: true, error };
        let mut rest = input;
        if !self.partial.is_empty() {
            match self.complete(input) {
                Ok(Some(Completed::Behind(used))) => rest = &input[used..],
                Ok(Some(Completed::Before(used))) => {
                    self.joined.extend_from_slice(&input[used..]);
                    let joined = std::mem::take(&mut self.joined);
                    let (whole, is_ascii, error) = self.keep_tail(&joined);
                    self.joined = joined;
                    return Frames { first: None, rest: &self.joined, whole, is_ascii, error };
                }
                Ok(None) => return nothing(None),
                Err(error) => return nothing(Some(error)),
            }
        }
        let (whole, is_ascii, error) = self.keep_tail(rest);
        let first = (!self.joined.is_empty()).then_some(&self.joined[..]);
        Frames { first, rest, whole, is_ascii, error }
    }

    /// Finds the whole frames of `bytes` and keeps what is behind them. Returns their bytes, whether
    /// all are ASCII, and what is wrong behind them.
    fn keep_tail(&mut self, bytes: &[u8]) -> (usize, bool, Option<FrameError>) {
        let (mut whole, mut is_ascii) = (0, true);
        loop {
            match next_frame(&bytes[whole..], self.place.take(), self.frame_chars_max) {
                Ok(Progress::Whole { bytes, is_ascii: it_is }) => {
                    whole += bytes;
                    is_ascii &= it_is;
                }
                Ok(Progress::Partial(place)) => {
                    self.place = place;
                    self.partial = bytes[whole..].to_vec();
                    return (whole, is_ascii, None);
                }
                Err(error) => return (whole, is_ascii, Some(error)),
            }
        }
    }

    /// Adds as much of `input` to the frame that was cut as belongs to it, and moves it to `joined`
    /// once it is whole. `None` if all of the input belongs to it and it is not.
    fn complete(&mut self, input: &[u8]) -> Result<Option<Completed>, FrameError> {
        let mut used = 0;
        loop {
            match next_frame(&self.partial, self.place.take(), self.frame_chars_max)? {
                Progress::Whole { bytes: length, .. } => {
                    self.joined = std::mem::take(&mut self.partial);
                    // What was taken for the rest of a character may be the next frame's.
                    let surplus = self.joined.len() - length;
                    if used < surplus {
                        return Ok(Some(Completed::Before(used)));
                    }
                    self.joined.truncate(length);
                    return Ok(Some(Completed::Behind(used - surplus)));
                }
                Progress::Partial(place) => self.place = place,
            }
            if used == input.len() {
                return Ok(None);
            }
            // No character has less than a byte; a header is short enough to be read byte by byte.
            let wanted = self.place.map_or(1, |place| place.chars_left);
            let more = wanted.min(input.len() - used);
            self.partial.extend_from_slice(&input[used..used + more]);
            used += more;
        }
    }

    /// Gives back the memory of frames that were handed out and are no longer needed.
    pub fn release(&mut self) {
        self.joined = Vec::new();
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<&'a [u8], FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            let (header, _) = read_header(first).ok()??;
            return Some(Ok(&first[header..]));
        }
        if self.whole == 0 {
            return self.error.take().map(Err);
        }
        let (header, chars) = read_header(self.rest).ok()??;
        let bytes = if self.is_ascii { chars } else { measure(&self.rest[header..], chars).0 };
        let (frame, rest) = self.rest[header..].split_at(bytes);
        self.rest = rest;
        self.whole -= header + bytes;
        Some(Ok(frame))
    }
}

/// Returns how many bytes the first of some whole frames has, its header included.
#[must_use]
pub fn first_frame_bytes(frames: &[u8]) -> Option<usize> {
    let (header, chars) = read_header(frames).ok()??;
    let (bytes, _) = measure(&frames[header..], chars);
    Some(header + bytes)
}

/// Where the frame that was cut ends.
enum Completed {
    /// Behind so many bytes of the new read.
    Behind(usize),
    /// Before its first byte, of which so many were added: the end of a character that turned out to
    /// be none.
    Before(usize),
}

/// How much of a frame there is.
enum Progress {
    /// All of it, in so many bytes.
    Whole { bytes: usize, is_ascii: bool },
    /// Not all; with the place to go on from, if its header is whole.
    Partial(Option<Place>),
}

fn next_frame(
    bytes: &[u8],
    known: Option<Place>,
    frame_chars_max: usize,
) -> Result<Progress, FrameError> {
    let mut place = match known {
        Some(place) => place,
        None => match read_header(bytes)? {
            None => return Ok(Progress::Partial(None)),
            Some((at, chars_left)) => Place { chars_left, at },
        },
    };
    // A character has up to four bytes, but what is within the limit is mostly ASCII.
    if frame_chars_max < place.chars_left {
        return Err(FrameError::TooLong { limit: frame_chars_max });
    }
    let (length, chars) = measure(&bytes[place.at..], place.chars_left);
    let is_ascii = known.is_none() && length == chars;
    place = Place { chars_left: place.chars_left - chars, at: place.at + length };
    Ok(if place.chars_left == 0 {
        Progress::Whole { bytes: place.at, is_ascii }
    } else {
        Progress::Partial(Some(place))
    })
}

/// Reads `+`, digits and a blank; returns their length and the number. `None` when it is cut.
fn read_header(bytes: &[u8]) -> Result<Option<(usize, usize)>, FrameError> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let digit_count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if *first != b'+' || DIGIT_COUNT_MAX < digit_count {
        return Err(FrameError::Header);
    }
    match rest.get(digit_count) {
        None => Ok(None),
        Some(b' ') if digit_count > 0 => {
            let digits = rest[..digit_count].iter();
            let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
            Ok(Some((digit_count + 2, number)))
        }
        Some(_) => Err(FrameError::Header),
    }
}

/// Returns the bytes that up to `chars` whole characters take, and how many characters these are.
///
/// What is not UTF-8 counts a character a byte: the frame is refused later, as a whole.
fn measure(bytes: &[u8], chars: usize) -> (usize, usize) {
    if let Some(ascii) = bytes.get(..chars)
        && ascii.is_ascii()
    {
        return (chars, chars);
    }
    let (mut at, mut count) = (0, 0);
    while count < chars
        && let Some(&lead) = bytes.get(at)
    {
        let width = match lead {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        let tail = &bytes[at + 1..bytes.len().min(at + width)];
        let is_sound = tail.iter().all(|byte| matches!(byte, 0x80..=0xBF));
        if is_sound && bytes.len() < at + width {
            break;
        }
        at += if is_sound { width } else { 1 };
        count += 1;
    }
    (at, count)
}

#[cfg(test)]
mod tests;
