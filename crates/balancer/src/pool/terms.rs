//! What is said of a pool from outside: its terms, and its servers.

use std::{net::SocketAddr, time::Duration};

use rialto_config::BalancingPolicy;

/// What a pool is held to.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Which server a connection gets.
    pub policy: BalancingPolicy,
    /// Failures in a row after which a server is ejected.
    pub failures_max: usize,
    /// For how long at first.
    pub eject_time: Duration,
    /// For how long at most.
    pub eject_time_max: Duration,
    /// Time in which a server that has come back gets its full share.
    pub slow_start: Duration,
}

/// A server as it is to be in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Where it is.
    pub address: SocketAddr,
    /// Its share beside the others.
    pub weight: u32,
    /// Whether it is for when no other can take connections.
    pub is_backup: bool,
}
