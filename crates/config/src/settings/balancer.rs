//! The load balancer: where it listens, and the servers that it passes connections on to.

use serde::{Deserialize, Serialize};

use crate::address::ListenAddress;
use crate::backend::Backend;
use crate::choice::{BalancedDialect, BalancingPolicy, HealthCheck, RouteTls};
use crate::network::Network;
use crate::quantity::Period;
use crate::secret::OptionalPath;
use crate::section::section;

section! {
    /// The load balancer, which `rialto balance` runs; a broker does not use this section. Of the
    /// other settings the balancer uses tls, log, server.shutdown_timeout, server.worker_threads,
    /// access.trusted_proxies, limits.connections_max, limits.connections_per_address_max and
    /// limits.authenticate_timeout.
    pub struct Balancer {
        /// Where clients connect and which servers they get, as a list: [[balancer.routes]] with
        /// listen = "0.0.0.0:8010" and servers = ["10.0.0.10:8010", "10.0.0.11:8010 weight=2",
        /// "10.0.0.12:8010 backup"]; a host name stands for all of its addresses. Optional: name;
        /// server_names, the names that clients ask for inside TLS, by which routes of one address
        /// are told apart; dialect, "any", "jmqt", "coremq", "pubsubx" or "http", in which clients are told that no
        /// server is left; policy, "least-connections", "round-robin", "random-of-two",
        /// "hash-address" or "hash-client" (by the client id in the first packet); tls, "pass" or
        /// "end" (with the certificate of the section tls); server_tls, true for TLS to the
        /// servers; accept_proxy_protocol and send_proxy_protocol; check, "connect", "http" or
        /// "off", with check_port and check_path ("/readyz") for "http".
        routes: Vec<Route> = "[]",
        /// Where the balancer answers over HTTP: /metrics, /livez, /readyz, /v1/servers, and on
        /// loopback only `rialto balance drain`. It must be an address of loopback.
        admin: ListenAddress = "127.0.0.1:8090",
        /// PEM file with the authorities that sign the certificates of servers; if it is empty,
        /// those that this machine trusts. It is used where a route has server_tls.
        server_authority: OptionalPath = "",
        /// How long a server may take to accept a connection, and to complete TLS.
        connect_timeout: Period = "3s" in "10ms" to "1m",
        /// Most servers that are tried for one connection before its client is refused.
        tries_max: usize = "3" in "1" to "100",
        /// Silence in both directions after which a connection is closed. TCP keep-alive finds
        /// peers that are gone earlier.
        idle_timeout: Period = "1d" in "1s" to "30d",
        /// How long a server may be silent once its client has ended its half of the connection.
        half_open_timeout: Period = "30s" in "100ms" to "1d",
        /// Most new connections each second on all routes together; 0 sets no limit. Further
        /// ones wait for their turn, so that a storm of reconnects reaches the servers spread out,
        /// up to limits.authenticate_timeout; then they are refused.
        connections_per_second_max: usize = "0" in "0" to "10000000",
        /// How often each server is checked.
        check_interval: Period = "5s" in "100ms" to "1h",
        /// How long a check may take.
        check_timeout: Period = "2s" in "10ms" to "1m",
        /// Failures in a row, of checks and of connections, after which a server gets no new
        /// connections for a time.
        failures_max: usize = "3" in "1" to "1000",
        /// For how long at first; each time it fails again at once, twice as long.
        eject_time: Period = "5s" in "10ms" to "1h",
        /// For how long at most.
        eject_time_max: Period = "2m" in "10ms" to "1d",
        /// Time in which a server that has come back gets its full share, beginning with a tenth.
        slow_start: Period = "30s" in "0s" to "1h",
        /// Networks whose clients may connect; all if the list is empty.
        allow: Vec<Network> = "[]",
        /// Networks whose clients may not connect.
        deny: Vec<Network> = "[]",
    }
}

/// One address for clients, and the servers behind it.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What logs and metrics call it; its address if it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where its clients connect.
    pub listen: ListenAddress,
    /// The names that clients ask for inside TLS (SNI) which this route is for; it is for all others that come to its
    /// address if the list is empty. `*.example.org` stands for every name with one label more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_names: Vec<String>,
    /// The servers.
    pub servers: Vec<Backend>,
    /// In which dialect clients are told that no server is left.
    #[serde(default = "default_dialect")]
    pub dialect: BalancedDialect,
    /// Which server a connection gets.
    #[serde(default = "default_policy")]
    pub policy: BalancingPolicy,
    /// What is done about TLS of clients.
    #[serde(default = "default_tls")]
    pub tls: RouteTls,
    /// Whether TLS is spoken to the servers.
    #[serde(default)]
    pub server_tls: bool,
    /// Whether clients come through proxies that begin with a head of the PROXY protocol.
    #[serde(default)]
    pub accept_proxy_protocol: bool,
    /// Whether servers are told by the PROXY protocol, version 2, for whom the balancer connects.
    #[serde(default)]
    pub send_proxy_protocol: bool,
    /// How servers are checked.
    #[serde(default = "default_check")]
    pub check: HealthCheck,
    /// The port that is checked over HTTP; that of the server if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_port: Option<u16>,
    /// The path that is asked for; `/readyz` if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_path: Option<String>,
}

impl Route {
    /// Returns what logs and metrics call it.
    pub fn label(&self) -> String {
        match self.server_names.first() {
            _ if !self.name.is_empty() => self.name.clone(),
            Some(name) => format!("{}/{name}", self.listen),
            None => self.listen.to_string(),
        }
    }

    /// Says whether this route is for exactly this name of a server. Names are compared as DNS does.
    pub fn names(&self, server_name: &str) -> bool {
        self.server_names.iter().any(|name| name.eq_ignore_ascii_case(server_name))
    }

    /// Says whether a pattern of this route covers this name of a server.
    pub fn covers(&self, server_name: &str) -> bool {
        let Some((_, rest)) = server_name.split_once('.') else { return false };
        let mut domains = self.server_names.iter().filter_map(|pattern| pattern.strip_prefix("*."));
        domains.any(|domain| domain.eq_ignore_ascii_case(rest))
    }
}

fn default_dialect() -> BalancedDialect {
    BalancedDialect::Any
}

fn default_policy() -> BalancingPolicy {
    BalancingPolicy::LeastConnections
}

fn default_tls() -> RouteTls {
    RouteTls::Pass
}

fn default_check() -> HealthCheck {
    HealthCheck::Connect
}
