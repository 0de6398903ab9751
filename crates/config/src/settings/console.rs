//! The console: to whom it is served, and what those who sign in may do.

use serde::{Deserialize, Serialize};

use crate::choice::{ApiRight, ConsoleServed};
use crate::quantity::Period;
use crate::section::section;

section! {
    /// The console, pages for operators on listeners whose dialect is "http".
    pub struct Console {
        /// Whether the listener serves the console at /: "auto" serves it to browsers on this
        /// machine, and over TLS where somebody can sign in, true to all, which needs TLS and a
        /// way to sign in where other machines reach the listener, and false to none; the status
        /// page is at / then.
        enabled: ConsoleServed = "auto",
        /// Names by which browsers reach the console, such as "mq.example", besides addresses and
        /// the names of this machine. Under any other name it refuses to answer, since a page of
        /// somebody else could have its own name lead here.
        hosts: Vec<String> = "[]",
        /// What those may do who sign in as a client, by the client's groups, as a list:
        /// [[console.roles]] with group and allow, a list of "read", "publish", "manage" and
        /// "inspect", as keys of the API have it. Whoever is in several groups has the rights of
        /// all of them, and whoever is in none cannot sign in.
        roles: Vec<ConsoleRole> = "[]",
        /// How long somebody who has signed in may do nothing before having to sign in again.
        session_time: Period = "8h" in "1s" to "7d",
    }
}

/// What the members of a group may do in the console.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleRole {
    /// The group, of a user, a token of the settings or a JWT.
    pub group: String,
    /// What its members may do.
    pub allow: Vec<ApiRight>,
}
