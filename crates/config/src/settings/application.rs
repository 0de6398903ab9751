//! The application behind the broker: how it is asked and told, and what it may do by HTTP.

use serde::{Deserialize, Serialize};

use crate::choice::{ApiRight, SamplePage, WebhookEvent, WhenDown};
use crate::quantity::Period;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// An application of your own that decides what clients may do, and is notified of what they
    /// did: a POST request with JSON for each event.
    pub struct Webhook {
        /// Its address, "http://" or "https://"; empty means that there is none.
        url: String = "",
        /// Secret with which each request is signed, so that the application can check where it
        /// comes from. It is required if url is set.
        secret: Secret = "",
        /// The events that the application decides on ("auth", "connect", "subscribe", "publish",
        /// "control") or is notified of ("unsubscribe", "disconnect", "close"). With "publish"
        /// each message waits for an answer, unless the application allows an earlier answer to be
        /// reused: leave out the events that you need not decide on.
        events: Vec<WebhookEvent> =
            r#"["auth", "connect", "subscribe", "unsubscribe", "publish", "control", "disconnect", "close"]"#,
        /// How long an answer may take. After that the application counts as unavailable for this
        /// request.
        timeout: Period = "2s" in "10ms" to "30s",
        /// Most requests at the same time. Further ones wait.
        concurrency_max: usize = "64" in "1" to "10000",
        /// What happens while the application does not answer: "deny" refuses what it would have
        /// decided on with status 5, "allow" allows what the rules allow, and accepts tokens that
        /// this server has signed.
        when_down: WhenDown = "deny",
        /// How long a notification that could not be delivered is retried.
        retry_for: Period = "1h" in "0s" to "7d",
        /// Most notifications that wait to be delivered. Beyond it the oldest are dropped and
        /// counted.
        queue_max: usize = "10000" in "1" to "1000000",
        /// Most decisions that are kept for reuse, for as long as their answers allow; 0 keeps
        /// none.
        cache_max: usize = "10000" in "0" to "1000000",
        /// PEM file with authorities to trust for "https://", besides those of the system.
        authority: OptionalPath = "",
    }
}

section! {
    /// The HTTP API for applications and operators, on listeners whose dialect is "http".
    pub struct Api {
        /// Keys, as a list: [[api.keys]] with name, key (at least 16 bytes that nobody can guess)
        /// and allow, a list of "read", "publish" and "manage", all three by default, and "inspect":
        /// seeing the payloads of messages as they pass, which a key has only if allow names it.
        /// Without TLS, anybody who can read the traffic on the network can read the key.
        keys: Vec<ApiKey> = "[]",
        /// Origins of the pages that may publish and follow from browsers, such as
        /// `https://app.example`; `*` lets those of any origin. Pages of the listener itself always
        /// may. A page needs a key or token besides, as everybody does, except in open mode.
        cors_origins: Vec<String> = "[]",
        /// Whether the listener also shows the status page, which needs no key.
        status_page: bool = "true",
        /// When the listener also serves the sample application, a page at /sample/ with which
        /// people try the broker in a browser: "open-mode" while access.mode is "open", "always"
        /// or "never". The page needs no key. It consists of static files, and has no other rights
        /// than any client.
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
