//! The file that users stand in.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

use crate::{Secret, User, Users, atomic_file, password};

mod error;
mod lock;

pub use error::UsersError;

/// What stands above the users in the file.
const HEADING: &str = "# Written by `rialto user`. Passwords are argon2id hashes.\n\n";

/// The users of one file. Each change is written at once, whole, for its owner's eyes only;
/// comments are not kept.
#[derive(Debug)]
pub struct UsersFile {
    path: PathBuf,
    users: Users,
    /// Held open, and with it locked, by who is going to change the file.
    _lock: Option<File>,
}

/// The file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(default)]
    users: Vec<User>,
}

/// The file as it is written: only here a hash is let out.
#[derive(Serialize)]
struct Storing<'a> {
    users: Vec<StoringUser<'a>>,
}

#[derive(Serialize)]
struct StoringUser<'a> {
    name: &'a str,
    password: &'a str,
    groups: &'a BTreeSet<String>,
    tokens_valid_from: UnixMs,
}

impl UsersFile {
    /// Reads the users.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read, or it is not a list of users with hashes and
    /// different names.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let text = fs::read_to_string(path)
            .map_err(|source| UsersError::Unreadable { path: path.to_owned(), source })?;
        let users = parse(path, &text)?;
        Ok(UsersFile { path: path.to_owned(), users, _lock: None })
    }

    /// Reads the users; a file that is not there has none, and comes to be with the first.
    ///
    /// # Errors
    /// As for [`read`](Self::read), otherwise.
    pub fn read_or_new(path: &Path) -> Result<Self, UsersError> {
        match Self::read(path) {
            Err(UsersError::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                Ok(UsersFile { path: path.to_owned(), users: Users::default(), _lock: None })
            }
            read => read,
        }
    }

    /// Reads the users to change them, as [`read_or_new`](Self::read_or_new) does: until this is
    /// dropped, other processes that want the same wait, so that no change is lost. Readers do not.
    ///
    /// # Errors
    /// As for [`read_or_new`](Self::read_or_new), and when the lock file beside it, which has the
    /// same name and `.lock` behind it, cannot be made.
    pub fn lock(path: &Path) -> Result<Self, UsersError> {
        let lock = lock::acquire(path)
            .map_err(|source| UsersError::Unlockable { path: path.to_owned(), source })?;
        let file = UsersFile::read_or_new(path)?;
        Ok(UsersFile { _lock: lock, ..file })
    }

    /// Adds a user. Tokens that anybody was given for that name before are void.
    ///
    /// # Errors
    /// When the name is taken, anything is empty, or the file cannot be written; nothing is changed then.
    pub fn add(
        &mut self,
        name: &str,
        password: &str,
        groups: BTreeSet<String>,
        now: UnixMs,
    ) -> Result<(), UsersError> {
        if name.is_empty() {
            return Err(UsersError::NoName);
        }
        if self.users.get(name).is_some() {
            return Err(UsersError::Exists(name.to_owned()));
        }
        let password = hash(password)?;
        let user = User { name: name.to_owned(), password, groups, tokens_valid_from: now };
        self.change(|users| {
            users.insert(user);
        })
    }

    /// Removes a user, whose tokens and sessions end when the server reads the file again.
    ///
    /// # Errors
    /// When there is no such user, or the file cannot be written; nothing is changed then.
    pub fn remove(&mut self, name: &str) -> Result<(), UsersError> {
        self.known(name)?;
        self.change(|users| {
            users.remove(name);
        })
    }

    /// Gives a user another password. Tokens that were given for the old one are void.
    ///
    /// # Errors
    /// When there is no such user, the password is empty, or the file cannot be written; nothing is
    /// changed then.
    pub fn set_password(
        &mut self,
        name: &str,
        password: &str,
        now: UnixMs,
    ) -> Result<(), UsersError> {
        self.known(name)?;
        let password = hash(password)?;
        self.change_user(name, |user| {
            user.password = password;
            user.tokens_valid_from = now;
        })
    }

    /// Puts a user into these groups and no others.
    ///
    /// # Errors
    /// When there is no such user, or the file cannot be written; nothing is changed then.
    pub fn set_groups(&mut self, name: &str, groups: BTreeSet<String>) -> Result<(), UsersError> {
        self.known(name)?;
        self.change_user(name, |user| user.groups = groups)
    }

    /// Returns all users by name.
    pub fn list(&self) -> impl Iterator<Item = &User> {
        self.users.iter()
    }

    /// Returns the users, for [`Settings`](crate::Settings).
    #[must_use]
    pub fn users(&self) -> &Users {
        &self.users
    }

    fn known(&self, name: &str) -> Result<(), UsersError> {
        self.users.get(name).map(|_| ()).ok_or_else(|| UsersError::Unknown(name.to_owned()))
    }

    fn change_user(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut User),
    ) -> Result<(), UsersError> {
        self.change(|users| {
            if let Some(user) = users.get_mut(name) {
                change(user);
            }
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut Users)) -> Result<(), UsersError> {
        let mut users = self.users.clone();
        change(&mut users);
        let unwritable = |source| UsersError::Unwritable { path: self.path.clone(), source };
        let text = to_text(&users).map_err(unwritable)?;
        atomic_file::replace_file(&self.path, text.as_bytes(), atomic_file::PRIVATE)
            .map_err(unwritable)?;
        self.users = users;
        Ok(())
    }
}

fn parse(path: &Path, text: &str) -> Result<Users, UsersError> {
    let stored = toml::from_str::<Stored>(text).map_err(|error| damaged(path, text, &error))?;
    let mut users = Users::default();
    for user in stored.users {
        let name = user.name.clone();
        if name.is_empty() {
            return Err(UsersError::NoName);
        }
        if !password::is_hash(user.password.expose()) {
            return Err(UsersError::NoHash { path: path.to_owned(), name });
        }
        if !users.insert(user) {
            let reason = format!("user \"{name}\" stands in it twice; remove one of them");
            return Err(UsersError::Damaged {
                path: path.to_owned(),
                place: String::new(),
                reason,
            });
        }
    }
    Ok(users)
}

/// The parser's own display shows the line, which may hold a hash: only its number is told.
fn damaged(path: &Path, text: &str, error: &toml::de::Error) -> UsersError {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| {
        let line = before.matches('\n').count() + 1;
        format!(" in line {line}")
    });
    UsersError::Damaged {
        path: path.to_owned(),
        place: line.unwrap_or_default(),
        reason: error.message().to_owned(),
    }
}

fn to_text(users: &Users) -> io::Result<String> {
    let users = users.iter().map(|user| StoringUser {
        name: &user.name,
        password: user.password.expose(),
        groups: &user.groups,
        tokens_valid_from: user.tokens_valid_from,
    });
    let text = toml::to_string(&Storing { users: users.collect() }).map_err(io::Error::other)?;
    Ok(format!("{HEADING}{text}"))
}

fn hash(password: &str) -> Result<Secret, UsersError> {
    if password.is_empty() {
        return Err(UsersError::NoPassword);
    }
    password::hash(password).map(Secret::from).map_err(UsersError::Unhashed)
}

#[cfg(test)]
mod tests;
