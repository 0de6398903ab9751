//! Users with passwords, as the rest of the crate asks for them.

use std::collections::{BTreeMap, BTreeSet};

use rialto_domain::UnixMs;
use serde::Deserialize;

use crate::{Secret, password};

/// Users by name. Cheap to ask, not to clone.
#[derive(Debug, Clone, Default)]
pub struct Users(BTreeMap<String, User>);

/// One user: a person or a device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its client id.
    pub name: String,
    /// The argon2id hash of its password, as a PHC string.
    pub(crate) password: Secret,
    /// The groups it belongs to.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Tokens that were issued before are not valid.
    #[serde(default)]
    pub tokens_valid_from: UnixMs,
}

impl User {
    /// Returns whether everything about two users is the same.
    pub(crate) fn is_same(&self, other: &User) -> bool {
        let User { name, password, groups, tokens_valid_from } = self;
        let is_same_password = password.is(other.password.expose());
        *name == other.name
            && is_same_password
            && *groups == other.groups
            && *tokens_valid_from == other.tokens_valid_from
    }
}

impl Users {
    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a user.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&User> {
        self.0.get(name)
    }

    /// Returns all users by name.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.values()
    }

    /// Returns whether that is the user's password. Takes as long for a name that no user has, so
    /// that it tells nothing of which names there are; hashes with other parameters than ours take
    /// another time.
    ///
    /// # Cost
    /// Some 20 to 100 ms, and 19 MiB of memory for as long.
    #[must_use]
    pub fn has_password(&self, name: &str, password: &str) -> bool {
        password::verify(password, self.get(name).map(|user| user.password.expose()))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut User> {
        self.0.get_mut(name)
    }

    /// Returns false, and changes nothing, if the name is taken.
    pub(crate) fn insert(&mut self, user: User) -> bool {
        if self.0.contains_key(&user.name) {
            return false;
        }
        self.0.insert(user.name.clone(), user);
        true
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }
}
