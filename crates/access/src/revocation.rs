//! Who is banned, and whose tokens were revoked.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use parking_lot::RwLock;
use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

use crate::atomic_file;

/// How many clients may be banned, and of how many tokens may be revoked.
const ENTRIES_MAX: usize = 100_000;

/// Bans and revocations, kept in a file that is written at each change, or in memory only.
///
/// # Limits
/// 100,000 bans, and revocations of as many clients. Bans that are over are dropped.
#[derive(Debug)]
pub struct Revocations {
    file: Option<PathBuf>,
    book: RwLock<Book>,
}

/// A client that is kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Its client id.
    pub client: String,
    /// Until when; without, for good.
    pub until: Option<UnixMs>,
    /// Why, in words that the client is told.
    pub reason: String,
}

/// Why bans and revocations cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error(
        "{path} holds no bans and revocations: {reason}; restore it, or remove it to lift all bans and make \
         revoked tokens valid again"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be written.
    #[error("it holds until the server stops, as {path} cannot be written: {source}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are too many already.
    #[error(
        "{ENTRIES_MAX} clients are banned or have had their tokens revoked, the most that are kept"
    )]
    Full,
}

/// What is known.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    bans: BTreeMap<String, Terms>,
    /// Up to when tokens that were issued to the client are void.
    tokens_revoked_at: BTreeMap<String, UnixMs>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    until: Option<UnixMs>,
    reason: String,
}

impl Revocations {
    /// Keeps them in memory, so that they end with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Revocations { file: None, book: RwLock::default() }
    }

    /// Keeps them in `file`, which comes to be with the first.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn open(file: &Path) -> Result<Self, RevocationError> {
        let book = match fs::read(file) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                let reason = error.to_string();
                RevocationError::Damaged { path: file.to_owned(), reason }
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Book::default(),
            Err(source) => {
                return Err(RevocationError::Unreadable { path: file.to_owned(), source });
            }
        };
        Ok(Revocations { file: Some(file.to_owned()), book: RwLock::new(book) })
    }

    /// Keeps a client out, in place of an earlier ban. A ban that is over already lifts one.
    ///
    /// # Errors
    /// When there are too many, or the file cannot be written; in that case the ban holds until the
    /// server stops.
    pub fn ban(&self, ban: Ban, now: UnixMs) -> Result<(), RevocationError> {
        let Ban { client, until, reason } = ban;
        self.change(now, |book| {
            book.bans.insert(client, Terms { until, reason });
        })
    }

    /// Lets a client in again, and returns whether it was banned.
    ///
    /// # Errors
    /// When the file cannot be written; the client is then let in until the server stops.
    pub fn unban(&self, client: &str, now: UnixMs) -> Result<bool, RevocationError> {
        let was_banned = self.ban_of(client, now).is_some();
        if was_banned {
            self.change(now, |book| {
                book.bans.remove(client);
            })?;
        }
        Ok(was_banned)
    }

    /// Returns the bans that hold, by client.
    #[must_use]
    pub fn bans(&self, now: UnixMs) -> Vec<Ban> {
        let book = self.book.read();
        let bans = book.bans.iter().filter(|(_, terms)| terms.hold(now));
        bans.map(|(client, terms)| terms.to_ban(client)).collect()
    }

    /// Returns the client's ban, if one holds.
    #[must_use]
    pub fn ban_of(&self, client: &str, now: UnixMs) -> Option<Ban> {
        let book = self.book.read();
        book.bans.get(client).filter(|terms| terms.hold(now)).map(|terms| terms.to_ban(client))
    }

    /// Makes all tokens void that were issued to the client up to now, signed ones and JWTs.
    ///
    /// # Errors
    /// When there are too many, or the file cannot be written; in that case it holds until the server stops.
    pub fn revoke_tokens(&self, client: &str, now: UnixMs) -> Result<(), RevocationError> {
        self.change(now, |book| {
            book.tokens_revoked_at.insert(client.to_owned(), now);
        })
    }

    /// Returns whether a token that the client was issued then is void.
    #[must_use]
    pub fn are_revoked(&self, client: &str, issued_at: UnixMs) -> bool {
        let book = self.book.read();
        book.tokens_revoked_at.get(client).is_some_and(|&revoked_at| issued_at <= revoked_at)
    }

    fn change(&self, now: UnixMs, change: impl FnOnce(&mut Book)) -> Result<(), RevocationError> {
        let mut book = self.book.write();
        let mut changed = book.clone();
        change(&mut changed);
        changed.bans.retain(|_, terms| terms.hold(now));
        if ENTRIES_MAX < changed.bans.len().max(changed.tokens_revoked_at.len()) {
            return Err(RevocationError::Full);
        }
        *book = changed;
        self.save(&book)
    }

    /// Under the lock, so that the later change is written later.
    fn save(&self, book: &Book) -> Result<(), RevocationError> {
        let Some(path) = &self.file else { return Ok(()) };
        let saved = serde_json::to_vec_pretty(book)
            .map_err(io::Error::other)
            .and_then(|json| atomic_file::replace_file(path, &json, atomic_file::PRIVATE));
        saved.map_err(|source| RevocationError::Unwritable { path: path.clone(), source })
    }
}

impl Ban {
    /// Returns what the client is told.
    #[must_use]
    pub fn message(&self) -> String {
        match self.reason.as_str() {
            "" => "banned".to_owned(),
            reason => format!("banned: {reason}"),
        }
    }
}

impl Terms {
    fn hold(&self, now: UnixMs) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn to_ban(&self, client: &str) -> Ban {
        Ban { client: client.to_owned(), until: self.until, reason: self.reason.clone() }
    }
}

#[cfg(test)]
mod tests;
