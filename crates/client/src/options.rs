//! What a client needs to know before it connects.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::backoff::Backoff;
use crate::endpoint::Endpoint;

/// How and as whom to connect.
///
/// # Example
/// ```
/// use rialto_client::{Backoff, Credentials, Options};
///
/// let endpoint = "jmqts://broker.example".parse()?;
/// let mut options = Options::new(endpoint, Credentials::token("ada", "secret"));
/// options.tls.authority = Some("ca.pem".into());
/// options.reconnect = Some(Backoff::default());
/// # Ok::<(), rialto_client::EndpointError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the broker is.
    pub endpoint: Endpoint,
    /// As whom to connect.
    pub credentials: Credentials,
    /// Whom to trust, for `jmqts` and `wss`.
    pub tls: TlsOptions,
    /// Longest time to become connected, from the name lookup to the broker's consent. 10 s unless
    /// changed.
    pub connect_timeout: Duration,
    /// Whether and how a lost connection is made again; `None` ends the client. `None` unless
    /// changed. The first connection is never repeated.
    pub reconnect: Option<Backoff>,
    /// Requests that may wait for their acknowledgement at the same time, at least 1; further ones
    /// wait for room. 1,000 unless changed.
    pub window_count_max: usize,
    /// Pushes kept for [`next_push`](crate::Client::next_push), at least 1; beyond that the client
    /// stops reading, and the broker sees a slow consumer. It goes on reading while a request
    /// waits for its acknowledgement, up to 64 MiB of pushes. 1,000 unless changed.
    pub inbox_count_max: usize,
}

impl Options {
    /// Connects to `endpoint` with `credentials`, the rest as described at each field.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        Options {
            endpoint,
            credentials,
            tls: TlsOptions::default(),
            connect_timeout: Duration::from_secs(10),
            reconnect: None,
            window_count_max: 1_000,
            inbox_count_max: 1_000,
        }
    }
}

/// As whom a client connects.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// Asks for a token with this data in an `auth` packet, each time it connects.
    Auth(Box<RawValue>),
    /// Presents a token that is known already.
    Token(Identity),
}

impl Credentials {
    /// Asks a broker in open mode for a token in the name of `client`.
    pub fn named(client: &str) -> Self {
        let data = serde_json::json!({ "client_name": client });
        Credentials::with_data(&data)
    }

    /// Asks for a token with the name and the password of a user.
    pub fn password(client: &str, password: &str) -> Self {
        let data = serde_json::json!({ "client_name": client, "password": password });
        Credentials::with_data(&data)
    }

    /// Presents the `token` of `client`.
    pub fn token(client: &str, token: &str) -> Self {
        Credentials::Token(Identity { client: client.to_owned(), token: token.to_owned() })
    }

    fn with_data(data: &serde_json::Value) -> Self {
        Credentials::Auth(serde_json::value::to_raw_value(data).expect("a JSON value is JSON"))
    }
}

impl fmt::Debug for Credentials {
    /// Names the kind only: both kinds hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::Auth(_) => "Auth(…)",
            Credentials::Token(_) => "Token(…)",
        })
    }
}

/// A client id and the token that proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The client id.
    pub client: String,
    /// The token: a secret.
    pub token: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whom a client trusts, and how it shows itself, over TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// PEM file with the authorities to trust; without it, those of the machine.
    pub authority: Option<PathBuf>,
    /// PEM files with a certificate and its key, for a broker that asks for them.
    pub certificate: Option<(PathBuf, PathBuf)>,
}
