//! What a client needs to know before it connects.

use std::path::PathBuf;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::credentials::Credentials;
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
    /// changed.
    pub reconnect: Option<Backoff>,
    /// Whether the first connection is tried again like a lost one, where it fails at all addresses.
    /// Not unless changed (K-7).
    pub retry_first: bool,
    /// Further addresses of the same broker or cluster. Each attempt takes the next one.
    pub more_endpoints: Vec<Endpoint>,
    /// Whether the addresses are tried in their order; they are shuffled once unless changed.
    pub in_order: bool,
    /// Publishes that may be sent and unacknowledged at the same time, at least 1; further ones wait
    /// in the outbox. 1,000 unless changed.
    pub window_count_max: usize,
    /// What is kept until it is acknowledged.
    pub outbox: Outbox,
    /// Messages that wait in a [`Subscription`](crate::Subscription), at least 1; beyond that the
    /// client stops reading, and the broker sees a slow consumer. It goes on reading while a call
    /// waits for its answer, and drops QoS 0 messages of that subscription then. 1,000 unless changed.
    pub inbox_count_max: usize,
    /// The same in bytes. 8 MiB unless changed.
    pub inbox_bytes_max: usize,
    /// Whether QoS 0 publishes have an id, so that the broker says when it refuses one, which is an
    /// [`Event::Publish`](crate::Event::Publish). Unless changed they have (K-40).
    pub hear_of_refusals: bool,
}

/// QoS 1 publishes that are kept until they are acknowledged (K-43).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbox {
    /// How many are kept, at least 1. 10,000 unless changed.
    pub count_max: usize,
    /// How many bytes of packets are kept. 16 MiB unless changed; a single publish may be larger.
    pub bytes_max: usize,
    /// What happens to a publish that finds no room.
    pub full: WhenFull,
}

/// What happens to a publish that finds no room in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// Its call waits for room.
    #[default]
    Wait,
    /// It fails, [`RequestError::Full`](crate::RequestError::Full).
    Reject,
    /// The oldest ones that were never sent fail instead.
    DropOldest,
}

impl Default for Outbox {
    fn default() -> Self {
        Outbox { count_max: 10_000, bytes_max: 16 << 20, full: WhenFull::Wait }
    }
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
            retry_first: false,
            more_endpoints: Vec::new(),
            in_order: false,
            window_count_max: 1_000,
            outbox: Outbox::default(),
            inbox_count_max: 1_000,
            inbox_bytes_max: 8 << 20,
            hear_of_refusals: true,
        }
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
