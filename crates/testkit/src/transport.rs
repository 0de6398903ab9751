//! The four ways to a broker.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
};

use rustix::net::{self, AddressFamily, SocketType};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use crate::PATIENCE;

/// How a peer reaches the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// A plain socket, with the frames of the dialect.
    Tcp,
    /// The same inside TLS.
    Tls,
    /// A WebSocket: a JSON text a message.
    WebSocket,
    /// The same inside TLS.
    WebSocketTls,
}

/// What a peer reads from and writes to, below its framing.
pub(crate) trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Transport {
    /// All four.
    pub const ALL: [Transport; 4] =
        [Transport::Tcp, Transport::Tls, Transport::WebSocket, Transport::WebSocketTls];

    /// Those with frames on a stream.
    pub const SOCKETS: [Transport; 2] = [Transport::Tcp, Transport::Tls];

    /// Those with messages on a WebSocket.
    pub const WEBSOCKETS: [Transport; 2] = [Transport::WebSocket, Transport::WebSocketTls];

    /// Says whether it is inside TLS.
    #[must_use]
    pub fn has_tls(self) -> bool {
        matches!(self, Transport::Tls | Transport::WebSocketTls)
    }

    /// Says whether it is a WebSocket.
    #[must_use]
    pub fn is_websocket(self) -> bool {
        matches!(self, Transport::WebSocket | Transport::WebSocketTls)
    }

    /// Shakes hands for TLS over `socket`, if it has that; returns the stream.
    pub(crate) fn open(
        self,
        socket: &TcpStream,
        client_config: Arc<ClientConfig>,
        server_name: Option<&'static str>,
    ) -> io::Result<Box<dyn Stream>> {
        let below = socket.try_clone()?;
        if !self.has_tls() {
            return Ok(Box::new(below));
        }
        // An address as name means that no SNI is sent.
        let name = match server_name {
            Some(name) => ServerName::try_from(name).expect("the name is one"),
            None => ServerName::from(socket.peer_addr()?.ip()),
        };
        let session =
            ClientConnection::new(client_config, name).expect("the configuration is complete");
        let mut stream = StreamOwned::new(session, below);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Box::new(stream))
    }
}

/// Connects to `to`, from the address `from` if there is one.
pub(crate) fn dial(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = match from {
        None => TcpStream::connect_timeout(&to, PATIENCE)?,
        Some(from) => {
            let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
            net::bind(&socket, &SocketAddr::new(from, 0))?;
            net::connect(&socket, &to)?;
            TcpStream::from(socket)
        }
    };
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::WebSocket => "WebSocket",
            Transport::WebSocketTls => "WebSocket over TLS",
        })
    }
}
