//! What can be wrong with the users' file, and with a change of it.

use std::{io, path::PathBuf};

/// Why users could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read.
    #[error("cannot read the users file {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written; it is as it was.
    #[error("cannot write the users file {path}: {source}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be kept from changing in other hands.
    #[error("cannot lock the users file {path}: {source}")]
    Unlockable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no list of users.
    #[error("the users file {path} is damaged{place}: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it, if that is known.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A user has no hash for a password.
    #[error(
        "user \"{name}\" in {path} has no argon2id hash as its password; set one with: rialto user passwd {name}"
    )]
    NoHash {
        /// Which file.
        path: PathBuf,
        /// Which user.
        name: String,
    },
    /// The name is taken.
    #[error("there is a user \"{0}\" already; change its password with: rialto user passwd {0}")]
    Exists(String),
    /// Nobody has that name.
    #[error("there is no user \"{0}\"; see who there is with: rialto user list")]
    Unknown(String),
    /// The name is empty.
    #[error("a user's name has at least one character")]
    NoName,
    /// The password is empty.
    #[error("a password has at least one character")]
    NoPassword,
    /// The system did not let a password be hashed.
    #[error("cannot hash the password: {0}")]
    Unhashed(io::Error),
}
