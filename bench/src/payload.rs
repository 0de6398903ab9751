//! The 128 bytes that every message carries, how they are written and how they are checked.
//!
//! A payload is a JSON string, quotes included: `"@p0007n0000000123:…"`, with the publisher's index
//! and its running number in fixed places. Neither side of the client formats a number while it
//! is being measured: both keep the next one as digits and count in decimal.

use std::ops::Range;

use anyhow::{Result, anyhow, ensure};
use memchr::memmem;

/// Length of a payload, quotes included.
pub const PAYLOAD_BYTES: usize = 128;

/// What every payload begins with, and no other text of either protocol contains.
pub(crate) const MARK: &[u8] = b"\"@p";

const NUMBER_DIGITS: usize = 10;
const PUBLISHER: Range<usize> = 3..7;
const NUMBER: Range<usize> = 8..8 + NUMBER_DIGITS;

/// Stands for the running number in the frame given to [`Template::new`].
pub const PLACEHOLDER: &str = "##########";

/// Returns the payload of publisher `index`, with [`PLACEHOLDER`] for its number.
pub fn payload(index: usize) -> String {
    let mut text = format!("\"@p{index:04}n{PLACEHOLDER}:");
    let filler = "the quick brown fox jumps over the lazy dog ";
    text.extend(filler.chars().cycle().take(PAYLOAD_BYTES - 1 - text.len()));
    text.push('"');
    text
}

/// A number and its decimal digits.
#[derive(Debug, Clone)]
struct Counter {
    value: u64,
    digits: [u8; NUMBER_DIGITS],
}

impl Counter {
    fn new() -> Self {
        Counter { value: 0, digits: [b'0'; NUMBER_DIGITS] }
    }

    fn advance(&mut self) {
        self.value += 1;
        for digit in self.digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
    }
}

/// A publish frame that only lacks its running number.
#[derive(Debug)]
pub struct Template {
    frame: Vec<u8>,
    /// Where the number goes: into the payload and, if there is one, into the packet id.
    holes: Vec<usize>,
    next: Counter,
}

impl Template {
    /// Takes a frame in which [`PLACEHOLDER`] stands wherever the number belongs.
    pub fn new(frame: String) -> Self {
        let frame = frame.into_bytes();
        let holes = memmem::find_iter(&frame, PLACEHOLDER).collect();
        Template { frame, holes, next: Counter::new() }
    }

    /// Number of the frame that is written next, counted from 0.
    pub fn next_number(&self) -> u64 {
        self.next.value
    }

    /// Appends the next frame.
    pub fn write_next(&mut self, out: &mut Vec<u8>) {
        for &hole in &self.holes {
            self.frame[hole..hole + NUMBER_DIGITS].copy_from_slice(&self.next.digits);
        }
        out.extend_from_slice(&self.frame);
        self.next.advance();
    }
}

/// One subscriber's memory of what it received: for each publisher, the number that comes next.
#[derive(Debug)]
pub struct Checker {
    first_publisher: usize,
    expected: Vec<Counter>,
}

impl Checker {
    /// Expects messages of `publishers` only, each counting from 0.
    pub fn new(publishers: Range<usize>) -> Self {
        Checker {
            first_publisher: publishers.start,
            expected: vec![Counter::new(); publishers.len()],
        }
    }

    /// Number of messages of `publisher` received so far.
    pub fn received(&self, publisher: usize) -> u64 {
        self.expected[publisher - self.first_publisher].value
    }

    /// Checks one delivery and returns its number.
    ///
    /// # Errors
    /// When the payload is not one of ours, or its number is not the one that comes next.
    pub fn check(&mut self, payload: &[u8]) -> Result<u64> {
        ensure!(payload.len() == PAYLOAD_BYTES, "payload of {} bytes", payload.len());
        let publisher = decimal(&payload[PUBLISHER])? as usize;
        let first = self.first_publisher;
        let expected = publisher
            .checked_sub(first)
            .and_then(|index| self.expected.get_mut(index))
            .ok_or_else(|| anyhow!("delivery of publisher {publisher} on another's channel"))?;
        if payload[NUMBER] != expected.digits {
            return Err(out_of_order(publisher, expected.value, decimal(&payload[NUMBER])?));
        }
        let number = expected.value;
        expected.advance();
        Ok(number)
    }
}

#[cold]
fn out_of_order(publisher: usize, expected: u64, got: u64) -> anyhow::Error {
    let fault = if got < expected { "repeated or reordered" } else { "lost or reordered" };
    anyhow!("message {fault}: publisher {publisher}, number {got} where {expected} comes next")
}

/// Reads an unsigned decimal number.
pub(crate) fn decimal(digits: &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for &digit in digits {
        ensure!(digit.is_ascii_digit(), "{:?} is not a number", String::from_utf8_lossy(digits));
        value = value * 10 + u64::from(digit - b'0');
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
