//! What other settings of access change besides what the configuration itself says: the contents of
//! files that it names.

use crate::{Issuer, Settings, Users, users::User};

/// What is different in files, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Users that were not there before.
    pub added_users: Vec<String>,
    /// Users that are gone.
    pub removed_users: Vec<String>,
    /// Users whose password or groups are others now, or whose tokens were revoked.
    pub changed_users: Vec<String>,
    /// Issuers of JWTs that have other keys now.
    pub changed_issuers: Vec<String>,
}

/// What is remembered of settings, to tell what others change.
#[derive(Debug)]
pub(crate) struct Before<'a> {
    pub(crate) users: &'a Users,
    pub(crate) issuers: Vec<&'a Issuer>,
}

impl Changes {
    pub(crate) fn between(before: &Before<'_>, after: &Settings) -> Self {
        let (old, new) = (before.users, &after.users);
        let is_new = |user: &&User| old.get(&user.name).is_none();
        let is_gone = |user: &&User| new.get(&user.name).is_none();
        let is_other =
            |user: &&User| old.get(&user.name).is_some_and(|before| !user.is_same(before));
        let has_other_keys = |issuer: &&Issuer| {
            let mut same_name = before.issuers.iter().filter(|it| it.name == issuer.name);
            same_name.any(|before| before.keys != issuer.keys)
        };
        let issuers = after.issuers.iter().filter(has_other_keys);
        Changes {
            added_users: names(new.iter().filter(is_new)),
            removed_users: names(old.iter().filter(is_gone)),
            changed_users: names(new.iter().filter(is_other)),
            changed_issuers: issuers.map(|issuer| issuer.name.clone()).collect(),
        }
    }
}

fn names<'a>(users: impl Iterator<Item = &'a User>) -> Vec<String> {
    users.map(|user| user.name.clone()).collect()
}
