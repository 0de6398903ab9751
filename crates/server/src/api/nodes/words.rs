//! What is said of nodes, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::readiness::Check;

/// All nodes that are known.
#[derive(Serialize, ToSchema)]
pub(crate) struct NodesJson {
    pub(super) nodes: Vec<NodeJson>,
}

/// A node.
#[derive(Serialize, ToSchema)]
pub(crate) struct NodeJson {
    /// Its name, as others know it.
    pub(super) name: String,
    /// `ready` or `not ready`.
    pub(super) state: &'static str,
    /// The release that runs.
    pub(super) version: &'static str,
    /// How long it has run.
    pub(super) uptime_s: u64,
    /// What has to be well for it to be ready.
    pub(super) checks: Vec<CheckJson>,
    /// What its settings are, in 16 digits: see `/v1/configuration`.
    pub(super) digest: String,
    /// Open connections, and how many there may be.
    pub(super) connections: u64,
    pub(super) connections_max: u64,
    /// Clients with an open session.
    pub(super) sessions: u64,
    /// Channels in use.
    pub(super) channels: u64,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// What the process takes of the memory that there is for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_bytes: Option<u64>,
    pub(super) memory_bytes_max: u64,
    /// What waits in memory, and how much may: see `limits.waiting_bytes_max`.
    pub(super) waiting_bytes: u64,
    pub(super) waiting_bytes_max: u64,
    /// The kind of its store.
    pub(super) store: &'static str,
    /// Messages stored for persistent subscribers, and bytes of their payloads.
    pub(super) log_messages: u64,
    pub(super) log_bytes: u64,
    /// What its data directory takes, and what is left on that disk; absent where the disk does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disk_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disk_free_bytes: Option<u64>,
    /// Until when its certificate is valid, in milliseconds since 1970; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_expires_ms: Option<u64>,
    /// Other servers that it replicates with.
    pub(super) peers: Vec<PeerJson>,
    /// How many others of its settings are not connected.
    pub(super) peers_missing: usize,
}

/// What is measured of a node, as means over the last five seconds; absent where nothing was measured.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// Messages that come in, and that receivers are written, a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) out_rate: Option<f64>,
    /// Bytes that are read and written, a second, TLS left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_byte_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) out_byte_rate: Option<f64>,
    /// How long stored messages took until they were acknowledged: half of them, and 99 of 100, took no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ack_p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ack_p99_ms: Option<f64>,
    /// Commits a second, changes in each, and how long they took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_changes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_p99_ms: Option<f64>,
    /// How long the broker's lock was held, and waited for by those who had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lock_held_p99_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lock_waited_p99_ms: Option<f64>,
    /// Connections that do not read as fast as they are written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slow_consumers: Option<f64>,
}

/// A check of a node.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckJson {
    name: &'static str,
    passes: bool,
    /// How it is, in a word or two.
    text: &'static str,
}

/// Another server.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeerJson {
    name: String,
    /// `connected`.
    state: &'static str,
    /// Whose messages come.
    detail: &'static str,
}

impl From<&Check> for CheckJson {
    fn from(check: &Check) -> Self {
        CheckJson { name: check.name, passes: check.passes, text: check.state }
    }
}

impl PeerJson {
    /// Puts together the servers whose messages come and those that get this one's.
    pub(super) fn all<'a>(
        linked: impl Iterator<Item = &'a str>,
        observers: impl Iterator<Item = &'a str>,
    ) -> Vec<Self> {
        let mut ways: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
        linked.for_each(|name| ways.entry(name).or_default().0 = true);
        observers.for_each(|name| ways.entry(name).or_default().1 = true);
        let peer = |(name, (comes, goes)): (&str, (bool, bool))| PeerJson {
            name: name.to_owned(),
            state: "connected",
            detail: match (comes, goes) {
                (true, true) => "messages pass both ways",
                (true, false) => "its messages come",
                (false, _) => "it gets messages",
            },
        };
        ways.into_iter().map(peer).collect()
    }
}
