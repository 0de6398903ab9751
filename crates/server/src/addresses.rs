//! Opening a listener on its address, or on every address of its host name.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
};

use rialto_config::{ListenAddress, Listener, Settings, check_resolved};
use rialto_net::Opened;
use tokio::net::TcpListener;

use crate::error::ServeError;

/// Opens a socket on each address of a listener. Of several addresses some may fail, which is
/// logged, as long as one does not: a machine without IPv6 has a `localhost` all the same.
///
/// # Errors
/// When the host name has no address, when one of them is open to more than it should be, and when
/// none can be listened on.
pub(crate) fn open(
    settings: &Settings,
    name: &str,
    listener: &Listener,
) -> Result<Vec<(SocketAddr, TcpListener)>, ServeError> {
    let Opened { sockets, mut failures } = Opened::on(resolve(settings, name, listener)?);
    if sockets.is_empty() {
        let (address, source) = failures.pop().expect("there is an address");
        let name = name.to_owned();
        return Err(ServeError::Listen { name, address, source });
    }
    for (address, error) in failures {
        tracing::warn!(
            listener = name, host = %listener.address, %address, %error,
            "an address of the host name cannot be listened on; its others are"
        );
    }
    Ok(sockets)
}

/// Returns the addresses of a listener, of which there is one at least.
pub(crate) fn resolve(
    settings: &Settings,
    name: &str,
    listener: &Listener,
) -> Result<Vec<SocketAddr>, ServeError> {
    let (host, port) = match &listener.address {
        ListenAddress::Socket(address) => return Ok(vec![*address]),
        ListenAddress::Name { host, port } => (host.as_str(), *port),
    };
    let unresolved =
        |source| ServeError::Resolve { name: name.to_owned(), host: host.to_owned(), source };
    let found = (host, port).to_socket_addrs().map_err(unresolved)?;
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            check_resolved(settings, name, listener, address)?;
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(unresolved(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}
