//! Makes a store usable again whose write-ahead log lost something.

use std::{
    fs::{self, File},
    io,
    path::{self, Path},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    check, claim,
    mark::{MARK_FILE, MarkKeeper},
    open::{self, BUSY_MAX},
    schema,
    settings::{DATABASE_FILE, Durability},
    verdict::{self, LOG_FILE, LogDamage},
};
use crate::{Cause, Report, StoreError};

/// What a repair did.
#[derive(Debug)]
pub struct Repair {
    /// What was given up, if anything; the files as they were are in the directory that was named.
    pub given_up: Option<GivenUp>,
    /// What the store holds now, and what of it is damaged still.
    pub report: Report,
}

/// What a repair gave up.
#[derive(Debug, Clone, Copy)]
pub struct GivenUp {
    /// Frames of the write-ahead log that went into the database.
    pub frames_kept: u32,
    /// How far the log was committed, at least.
    pub frames_committed: u32,
}

/// Makes the store in `directory` usable again: if its write-ahead log lost something, the database,
/// the log and its mark are first copied into the new directory `aside`, and what was committed
/// before the damage is kept. A store without such damage is read through and left as it is.
///
/// # Errors
/// When the store is in use, or is damaged in a way that this does not mend ([`Cause::Damaged`]).
/// Its files are then as they were.
pub fn repair(directory: &Path, aside: &Path) -> Result<Repair, StoreError> {
    let directory = path::absolute(directory)
        .map_err(|error| StoreError::new("repairing", Some(directory), error.into()))?;
    check::require_database(&directory)?;
    let _lock = claim::lock_directory(&directory)?;
    let failed = |cause| StoreError::new("repairing", Some(&directory), cause);
    let damage = verdict::find_damage(&directory, Durability::Fsync)
        .map_err(|error| failed(error.into()))?;
    let given_up = damage.map(|LogDamage { frames_left, frames_committed }| GivenUp {
        frames_kept: frames_left,
        frames_committed,
    });
    if given_up.is_some() {
        if aside.exists() {
            return Err(failed(Cause::Exists(aside.to_path_buf())));
        }
        set_aside(&directory, aside)
            .map_err(|error| StoreError::new("copying to", Some(aside), error.into()))?;
        cut_log(&directory).map_err(failed)?;
    }
    let report = check::check_database(&directory.join(DATABASE_FILE)).map_err(failed)?;
    Ok(Repair { given_up, report })
}

/// Copies the store's files, so that whoever wants can look at them.
fn set_aside(directory: &Path, aside: &Path) -> io::Result<()> {
    claim::make_closed_directory(aside)?;
    for name in [DATABASE_FILE, LOG_FILE, MARK_FILE] {
        let from = directory.join(name);
        if from.exists() {
            let to = aside.join(name);
            fs::copy(from, &to)?;
            File::open(to)?.sync_all()?;
        }
    }
    claim::sync_directory(aside)?;
    aside.parent().map_or(Ok(()), claim::sync_directory)
}

/// Takes what is sound of the log into the database, and empties the log.
fn cut_log(directory: &Path) -> Result<(), Cause> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(directory.join(DATABASE_FILE), flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    schema::check_owner(&connection, schema::MIGRATIONS)?;
    // Part of the log may be in the database already; without the rest that may make no sense.
    open::require_soundness(&connection, "integrity_check")?;
    let mut mark = MarkKeeper::open(directory, Durability::Fsync)?;
    open::checkpoint(&connection, &verdict::log_in(directory), &mut mark, Durability::Fsync)?;
    match verdict::find_damage(directory, Durability::Fsync)? {
        None => Ok(()),
        Some(_) => Err(Cause::Damaged("its write-ahead log cannot be emptied".to_owned())),
    }
}
