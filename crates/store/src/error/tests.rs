use std::{io, path::Path};

use rusqlite::ffi;

use super::{Cause, FailureKind, StoreError};

#[test]
fn an_error_says_what_is_wrong_and_what_to_do_and_where() {
    check(
        Cause::Full,
        FailureKind::Transient,
        "no room is left: free some on the disk, or raise the store's size limit; what is \
         stored is safe (while committing /data/rialto.db)",
    );
    check(
        Cause::InUse { process: Some(4711) },
        FailureKind::Permanent,
        "the directory is in use by another Rialto (process 4711): stop that one, or give this \
         one a directory of its own (while committing /data/rialto.db)",
    );
    check(
        Cause::InUse { process: None },
        FailureKind::Permanent,
        "the directory is in use by another Rialto: stop that one, or give this one a directory \
         of its own (while committing /data/rialto.db)",
    );
    check(
        io::Error::from(io::ErrorKind::ReadOnlyFilesystem).into(),
        FailureKind::Permanent,
        "read-only filesystem or storage medium: mount it writable, or choose another directory \
         (while committing /data/rialto.db)",
    );
}

#[test]
fn sqlite_failures_are_sorted_by_what_may_be_done() {
    for (code, kind, words) in [
        (ffi::SQLITE_FULL, FailureKind::Transient, "no room is left"),
        (ffi::SQLITE_IOERR_FSYNC, FailureKind::Transient, "code 1034: the system's log"),
        (ffi::SQLITE_BUSY, FailureKind::Transient, "code 5: another program"),
        (ffi::SQLITE_NOMEM, FailureKind::Transient, "code 7"),
        (ffi::SQLITE_CANTOPEN, FailureKind::Transient, "code 14: is the directory"),
        (ffi::SQLITE_CORRUPT, FailureKind::Corrupt, "code 11): restore it"),
        (ffi::SQLITE_NOTADB, FailureKind::Corrupt, "code 26): restore it"),
        (ffi::SQLITE_READONLY, FailureKind::Permanent, "code 8: let the user"),
        (ffi::SQLITE_CONSTRAINT, FailureKind::Permanent, "code 19"),
    ] {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let error = StoreError::new("committing", None, error.into());
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[track_caller]
fn check(cause: Cause, kind: FailureKind, text: &str) {
    let error = StoreError::new("committing", Some(Path::new("/data/rialto.db")), cause);
    assert_eq!(error.kind, kind);
    assert_eq!(error.to_string(), text);
}
