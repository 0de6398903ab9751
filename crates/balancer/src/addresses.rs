//! The addresses behind names: where to listen, and where servers are.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, ToSocketAddrs as _},
};

use rialto_config::{Backend, ListenAddress};
use rialto_net::Opened;
use tokio::net::{TcpListener, lookup_host};

use crate::{error::BalancerError, pool::Spec};

/// The servers of a route, found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Servers {
    pub(crate) specs: Vec<Spec>,
    /// The name by which each was found, which its certificate has.
    pub(crate) hosts: HashMap<SocketAddr, String>,
    /// Names that have no address.
    pub(crate) unknown: Vec<String>,
}

/// Looks the servers of a route up. Each address of a name is a server; of two names with the same address the first
/// counts.
pub(crate) async fn find(backends: &[Backend]) -> Servers {
    let mut servers = Servers::default();
    for backend in backends {
        let Ok(found) = lookup_host((backend.host.as_str(), backend.port)).await else {
            servers.unknown.push(backend.to_string());
            continue;
        };
        for address in found {
            if servers.hosts.contains_key(&address) {
                continue;
            }
            servers.hosts.insert(address, backend.host.clone());
            let Backend { weight, is_backup, .. } = *backend;
            servers.specs.push(Spec { address, weight, is_backup });
        }
    }
    servers
}

/// Opens a listening socket on each address of `listen`. Of several addresses some may fail, as long as one does not.
///
/// # Errors
/// When a name has no address, and when none can be listened on.
pub(crate) fn open(
    route: &str,
    listen: &ListenAddress,
) -> Result<Vec<(SocketAddr, TcpListener)>, BalancerError> {
    let addresses = match listen {
        ListenAddress::Socket(address) => vec![*address],
        ListenAddress::Name { host, port } => {
            let unresolved = |source| BalancerError::Resolve {
                route: route.to_owned(),
                host: host.clone(),
                source,
            };
            let mut found: Vec<_> =
                (host.as_str(), *port).to_socket_addrs().map_err(unresolved)?.collect();
            found.sort();
            found.dedup();
            if found.is_empty() {
                return Err(unresolved(io::ErrorKind::NotFound.into()));
            }
            found
        }
    };
    let Opened { sockets, mut failures } = Opened::on(addresses);
    if let (true, Some((address, source))) = (sockets.is_empty(), failures.pop()) {
        return Err(BalancerError::Listen { route: route.to_owned(), address, source });
    }
    for (address, error) in failures {
        tracing::warn!(
            route, %address, %error,
            "an address of the host name cannot be listened on; its others are"
        );
    }
    Ok(sockets)
}
