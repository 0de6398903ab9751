//! Decides whether a write-ahead log that SQLite would take lost something that was committed.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    mark::{Committed, MARK_FILE, Mark},
    settings::{DATABASE_FILE, Durability},
    wal::{self, Content},
};
use crate::Cause;

/// The write-ahead log's name in the store's directory, which SQLite makes of the database's.
pub(super) const LOG_FILE: &str = "rialto.db-wal";

/// What a log lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogDamage {
    /// How many frames SQLite would take.
    pub(super) frames_left: u32,
    /// How many were committed at least.
    pub(super) frames_committed: u32,
}

/// Refuses a log that SQLite would take for torn, or for none, though committed changes were in it.
pub(super) fn check_log(directory: &Path, durability: Durability) -> Result<(), Cause> {
    match find_damage(directory, durability)? {
        None => Ok(()),
        Some(LogDamage { frames_left, frames_committed }) => {
            Err(Cause::LogDamaged { log: directory.join(LOG_FILE), frames_left, frames_committed })
        }
    }
}

/// Finds out what the log of a store lost, if anything. `durability` is how the store is used, for
/// one that does not tell how it was.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn find_damage(
    directory: &Path,
    durability: Durability,
) -> io::Result<Option<LogDamage>> {
    let mark = Mark::read(directory)?
        .unwrap_or(Mark { synced: durability == Durability::Fsync, committed: None });
    let log = wal::read(&log_in(directory), page_bytes(&directory.join(DATABASE_FILE))?)?;
    match judge(mark, log) {
        Some(_) if log.room == 0 && was_moved_by_another(directory)? => Ok(None),
        damage => Ok(damage),
    }
}

/// Whether a program that is none of ours seems to have moved the log into the database, as SQLite
/// does when the last one who uses a database closes it: then the database was written after the
/// mark, which we never do.
fn was_moved_by_another(directory: &Path) -> io::Result<bool> {
    let written = |name: &str| fs::metadata(directory.join(name))?.modified();
    Ok(written(MARK_FILE)? <= written(DATABASE_FILE)?)
}

/// Decides by the mark and the log.
///
/// A commit is written only after the one before it is on the disk, and the log's header before
/// any of its frames. So what a later transaction was built upon was on the disk, and what the
/// mark tells of was too. If it is not there, it is damaged, and not torn.
fn judge(mark: Mark, log: Content) -> Option<LogDamage> {
    // Without a sync for each commit, a loss of power may leave gaps anywhere.
    if !mark.synced || is_needless(mark, log) {
        return None;
    }
    let marked = mark.committed.map_or(0, |committed| frames_owed(committed, log));
    let frames_committed = marked.max(log.built_upon.unwrap_or(0));
    (log.committed < frames_committed)
        .then_some(LogDamage { frames_left: log.committed, frames_committed })
}

/// Whether all that was ever in the log is in the database: the power was lost while it was emptied.
fn is_needless(mark: Mark, log: Content) -> bool {
    let known = mark.committed.filter(|committed| committed.frames == 0);
    known.is_some_and(|committed| log.begins_with() == Some(committed.salts))
}

/// Returns how many frames a log must have by its mark.
fn frames_owed(committed: Committed, log: Content) -> u32 {
    match log.begins_with() {
        // It is emptied only after the mark says so.
        None => committed.frames,
        Some(salts) if salts == committed.salts => committed.frames,
        // Begun anew, once all was in the database; or of another database altogether.
        Some(_) => 0,
    }
}

/// Returns the path of a store's log.
pub(super) fn log_in(directory: &Path) -> PathBuf {
    directory.join(LOG_FILE)
}

/// Reads how large a database's pages are.
fn page_bytes(database: &Path) -> io::Result<usize> {
    let mut header = [0; 18];
    let read = File::open(database).and_then(|mut file| file.read_exact(&mut header));
    if read.is_err() {
        return Ok(4096);
    }
    match u16::from_be_bytes([header[16], header[17]]) {
        1 => Ok(65_536),
        bytes if 512 <= bytes && bytes.is_power_of_two() => Ok(bytes.into()),
        _ => Ok(4096),
    }
}
