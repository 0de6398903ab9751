//! Ports that nobody else gets while a broker restarts.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::OwnedFd,
};

use rustix::net::{self, AddressFamily, SocketType, sockopt};

/// A free port of loopback, kept for one broker.
///
/// A socket is bound to it and never listens, which lets one that does be bound there as well, and
/// keeps the system from giving the port to anybody who asks for a free one.
#[derive(Debug)]
pub struct Port {
    /// Where a broker can listen.
    pub address: SocketAddr,
    _socket: Option<OwnedFd>,
}

impl Port {
    /// Takes one that is free.
    ///
    /// # Errors
    /// Those of the system, when it has none left.
    pub fn reserve() -> io::Result<Self> {
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        let address = SocketAddr::try_from(net::getsockname(&socket)?)?;
        Ok(Port { address, _socket: Some(socket) })
    }

    /// Takes one that nobody else wants.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Port { address, _socket: None }
    }
}
