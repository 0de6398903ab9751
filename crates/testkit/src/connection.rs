//! A connection to a broker, below what is said on it.

use std::{
    fmt, io,
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;
use tungstenite::Message;

use crate::{
    Broker, Names, PATIENCE, Transport,
    carrier::{Carrier, Framing},
    ending::is_timeout,
    transport::dial,
};

/// What the peers of all dialects have in common: a transport with frames on it.
///
/// All that reads waits for a while, [`PATIENCE`], and panics then.
pub struct Connection {
    pub(crate) carrier: Carrier,
    /// The socket below everything.
    socket: TcpStream,
    transport: Transport,
    pub(crate) names: Names,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(carrier: Carrier, socket: TcpStream, transport: Transport) -> Self {
        Connection { carrier, socket, transport, names: Names::default() }
    }

    /// Shakes hands over `socket`; with a `server_name`, TLS says that it looks for it (SNI).
    pub(crate) fn over(
        socket: TcpStream,
        broker: &Broker,
        (transport, framing): (Transport, Framing),
        path: &str,
        server_name: Option<&'static str>,
    ) -> io::Result<Self> {
        let stream = transport.open(&socket, broker.client_config(), server_name)?;
        let carrier = if transport.is_websocket() {
            let (websocket, _) = tungstenite::client(format!("ws://localhost{path}"), stream)
                .map_err(|error| io::Error::other(error.to_string()))?;
            Carrier::WebSocket(Box::new(websocket))
        } else {
            Carrier::Socket(stream, framing, Vec::new())
        };
        Ok(Connection::new(carrier, socket, transport))
    }

    /// Connects to `address` and shakes hands.
    pub(crate) fn open(
        broker: &Broker,
        address: SocketAddr,
        transport: (Transport, Framing),
        path: &str,
    ) -> io::Result<Self> {
        Connection::over(dial(address, None)?, broker, transport, path, None)
    }

    /// Connects to a server that no [`Broker`] runs, over a plain socket.
    pub(crate) fn plain(address: SocketAddr, framing: Framing) -> Self {
        let socket = dial(address, None).unwrap();
        let stream = Box::new(socket.try_clone().unwrap());
        Connection::new(Carrier::Socket(stream, framing, Vec::new()), socket, Transport::Tcp)
    }

    /// Returns the transport it is connected over.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Returns the socket below everything.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Sends one frame, whatever bytes it has.
    #[track_caller]
    pub fn send_frame(&mut self, frame: &[u8]) {
        self.try_send_frame(frame).unwrap();
    }

    /// Sends one frame, if the broker takes it.
    ///
    /// # Errors
    /// When the connection has ended, or takes no more within the patience.
    pub fn try_send_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        self.carrier.send(&[frame])
    }

    /// Sends bytes as they are, inside TLS but below all framing.
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.try_send_raw(bytes).unwrap();
    }

    /// Sends bytes as they are, if the broker takes them.
    ///
    /// # Errors
    /// When the connection has ended, or takes no more within the patience.
    pub fn try_send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.carrier.send_raw(bytes)
    }

    /// Sends a binary message over a WebSocket.
    #[track_caller]
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.carrier.as_websocket().send(Message::Binary(bytes.to_vec().into())).unwrap();
    }

    /// Answers a ping over a WebSocket, which must be next.
    #[track_caller]
    pub fn answer_ping(&mut self) {
        let websocket = self.carrier.as_websocket();
        match websocket.read() {
            // The library has an answer ready.
            Ok(Message::Ping(_)) => websocket.flush().unwrap(),
            other => panic!("expected a ping, but got {other:?}"),
        }
    }

    /// Returns the next frame as the text it is.
    #[track_caller]
    pub fn recv_text(&mut self) -> String {
        match self.carrier.next_frame() {
            Ok(frame) => frame,
            Err(ending) => panic!("no packet came but the end of the connection: {ending:?}"),
        }
    }

    /// Proves that nothing comes for a while, not even the end of the connection.
    ///
    /// For tests of what happens, or must not happen, as time goes by.
    #[track_caller]
    pub fn expect_nothing_for(&mut self, duration: Duration) {
        let heard = self.has_something_within(duration);
        assert!(!heard, "something came before {duration:?} were over");
    }

    /// Waits until something comes, be it the end of the connection, but no longer than that.
    pub fn has_something_within(&mut self, duration: Duration) -> bool {
        self.socket.set_read_timeout(Some(duration)).unwrap();
        let heard = self.socket.peek(&mut [0]);
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        !heard.is_err_and(|error| is_timeout(&error))
    }

    /// Returns all that comes until the end of the connection, inside TLS but below all framing.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        self.carrier.read_to_end().unwrap()
    }

    /// Asserts that `actual` is what `pattern` says.
    #[track_caller]
    pub(crate) fn check(&mut self, pattern: &Value, actual: &Value) {
        let is_it = self.names.matches(pattern, actual);
        assert!(is_it, "\nexpected {pattern}\n but got {actual}\n");
    }

    /// Ends our side and waits until the broker has noticed. What was still on its way is lost.
    pub(crate) fn end(&mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
        while self.carrier.next_frame().is_ok() {}
    }

    /// Makes the connection be reset when it is dropped.
    pub(crate) fn be_reset(&self) {
        set_socket_linger(&self.socket, Some(Duration::ZERO)).unwrap();
    }
}

/// Reads what a test expects.
#[track_caller]
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("the expected packet is no JSON: {error}: {text}"))
}
