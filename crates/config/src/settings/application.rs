//! The application behind the broker: how it is asked and told, and what it may do by HTTP.

use serde::{Deserialize, Serialize};

use crate::choice::{ApiRight, SamplePage, WebhookEvent, WhenDown};
use crate::quantity::Period;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// An application of your own that decides what clients may do, and hears what they did: a POST
    /// of JSON for each event.
    pub struct Webhook {
        /// Where it is, "http://" or "https://"; empty is nowhere.
        url: String = "",
        /// What each request is signed with, so that the application knows who asks. It must be set
        /// where url is.
        secret: Secret = "",
        /// What it is asked about ("auth", "connect", "subscribe", "publish", "control") and told
        /// ("unsubscribe", "disconnect", "close"). With "publish" each message waits for an answer,
        /// unless the application allows for an earlier one to be kept: leave out what you need not
        /// decide.
        events: Vec<WebhookEvent> =
            r#"["auth", "connect", "subscribe", "unsubscribe", "publish", "control", "disconnect", "close"]"#,
        /// How long an answer may take; after it the application counts as down for this question.
        timeout: Period = "2s" in "10ms" to "30s",
        /// Requests that are under way at the same time; further ones wait.
        concurrency_max: usize = "64" in "1" to "10000",
        /// What is decided while it does not answer: "deny" refuses what it would have been asked
        /// about with status 5, "allow" allows what the rules allow, and takes tokens that this
        /// server has signed.
        when_down: WhenDown = "deny",
        /// How long what it could not be told is tried again.
        retry_for: Period = "1h" in "0s" to "7d",
        /// Notifications that may wait to be told; beyond it the oldest are dropped and counted.
        queue_max: usize = "10000" in "1" to "1000000",
        /// Decisions that are kept for as long as their answers allow; 0 keeps none.
        cache_max: usize = "10000" in "0" to "1000000",
        /// PEM file with authorities to trust for "https://" besides those of the system.
        authority: OptionalPath = "",
    }
}

section! {
    /// What an application may do by HTTP, on listeners whose dialect is "http".
    pub struct Api {
        /// Who may use it, as a list: [[api.keys]] with name, key (at least 16 bytes that nobody
        /// can guess) and allow, a list of "read", "publish" and "manage"; all three if it is left
        /// out. Without TLS whoever can listen in on the way can read the key.
        keys: Vec<ApiKey> = "[]",
        /// Whether the listener also shows the status page, which needs no key.
        status_page: bool = "true",
        /// Where it also serves the sample application, a page at /sample/ with which people try the
        /// broker in a browser: "open-mode" while access.mode is "open", "always" or "never". The
        /// page needs no key and is nothing but files; what it does it does as any client.
        sample: SamplePage = "open-mode",
    }
}

/// A key of the HTTP API.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKey {
    /// What logs call whoever has it; no two have the same.
    pub name: String,
    /// The key as requests carry it, at least 16 bytes.
    pub key: Secret,
    /// What it is good for.
    pub allow: Vec<ApiRight>,
}

impl Default for ApiKey {
    fn default() -> Self {
        ApiKey {
            name: String::new(),
            key: Secret::default(),
            allow: vec![ApiRight::Read, ApiRight::Publish, ApiRight::Manage],
        }
    }
}
