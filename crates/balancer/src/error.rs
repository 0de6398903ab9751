//! Why a balancer cannot start.

use std::{io, net::SocketAddr};

/// Why a balancer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BalancerError {
    /// The settings have no routes.
    #[error(
        "the settings have no routes: add [[balancer.routes]] with `listen` and `servers`, or give a \
         load_balancer.conf with --config"
    )]
    NoRoutes,
    /// A certificate, or the authorities of servers, cannot be used.
    #[error("{0}")]
    Tls(String),
    /// No socket can be opened there.
    #[error("cannot listen on {address} (`{route}`): {source}")]
    Listen {
        /// The route, or what else listens there.
        route: String,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A host name to listen on has no address.
    #[error("`{route}` cannot listen on the host name {host}: {source}")]
    Resolve {
        /// The route, or what else listens there.
        route: String,
        /// The name.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// The system does not do what every program needs.
    #[error("cannot {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}
