//! What may go wrong with a store, told so that a program and a person each know what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use rialto_domain::FailureKind;
use rusqlite::{Error as SqliteError, ErrorCode};

mod database;

pub use database::DatabaseCause;

/// A failure of the store. Its text is one sentence for people: what is wrong, why, what to do.
///
/// The text is complete, so [`source`](std::error::Error::source) has nothing to add.
#[derive(Debug, thiserror::Error)]
pub struct StoreError {
    /// What the caller may do next.
    pub kind: FailureKind,
    /// What was being done, as in "while committing".
    pub during: &'static str,
    /// The file or directory concerned; none for a store in memory.
    pub path: Option<PathBuf>,
    /// What is wrong. Boxed, since results should stay small on their way that goes well.
    pub cause: Box<Cause>,
}

/// What is wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The disk is full, or the file has reached its limit.
    #[error(
        "no room is left: free some on the disk, or raise the store's size limit; \
         what is stored is safe"
    )]
    Full,
    /// The system refused an operation on a file.
    #[error("{}{}", .0, advice(.0))]
    File(io::Error),
    /// SQLite failed for a reason without a variant of its own.
    #[error("SQLite says: {}{}", said(.0), sqlite_advice(.0))]
    Sqlite(SqliteError),
    /// Another process, or another store of this one, has the directory.
    #[error(
        "the directory is in use by another Rialto{}: stop that one, or give this one \
         a directory of its own",
        .process.map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    InUse {
        /// The owner's process id, if it could be read.
        process: Option<u32>,
    },
    /// A later release wrote the file.
    #[error(
        "the file has schema version {found}, this release knows versions up to {known}: \
         run the release that wrote it, or a later one"
    )]
    SchemaNewer {
        /// The file's version.
        found: u32,
        /// The latest version this release knows.
        known: u32,
    },
    /// Another release made the tables, and they are to be read as they are.
    #[error(
        "the tables have schema version {found}, and this release reads all of version {known} only: use the \
         release that made them, or start a broker of this one once, which brings older ones up to date"
    )]
    SchemaOther {
        /// Their version.
        found: u32,
        /// The version that can be read.
        known: u32,
    },
    /// A copy of another store was cut off there.
    #[error(
        "it holds a part of a copy of {origin}: run the same `rialto store copy` again, which goes on with it, \
         or remove it"
    )]
    Unfinished {
        /// What it is a copy of, to people.
        origin: String,
    },
    /// What is to be copied to holds something.
    #[error(
        "it holds a store already, and only what is empty can be copied to: choose another target"
    )]
    NotEmpty,
    /// A file that is none of the original JMQT server's.
    #[error(
        "it is no database of the original JMQT server, nor a dump of its tables as mysqldump writes it: it has \
         no table {table} with a column {column}"
    )]
    NotOriginal {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A copy is not what it is a copy of.
    #[error(
        "the {part} of both sides differ ({there} records in the source, {here} in the copy): was something \
         written to one of them meanwhile? Remove the copy, and copy anew"
    )]
    CopyDiffers {
        /// The part.
        part: &'static str,
        /// How many records of it the source has.
        there: u64,
        /// How many the copy has.
        here: u64,
    },
    /// The file is an SQLite database of something else.
    #[error(
        "the file is an SQLite database, but not one of Rialto's: move it away, or give \
         Rialto a directory of its own"
    )]
    Foreign,
    /// The file is damaged, or is no database at all.
    #[error(
        "the file is damaged or no SQLite database ({0}): restore it from a backup (docs/operating.md), or move \
         it and its -wal and -shm files away to start empty"
    )]
    Damaged(String),
    /// The write-ahead log lacks changes that were committed.
    #[error(
        "the write-ahead log {} is damaged: it was committed up to frame {frames_committed}, and \
         only {frames_left} frames can be read, so that acknowledged messages are missing; restore \
         a backup (docs/operating.md), or run `rialto store repair`, which sets the damaged files \
         aside and keeps what was committed before the damage",
        .log.display()
    )]
    LogDamaged {
        /// The log.
        log: PathBuf,
        /// How many of its frames can be used.
        frames_left: u32,
        /// How many were committed, at least.
        frames_committed: u32,
    },
    /// A file of the store, or its directory, is not what was opened any more.
    #[error(
        "{} was {how} while the store was using it, so that what is written now would be found by \
         nobody: stop Rialto, put the files back or restore a backup (docs/operating.md), and \
         start it again",
        .path.display()
    )]
    Lost {
        /// Which one.
        path: PathBuf,
        /// What happened to it: "removed" or "replaced".
        how: &'static str,
    },
    /// A file or directory that was to be made is there already.
    #[error("{} is there already, and is not replaced: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    /// The disk has no room for a copy of the store.
    #[error(
        "the copy takes {needed} bytes, and the disk has {room}: free some room, or choose another disk"
    )]
    NoRoomForCopy {
        /// What the copy takes.
        needed: u64,
        /// What the disk has.
        room: u64,
    },
    /// A log ends elsewhere in the file than this store left it.
    #[error(
        "another program wrote to the file while this store was using it: find it and end it, then \
         start Rialto again"
    )]
    ChangedByAnother,
    /// The file system cannot hold a write-ahead log.
    #[error(
        "the file system lacks what SQLite's write-ahead log needs (journal mode is {0}): \
         use a local disk"
    )]
    NoWriteAheadLog(String),
    /// The batch held a page without messages.
    #[error("a page without messages cannot be stored")]
    EmptyPage,
    /// A database server failed, or cannot be used.
    #[error(transparent)]
    Database(DatabaseCause),
}

impl StoreError {
    /// Makes an error of what happened and where; the kind follows from the cause.
    #[must_use]
    pub fn new(during: &'static str, path: Option<&Path>, cause: Cause) -> Self {
        let path = path.map(Path::to_path_buf);
        StoreError { kind: cause.kind(), during, path, cause: Box::new(cause) }
    }
}

impl StoreError {
    /// Says whether what is stored cannot be used by this release as it is: it is damaged, was
    /// written by a later release, or belongs to another program. Another try does not help, nor
    /// does a change of anything but the stored files.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.kind == FailureKind::Corrupt
            || matches!(
                *self.cause,
                Cause::SchemaNewer { .. }
                    | Cause::Unfinished { .. }
                    | Cause::Foreign
                    | Cause::Database(DatabaseCause::SchemaNewer { .. })
            )
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (while {}", self.cause, self.during)?;
        match &self.path {
            Some(path) => write!(out, " {})", path.display()),
            None => write!(out, ")"),
        }
    }
}

impl Cause {
    /// Says what the caller may do about it.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Cause::Full => FailureKind::Transient,
            Cause::Sqlite(error) => sqlite_kind(error),
            Cause::Database(cause) => cause.kind(),
            Cause::Damaged(_) | Cause::LogDamaged { .. } | Cause::ChangedByAnother => {
                FailureKind::Corrupt
            }
            Cause::File(_)
            | Cause::Lost { .. }
            | Cause::Exists(_)
            | Cause::NoRoomForCopy { .. }
            | Cause::InUse { .. }
            | Cause::SchemaNewer { .. }
            | Cause::SchemaOther { .. }
            | Cause::Unfinished { .. }
            | Cause::NotEmpty
            | Cause::NotOriginal { .. }
            | Cause::CopyDiffers { .. }
            | Cause::Foreign
            | Cause::NoWriteAheadLog(_)
            | Cause::EmptyPage => FailureKind::Permanent,
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Cause::File(error)
    }
}

impl From<SqliteError> for Cause {
    fn from(error: SqliteError) -> Self {
        match (error.sqlite_error_code(), &error) {
            (Some(ErrorCode::DiskFull), _) => Cause::Full,
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
            | (
                None,
                SqliteError::FromSqlConversionFailure(..)
                | SqliteError::IntegralValueOutOfRange(..)
                | SqliteError::InvalidColumnType(..)
                | SqliteError::Utf8Error(..),
            ) => Cause::Damaged(said(&error)),
            _ => Cause::Sqlite(error),
        }
    }
}

/// Says whether a later try may succeed where SQLite failed.
fn sqlite_kind(error: &SqliteError) -> FailureKind {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen,
        ) => FailureKind::Transient,
        _ => FailureKind::Permanent,
    }
}

/// Returns SQLite's words, with the number under which its manual explains them.
fn said(error: &SqliteError) -> String {
    match error.sqlite_error() {
        Some(failure) => format!("{error}, code {}", failure.extended_code),
        None => error.to_string(),
    }
}

/// Returns what to do about a failure of SQLite, ready to stand behind its text.
fn sqlite_advice(error: &SqliteError) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => ": the system's log should tell what ails the disk",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ": another program has locked the file, maybe a backup or a shell; end it"
        }
        Some(ErrorCode::ReadOnly) => ": let the user that runs Rialto write there",
        Some(ErrorCode::CannotOpen) => {
            ": is the directory still there, and are files left to open?"
        }
        _ => "",
    }
}

/// Returns what to do about a refused operation on a file, ready to stand behind its text.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ": let the user that runs Rialto write there",
        io::ErrorKind::ReadOnlyFilesystem => ": mount it writable, or choose another directory",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ": choose a path that is a directory, or can be made one"
        }
        io::ErrorKind::IsADirectory => ": move that directory away",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ": free some room",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
