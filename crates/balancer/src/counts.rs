//! What is counted of a route.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a client is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many connections as may be are open.
    Limit,
    /// Its network may not connect.
    Denied,
    /// Too many connections wait for their turn.
    Storm,
    /// It did not do what the route asks for before anything can be passed on: TLS, a head of the PROXY
    /// protocol, a first packet.
    Handshake,
    /// No route is for the name that it asked for inside TLS.
    UnknownName,
    /// No server took it.
    NoServer,
}

impl Refusal {
    pub(crate) const ALL: [Refusal; 6] = [
        Refusal::Limit,
        Refusal::Denied,
        Refusal::Storm,
        Refusal::Handshake,
        Refusal::UnknownName,
        Refusal::NoServer,
    ];

    /// Returns the word for it, in metrics and audit lines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Refusal::Limit => "limit",
            Refusal::Denied => "denied",
            Refusal::Storm => "storm",
            Refusal::Handshake => "handshake",
            Refusal::UnknownName => "unknown-name",
            Refusal::NoServer => "no-server",
        }
    }
}

/// What is counted of a route.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    accepted: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    /// Bytes from clients to servers, and back.
    bytes: [AtomicU64; 2],
    server_failures: AtomicU64,
    ejections: AtomicU64,
}

/// What was counted of a route up to a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) accepted: u64,
    pub(crate) refused: [(Refusal, u64); Refusal::ALL.len()],
    pub(crate) bytes_to_servers: u64,
    pub(crate) bytes_to_clients: u64,
    pub(crate) server_failures: u64,
    pub(crate) ejections: u64,
}

impl Counts {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that were passed on, from clients and to them.
    pub(crate) fn passed(&self, [from_client, to_client]: [u64; 2]) {
        self.bytes[0].fetch_add(from_client, Ordering::Relaxed);
        self.bytes[1].fetch_add(to_client, Ordering::Relaxed);
    }

    pub(crate) fn server_failed(&self, is_ejected: bool) {
        self.server_failures.fetch_add(1, Ordering::Relaxed);
        self.ejections.fetch_add(u64::from(is_ejected), Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counted {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            accepted: value(&self.accepted),
            refused: Refusal::ALL.map(|it| (it, value(&self.refused[it as usize]))),
            bytes_to_servers: value(&self.bytes[0]),
            bytes_to_clients: value(&self.bytes[1]),
            server_failures: value(&self.server_failures),
            ejections: value(&self.ejections),
        }
    }
}
