//! Who has signed in to the console, as a browser keeps it.

use std::collections::BTreeSet;

use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

use crate::TokenOrigin;

/// What a cookie of the console says: who has signed in, how, and until when that holds. [`Access`](crate::Access) seals
/// it, so that every server with the same key believes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Tells it from all others; stays the same while it is renewed.
    pub id: String,
    /// The client's id, or the name of the API key.
    pub name: String,
    /// What was shown.
    pub shown: Shown,
    /// Groups that go with what was shown, and are in no file of ours.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// When it began.
    pub began: UnixMs,
    /// When this was sealed.
    pub sealed: UnixMs,
    /// Until when it holds.
    pub until: UnixMs,
}

/// What was shown at a sign-in. It must hold on for the sign-in to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// Nothing, in open mode.
    Nothing,
    /// A key of the API, by a code of it.
    Key(String),
    /// A token of the configuration, by a code of it.
    Preset(String),
    /// A token that was signed by a server with the same key.
    Signed {
        /// When it was.
        issued: UnixMs,
        /// What for.
        origin: TokenOrigin,
    },
    /// A user's password, at that time.
    Password(UnixMs),
    /// A JWT.
    Jwt {
        /// Its issuer's name in the configuration.
        issuer: String,
        /// When it was issued.
        issued: UnixMs,
        /// When it expires.
        expires: UnixMs,
    },
    /// What the server's application took for good.
    Application,
}

impl Shown {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Shown::Nothing => "nothing",
            Shown::Key(_) => "key",
            Shown::Preset(_) | Shown::Signed { .. } => "token",
            Shown::Password(_) => "password",
            Shown::Jwt { .. } => "jwt",
            Shown::Application => "application",
        }
    }
}
