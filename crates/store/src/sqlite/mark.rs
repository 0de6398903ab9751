//! Notes beside the database how far its write-ahead log was committed, so that a log that lost
//! something can be told from one whose end a crash tore off.
//!
//! The note is written after each commit and not synced: it is never ahead of what the disk was made
//! to confirm, and after a loss of power it may only be behind. The other way round it is synced:
//! that a log will be emptied is noted, lastingly, before it is. `docs/decisions/0009` has the whole
//! argument.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
};

use super::{
    claim,
    settings::Durability,
    wal::{self, Salts},
};
/// The mark's name in the store's directory.
pub(super) const MARK_FILE: &str = "rialto.mark";

/// How a mark begins; the last letter is the version of its form.
const MAGIC: &[u8; 8] = b"RialtoM1";

/// Its length, which fits into a sector, so that a loss of power leaves an old one or a new one.
const BYTES: usize = 32;

/// What is known of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whether every commit in the log was synced before the next one began.
    pub(super) synced: bool,
    /// What was committed to the log; `None` when nothing is known of it.
    pub(super) committed: Option<Committed>,
}

/// How far a write-ahead log was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) salts: Salts,
    /// Frames up to the last commit, which is in them; 0 once all of it is in the database, and
    /// none of the log with these salts is needed any more.
    pub(super) frames: u32,
}

/// Keeps the mark of an open store.
#[derive(Debug)]
pub(super) struct MarkKeeper {
    file: File,
    /// The log, to read its salts. Closing it costs SQLite no lock: it has none on this file.
    log: Option<File>,
    written: Mark,
}

impl Committed {
    /// How it is written down that nothing is known.
    const UNKNOWN: Committed = Committed { salts: Salts(0, 0), frames: 0 };
}

impl Mark {
    /// Reads the mark of a store; `None` if it has none, or none that can be read.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Self>> {
        let mut bytes = [0; BYTES];
        let read =
            File::open(directory.join(MARK_FILE)).and_then(|mut file| file.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(Mark::decode(&bytes)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn decode(bytes: &[u8; BYTES]) -> Option<Self> {
        let (content, crc) = bytes.split_at(BYTES - 4);
        if !content.starts_with(MAGIC) || crc32fast::hash(content).to_be_bytes() != crc {
            return None;
        }
        let number = |place: usize| wal::number_at(content, place);
        let committed = Committed { salts: Salts(number(12), number(16)), frames: number(20) };
        Some(Mark {
            synced: number(8) == 1,
            committed: (committed != Committed::UNKNOWN).then_some(committed),
        })
    }

    fn encode(&self) -> [u8; BYTES] {
        let committed = self.committed.unwrap_or(Committed::UNKNOWN);
        let numbers = [
            u32::from(self.synced),
            committed.salts.0,
            committed.salts.1,
            committed.frames,
            0, // For later forms.
        ];
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        for (place, number) in bytes[8..].chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        let crc = crc32fast::hash(&bytes[..BYTES - 4]);
        bytes[BYTES - 4..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }
}

impl MarkKeeper {
    /// Takes over the mark of a store whose log was found sound, and whose commits will be as
    /// lasting as `durability` says.
    pub(super) fn open(directory: &Path, durability: Durability) -> io::Result<Self> {
        let before = Mark::read(directory)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(directory.join(MARK_FILE))?;
        let written = Mark {
            // What is in the log already was not synced for being followed by what is.
            synced: durability == Durability::Fsync && before.is_none_or(|mark| mark.synced),
            committed: before.and_then(|mark| mark.committed),
        };
        let mut keeper = MarkKeeper { file, log: None, written };
        if before != Some(written) {
            keeper.write_lastingly(written)?;
            claim::sync_directory(directory)?;
        }
        Ok(keeper)
    }

    /// Notes that all commits so far lasted, the last of which left so many frames in the log. That
    /// this fails harms no commit: the mark stays behind, and so does what can be told by it.
    ///
    /// # Cost
    /// A few µs: reads the log's salts and writes 32 bytes.
    pub(super) fn note_commit(&mut self, frames: u32, log_path: &Path) {
        if !self.written.synced || frames == 0 {
            return;
        }
        if let Err(error) = self.try_note_commit(frames, log_path) {
            tracing::debug!(%error, "the mark of the write-ahead log was not updated");
        }
    }

    fn try_note_commit(&mut self, frames: u32, log_path: &Path) -> io::Result<()> {
        let Some(salts) = self.salts(log_path)? else { return Ok(()) };
        let mark = Mark { committed: Some(Committed { salts, frames }), ..self.written };
        if mark == self.written { Ok(()) } else { self.write(mark) }
    }

    fn salts(&mut self, log_path: &Path) -> io::Result<Option<Salts>> {
        let log = match &self.log {
            Some(log) => log,
            None => self.log.insert(File::open(log_path)?),
        };
        let mut header = [0; wal::HEADER_BYTES];
        read_beginning(log, &mut header)?;
        Ok(wal::Header::decode(&header).map(|header| header.salts))
    }

    /// Notes, lastingly, that nothing need be in the log any more: all of it is in the database.
    ///
    /// With its salts: a loss of power while it is emptied may leave parts of it.
    pub(super) fn clear(&mut self, log_path: &Path, durability: Durability) -> io::Result<()> {
        let salts = self.salts(log_path).or_else(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(None), // It is empty already.
            _ => Err(error),
        })?;
        let committed = match salts {
            Some(salts) => Some(Committed { salts, frames: 0 }),
            None => self.written.committed.map(|known| Committed { frames: 0, ..known }),
        };
        let cleared = Mark { synced: durability == Durability::Fsync, committed };
        if cleared == self.written { Ok(()) } else { self.write_lastingly(cleared) }
    }

    fn write_lastingly(&mut self, mark: Mark) -> io::Result<()> {
        self.write(mark)?;
        self.file.sync_all()
    }

    fn write(&mut self, mark: Mark) -> io::Result<()> {
        write_beginning(&self.file, &mark.encode())?;
        self.written = mark;
        Ok(())
    }
}

#[cfg(unix)]
fn read_beginning(file: &File, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, 0)
}

#[cfg(unix)]
fn write_beginning(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn read_beginning(mut file: &File, bytes: &mut [u8]) -> io::Result<()> {
    io::Seek::rewind(&mut file)?;
    file.read_exact(bytes)
}

#[cfg(not(unix))]
fn write_beginning(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    io::Seek::rewind(&mut file)?;
    io::Write::write_all(&mut file, bytes)
}

#[cfg(test)]
mod tests;
