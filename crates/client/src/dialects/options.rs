//! What a client of another dialect needs to know before it connects.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::options::TlsOptions;

use super::address::Address;

/// How and as whom to connect.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the server is.
    pub address: Address,
    /// The client's name: needed for PubSubX; in CoreMQ for a token only.
    pub client: Option<String>,
    /// What proves the name, for a broker that asks for it.
    pub token: Option<String>,
    /// Whom to trust, with TLS.
    pub tls: TlsOptions,
    /// Longest time to become connected. 10 s unless changed.
    pub connect_timeout: Duration,
    /// Whether and how a lost connection is made again; `None` ends the client. `None` unless changed.
    pub reconnect: Option<Backoff>,
}

impl Options {
    /// Connects to `address`, the rest as described at each field.
    pub fn new(address: Address) -> Self {
        Options {
            address,
            client: None,
            token: None,
            tls: TlsOptions::default(),
            connect_timeout: Duration::from_secs(10),
            reconnect: None,
        }
    }

    /// The same as a client of that name.
    #[must_use]
    pub fn named(self, client: &str) -> Self {
        Options { client: Some(client.to_owned()), ..self }
    }
}

impl std::fmt::Debug for Options {
    /// Leaves out the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Options { address, client, .. } = self;
        f.debug_struct("Options")
            .field("address", address)
            .field("client", client)
            .finish_non_exhaustive()
    }
}
