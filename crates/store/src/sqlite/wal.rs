//! Reads a write-ahead log as SQLite documents it (`https://sqlite.org/walformat.html`), to see
//! whether what SQLite would pass over was committed.
//!
//! SQLite takes the frames up to the last commit before the first frame that does not verify, and
//! says nothing of those behind: it takes the break for the end that a crash tore off. Each
//! frame's checksum goes on from the one before it, which is stored there, so frames behind a break
//! can be verified against each other, and tell what stood there when they were written.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

pub(super) const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The first four bytes of a log, but for the lowest bit, which is set for checksums over numbers
/// whose most significant byte is the first.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

/// What a log's frames share, and those of the log before it in the same file do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salts(pub(super) u32, pub(super) u32);

/// What stands at the beginning of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) salts: Salts,
    page_bytes: usize,
    most_significant_first: bool,
    checksum: Checksum,
}

/// SQLite's checksum, which goes on from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Checksum(u32, u32);

/// What a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Content {
    /// The salts; `None` if the header does not verify.
    pub(super) salts: Option<Salts>,
    /// The salts of its first frame, if there is one.
    pub(super) first_frame_salts: Option<Salts>,
    /// How many frames SQLite takes: those up to the last commit before the first that does not
    /// verify.
    pub(super) committed: u32,
    /// A frame behind the first that does not verify which ended a transaction, and on which a
    /// later transaction was built; frames count from 1.
    pub(super) built_upon: Option<u32>,
    /// How many whole frames there is room for in the file.
    pub(super) room: u32,
}

/// One frame as it stands in the file.
struct Frame {
    is_commit: bool,
    /// Whether it verifies against the checksum that the frame before it has.
    follows: bool,
    checksum: Checksum,
}

impl Content {
    /// Returns the salts of its header, or of its first frame where the header does not tell.
    pub(super) fn begins_with(&self) -> Option<Salts> {
        self.salts.or(self.first_frame_salts)
    }
}

impl Header {
    /// Reads a header, unless it is none.
    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = number_at(bytes, 0);
        let page_bytes = number_at(bytes, 8) as usize;
        let most_significant_first = magic & 1 == 1;
        let stored = Checksum(number_at(bytes, 24), number_at(bytes, 28));
        let mut checksum = Checksum(0, 0);
        checksum.add(&bytes[..HEADER_BYTES - 8], most_significant_first);
        let is_whole = magic & !1 == MAGIC
            && number_at(bytes, 4) == VERSION
            && (512..=65_536).contains(&page_bytes)
            && page_bytes.is_power_of_two()
            && checksum == stored;
        is_whole.then_some(Header {
            salts: Salts(number_at(bytes, 16), number_at(bytes, 20)),
            page_bytes,
            most_significant_first,
            checksum,
        })
    }
}

impl Checksum {
    fn add(&mut self, bytes: &[u8], most_significant_first: bool) {
        let number = |bytes: &[u8]| {
            let bytes = bytes.try_into().expect("a word has four bytes");
            if most_significant_first {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            }
        };
        for pair in bytes.chunks_exact(8) {
            self.0 = self.0.wrapping_add(number(&pair[..4])).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(number(&pair[4..])).wrapping_add(self.0);
        }
    }
}

/// Reads a log through. `page_bytes` is how large the database's pages are, for a log whose header
/// cannot tell.
///
/// # Cost
/// Reads the file once, and computes a checksum over what is of the log that its header began.
pub(super) fn read(path: &Path, page_bytes: usize) -> io::Result<Content> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(error),
    };
    let bytes = file.metadata()?.len();
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER_BYTES];
    if bytes < HEADER_BYTES as u64 {
        return Ok(Content::default());
    }
    file.read_exact(&mut header)?;
    let header = Header::decode(&header);
    let page_bytes = header.map_or(page_bytes, |header| header.page_bytes);
    let room = (bytes - HEADER_BYTES as u64) / (FRAME_HEADER_BYTES + page_bytes) as u64;
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    let mut walk = Walk::from(header);
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    for number in 1..=room {
        file.read_exact(&mut frame)?;
        walk.take(number, &frame);
    }
    Ok(Content { room, ..walk.content })
}

/// Goes through a log, frame by frame.
struct Walk {
    content: Content,
    most_significant_first: bool,
    /// What the frame before this one left the checksum at.
    checksum: Checksum,
    /// Whether all frames so far verified.
    is_unbroken: bool,
    /// The frame before this one, if it is one behind the break that ended a transaction.
    commit_before: Option<u32>,
}

impl Walk {
    fn from(header: Option<Header>) -> Self {
        Walk {
            content: Content { salts: header.map(|it| it.salts), ..Content::default() },
            // Without a header: as all machines write that this is built for.
            most_significant_first: header
                .map_or(cfg!(target_endian = "big"), |header| header.most_significant_first),
            checksum: header.map_or(Checksum(0, 0), |header| header.checksum),
            is_unbroken: header.is_some(),
            commit_before: None,
        }
    }

    fn take(&mut self, number: u32, bytes: &[u8]) {
        let salts = Salts(number_at(bytes, 8), number_at(bytes, 12));
        if number == 1 {
            self.content.first_frame_salts = Some(salts);
        }
        let expected = self.content.begins_with();
        if expected != Some(salts) {
            // Of an earlier log, or damaged where the salts stand.
            self.is_unbroken = false;
            self.commit_before = None;
            self.checksum = Checksum(number_at(bytes, 16), number_at(bytes, 20));
            return;
        }
        let frame = self.frame(bytes);
        self.is_unbroken &= frame.follows;
        if self.is_unbroken {
            if frame.is_commit {
                self.content.committed = number;
            }
        } else {
            if frame.follows && self.commit_before.is_some() {
                self.content.built_upon = self.commit_before;
            }
            self.commit_before = (frame.follows && frame.is_commit).then_some(number);
        }
        self.checksum = frame.checksum;
    }

    fn frame(&self, bytes: &[u8]) -> Frame {
        let stored = Checksum(number_at(bytes, 16), number_at(bytes, 20));
        let mut checksum = self.checksum;
        checksum.add(&bytes[..8], self.most_significant_first);
        checksum.add(&bytes[FRAME_HEADER_BYTES..], self.most_significant_first);
        let page = number_at(bytes, 0);
        Frame {
            is_commit: number_at(bytes, 4) != 0,
            follows: page != 0 && checksum == stored,
            checksum: stored,
        }
    }
}

/// Reads a number of a log's header or of a frame's.
pub(super) fn number_at(bytes: &[u8], place: usize) -> u32 {
    let bytes = bytes[place..place + 4].try_into().expect("a number has four bytes");
    u32::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests;
