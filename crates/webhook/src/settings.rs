//! What a webhook is told at its start.

use std::{fmt, time::Duration};

use rialto_application::Events;

/// Where the application is, and how it is asked.
#[derive(Clone)]
pub struct Settings {
    /// Where everything is sent: `http://` or `https://`.
    pub url: String,
    /// What requests are signed with. Never printed.
    pub secret: Vec<u8>,
    /// Which events the application hears of.
    pub events: Events,
    /// How long one request may take, the wait for its turn included.
    pub timeout: Duration,
    /// How many requests may be under way at once; at least 1.
    pub concurrency_max: usize,
    /// What holds while the application gives no usable answer.
    pub when_down: WhenDown,
    /// How long a notification is tried again before it is dropped.
    pub retry_for: Duration,
    /// How many notifications may wait; at least 1. Beyond it the oldest is dropped.
    pub queue_max: usize,
    /// How many decisions are remembered; 0 remembers none.
    pub cache_max: usize,
    /// Certificates (PEM) of authorities to trust besides those of the machine.
    pub authority: Option<Vec<u8>>,
}

/// What holds while the application gives no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenDown {
    /// Every decision it would make is refused, with the advice to try again later.
    Deny,
    /// The server decides as it would without an application.
    Allow,
}

/// Why a webhook cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The URL is none that can be asked.
    #[error("the URL is not valid; it must begin with http:// or https:// and name a host")]
    Url,
    /// There is no secret to sign with.
    #[error("the secret is empty, so the application could not tell who asks; give it one")]
    Secret,
    /// A limit is 0 that must not be.
    #[error("{0} is 0, so nothing could ever be sent; give it at least 1")]
    Zero(&'static str),
    /// The authority's certificates cannot be read.
    #[error("the authority holds no certificate that can be read; it must be PEM text")]
    Authority,
    /// TLS cannot be set up.
    #[error(
        "TLS cannot be set up, since no certificate authority that this machine trusts was found; \
         install its CA certificates or name an authority"
    )]
    Tls,
}

impl Settings {
    /// Says what is wrong with them that shows without trying.
    pub(crate) fn check(&self) -> Result<(), WebhookError> {
        if self.secret.is_empty() {
            return Err(WebhookError::Secret);
        }
        let limits = [
            ("timeout", self.timeout.is_zero()),
            ("concurrency_max", self.concurrency_max == 0),
            ("queue_max", self.queue_max == 0),
        ];
        match limits.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((limit, _)) => Err(WebhookError::Zero(limit)),
            None => Ok(()),
        }
    }
}

/// Neither the secret nor the URL, which may hold a password, is printed.
impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .field("concurrency_max", &self.concurrency_max)
            .field("when_down", &self.when_down)
            .field("retry_for", &self.retry_for)
            .field("queue_max", &self.queue_max)
            .field("cache_max", &self.cache_max)
            .finish_non_exhaustive()
    }
}
