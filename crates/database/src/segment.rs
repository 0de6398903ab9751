//! What a row of the table `segment` holds: the pages that one transaction appended to one log.
//!
//! Their heads stand together, one behind the other: a format byte (0), the number of messages (4 bytes), the length
//! of the payloads (8), the wall clock's time (8), the served time (8), the CRC-32 of the payloads (4), the length of
//! the publisher's id (4), the id. Behind the last stands the CRC-32 of them all. Numbers have their most significant byte
//! first. The payloads stand apart, in the same order, so that what is loaded at start does not read them.

use bytes::Bytes;
use rialto_domain::{ClientId, LogEntry, Page, Payloads, Sequence, ServedMs, StoredPage};

/// The only format there is so far.
const FORMAT: u8 = 0;

/// Pages on their way to a row.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// How many messages.
    pub(crate) count: u64,
    heads: Vec<u8>,
    body: Vec<u8>,
}

impl Draft {
    /// Adds a page; returns how many messages stand before it.
    pub(crate) fn add(&mut self, page: &Page) -> u64 {
        let before = self.count;
        let payloads = page.payloads.as_bytes();
        let publisher = page.publisher.as_str().as_bytes();
        let heads = &mut self.heads;
        heads.push(FORMAT);
        heads.extend(page.count.to_be_bytes());
        heads.extend((payloads.len() as u64).to_be_bytes());
        heads.extend(page.at.to_be_bytes());
        heads.extend(page.served.to_be_bytes());
        heads.extend(crc32fast::hash(payloads).to_be_bytes());
        heads.extend((publisher.len() as u32).to_be_bytes());
        heads.extend(publisher);
        self.body.extend_from_slice(payloads);
        self.count += u64::from(page.count);
        before
    }

    /// Returns how many bytes of payloads there are.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Returns heads and body.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.heads.extend(crc32fast::hash(&self.heads).to_be_bytes());
        (self.heads, self.body)
    }
}

/// What trimming has to know of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageState {
    pub(crate) last: Sequence,
    /// Length of its payload sequence.
    pub(crate) bytes: u64,
    pub(crate) served: ServedMs,
}

/// A page's head.
#[derive(Debug)]
struct Head {
    last: Sequence,
    count: u32,
    bytes: u64,
    at: u64,
    served: u64,
    crc: u32,
    publisher: ClientId,
}

/// Returns the states of a row's pages that end beyond `trimmed` and are not set aside; `None` if the heads are
/// damaged.
pub(crate) fn states(
    last: Sequence,
    heads: &[u8],
    is_there: impl Fn(Sequence) -> bool,
) -> Option<Vec<PageState>> {
    let heads = read(last, heads)?;
    let heads = heads.into_iter().filter(|head| is_there(head.last));
    let state = |head: Head| PageState { last: head.last, bytes: head.bytes, served: head.served };
    Some(heads.map(state).collect())
}

/// What a row holds at a place.
#[derive(Debug)]
pub(crate) enum Content {
    /// A page, as it was written, and when it was taken in.
    Page(StoredPage, ServedMs),
    /// Messages that are not what was written.
    Damaged { first: Sequence, last: Sequence, reason: &'static str },
}

/// Returns the pages that are there of a row with `count` messages; those that are not what was written as such.
pub(crate) fn entries(
    last: Sequence,
    count: u64,
    heads: &[u8],
    body: &Bytes,
    is_there: impl Fn(Sequence) -> bool,
) -> Vec<LogEntry> {
    let entry = |content| match content {
        Content::Page(page, _) => LogEntry::Page(page),
        Content::Damaged { first, last, .. } => LogEntry::Damaged { first, last },
    };
    contents(last, count, heads, body, is_there).into_iter().map(entry).collect()
}

/// Returns what is there of a row with `count` messages.
pub(crate) fn contents(
    last: Sequence,
    count: u64,
    heads: &[u8],
    body: &Bytes,
    is_there: impl Fn(Sequence) -> bool,
) -> Vec<Content> {
    let Some(heads) = read(last, heads) else {
        let first = (last + 1).saturating_sub(count.max(1));
        let reason = "what describes its pages does not match its checksum";
        let damaged = Content::Damaged { first, last, reason };
        return is_there(last).then_some(damaged).into_iter().collect();
    };
    let mut contents = Vec::with_capacity(heads.len());
    let mut start = 0_usize;
    for head in heads {
        let end = start.saturating_add(usize::try_from(head.bytes).unwrap_or(usize::MAX));
        let payloads = (end <= body.len()).then(|| body.slice(start..end));
        start = end.min(body.len());
        if is_there(head.last) {
            contents.push(content(head, payloads));
        }
    }
    contents
}

fn content(head: Head, payloads: Option<Bytes>) -> Content {
    let (first, last) = (head.last + 1 - u64::from(head.count), head.last);
    match payloads.filter(|payloads| crc32fast::hash(payloads) == head.crc) {
        Some(payloads) => {
            let Head { publisher, at, count, .. } = head;
            let payloads = Payloads::from_sequence(payloads);
            Content::Page(StoredPage { first, publisher, at, count, payloads }, head.served)
        }
        None => Content::Damaged { first, last, reason: "its checksum does not match" },
    }
}

/// Reads the heads of a row's pages; `None` if they are not what was written.
fn read(last: Sequence, bytes: &[u8]) -> Option<Vec<Head>> {
    let (mut rest, crc) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(rest) != u32::from_be_bytes(*crc) {
        return None;
    }
    let mut heads = Vec::new();
    while !rest.is_empty() {
        heads.push(read_one(&mut rest)?);
    }
    // They say how many messages each page has, and the row where the last one stands.
    let mut end = last;
    for head in heads.iter_mut().rev() {
        head.last = end;
        end = end.checked_sub(u64::from(head.count))?;
    }
    Some(heads)
}

fn read_one(rest: &mut &[u8]) -> Option<Head> {
    let [FORMAT] = take::<1>(rest)? else { return None };
    let count = u32::from_be_bytes(take(rest)?);
    let bytes = u64::from_be_bytes(take(rest)?);
    let at = u64::from_be_bytes(take(rest)?);
    let served = u64::from_be_bytes(take(rest)?);
    let crc = u32::from_be_bytes(take(rest)?);
    let length = u32::from_be_bytes(take(rest)?) as usize;
    let (publisher, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let publisher = std::str::from_utf8(publisher).ok()?.into();
    Some(Head { last: 0, count, bytes, at, served, crc, publisher })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests;
