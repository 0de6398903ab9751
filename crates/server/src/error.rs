//! Why a server does not start.

use std::{io, net::SocketAddr};

use rialto_config::Exposed;
use rialto_store::StoreError;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be opened; its text says why and what to do.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signing key in the data directory cannot be read or made.
    #[error("cannot use the signing key {path}: {source}")]
    SigningKey {
        /// The key's file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("cannot use the certificate: {0}; `rialto cert new` makes one for development")]
    Certificate(String),
    /// An address cannot be listened on.
    #[error("listener {name} cannot listen on {address}: {source}{}", advice(.source))]
    Listen {
        /// The listener's name in the configuration.
        name: String,
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The host name of a listener has no address.
    #[error(
        "listener {name} cannot listen on {host}: the host name has no address: {source}; write an \
         IP address, or add the name to the hosts file or to DNS"
    )]
    Resolve {
        /// The listener's name in the configuration.
        name: String,
        /// The host name.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The host name of a listener has an address that is open to more than it should be.
    #[error(transparent)]
    Exposed(#[from] Exposed),
    /// Who may connect cannot be told: users, keys of tokens, webhooks.
    #[error("cannot use the access settings: {0}")]
    Access(String),
    /// The bus cannot be used.
    #[error("the bus: {0}")]
    Bus(String),
    /// The system allows too few open files.
    #[error(
        "the system allows this process {allowed} open files, and it needs at least {needed}: for \
         {listeners} listeners, the store, what it opens itself and {least} connections; raise the \
         limit (ulimit -n, LimitNOFILE)"
    )]
    OpenFiles {
        /// How many there may be.
        allowed: u64,
        /// How many there must be.
        needed: usize,
        /// Listeners that the settings open.
        listeners: usize,
        /// Connections without which a server is of no use.
        least: usize,
    },
    /// Nothing to listen on.
    #[error(
        "no listener is open: enable one, or configure a certificate for those that require TLS"
    )]
    NoListener,
    /// The system refused something a server needs.
    #[error("the system refused to {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Returns what to do about an address that cannot be had, ready to stand behind the reason.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or choose another address",
        io::ErrorKind::AddrNotAvailable => "; choose one of this machine's own addresses",
        io::ErrorKind::PermissionDenied => "; choose a port above 1023, or allow Rialto this one",
        _ => "",
    }
}
