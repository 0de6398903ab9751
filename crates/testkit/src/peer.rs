//! One end of a connection to a broker, in the hands of a test.

use std::{
    fmt::{self, Display},
    io,
    net::{IpAddr, Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;
use serde_json::{Value, json};
use tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::{
    Broker, Ending, Names, PATIENCE, Transport,
    carrier::{Carrier, io_error},
    ending::is_timeout,
    transport::dial,
};

/// A JMQT peer that sends and expects raw packets.
///
/// All that reads waits for a while, [`PATIENCE`], and panics then.
pub struct Peer {
    carrier: Carrier,
    /// The socket below everything.
    socket: TcpStream,
    transport: Transport,
    names: Names,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// Connecting.
impl Peer {
    /// Connects, up to but not including the first packet.
    #[must_use]
    #[track_caller]
    pub fn connect(broker: &Broker, transport: Transport) -> Self {
        Peer::connect_to(broker, broker.address(), transport)
    }

    /// Connects to one of the broker's listeners, or to what stands before it.
    #[must_use]
    #[track_caller]
    pub fn connect_to(broker: &Broker, address: SocketAddr, transport: Transport) -> Self {
        Peer::try_connect(broker, address, transport, None)
            .unwrap_or_else(|error| panic!("no connection over {transport}: {error}"))
    }

    /// Connects if the broker lets us; with a `server_name`, TLS says that it looks for it (SNI).
    ///
    /// # Errors
    /// What went wrong with TCP, TLS or the WebSocket handshake.
    pub fn try_connect(
        broker: &Broker,
        address: SocketAddr,
        transport: Transport,
        server_name: Option<&'static str>,
    ) -> io::Result<Self> {
        Peer::over(dial(address, None)?, broker, transport, server_name)
    }

    /// Connects from one of the addresses of this machine, if the broker lets us.
    ///
    /// # Errors
    /// What went wrong with TCP, TLS or the WebSocket handshake.
    pub fn connect_from(broker: &Broker, from: IpAddr, transport: Transport) -> io::Result<Self> {
        Peer::over(dial(broker.address(), Some(from))?, broker, transport, None)
    }

    fn over(
        socket: TcpStream,
        broker: &Broker,
        transport: Transport,
        server_name: Option<&'static str>,
    ) -> io::Result<Self> {
        let stream = transport.open(&socket, broker.client_config(), server_name)?;
        let carrier = if transport.is_websocket() {
            let (websocket, _) = tungstenite::client("ws://localhost/", stream)
                .map_err(|error| io::Error::other(error.to_string()))?;
            Carrier::WebSocket(Box::new(websocket))
        } else {
            Carrier::Socket(stream, Vec::new())
        };
        Ok(Peer::new(carrier, socket, transport))
    }

    /// Connects and opens a session as `client`.
    #[must_use]
    #[track_caller]
    pub fn online(broker: &Broker, transport: Transport, client: &str) -> Self {
        let mut peer = Peer::connect(broker, transport);
        peer.log_in(client);
        peer
    }

    pub(crate) fn new(carrier: Carrier, socket: TcpStream, transport: Transport) -> Self {
        Peer { carrier, socket, transport, names: Names::default() }
    }

    /// Opens a session: `auth` by name, then `conn`. Leaves unread what follows the `connAck`.
    #[track_caller]
    pub fn log_in(&mut self, client: &str) {
        let client = Value::from(client);
        let answer = self.ask(format!(r#"{{"auth":{{"dt":{{"client_name":{client}}}}}}}"#));
        let token = &answer["authAck"]["at"];
        self.send(format!(r#"{{"conn":{{"at":{token},"cl":{client}}}}}"#));
        self.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
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
}

/// Sending.
impl Peer {
    /// Sends one packet, given as JSON text.
    #[track_caller]
    pub fn send(&mut self, packet: impl Display) {
        self.send_frame(packet.to_string().as_bytes());
    }

    /// Sends packets in one write, unless they are long.
    #[track_caller]
    pub fn send_all(&mut self, packets: &[&str]) {
        let frames: Vec<_> = packets.iter().map(|packet| packet.as_bytes()).collect();
        self.carrier.send(&frames).unwrap();
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

    /// Sends a text message over a WebSocket in fragments, each followed by a ping.
    #[track_caller]
    pub fn send_fragments<'a>(&mut self, fragments: impl IntoIterator<Item = &'a [u8]>) {
        let websocket = self.carrier.as_websocket();
        let mut fragments = fragments.into_iter().peekable();
        let mut data = Data::Text;
        while let Some(fragment) = fragments.next() {
            let is_last = fragments.peek().is_none();
            let frame = Frame::message(fragment.to_vec(), OpCode::Data(data), is_last);
            websocket.write(Message::Frame(frame)).unwrap();
            websocket.write(Message::Ping("in between".into())).unwrap();
            data = Data::Continue;
        }
        websocket.flush().map_err(io_error).unwrap();
    }

    /// Subscribes to a channel for this session. Leaves unread what follows the `subAck`.
    #[track_caller]
    pub fn subscribe(&mut self, channel: &str) {
        self.request_subscription(channel, 0);
    }

    /// Subscribes to a channel for good. Leaves unread what follows the `subAck`.
    #[track_caller]
    pub fn subscribe_for_good(&mut self, channel: &str) {
        self.request_subscription(channel, 1);
    }

    #[track_caller]
    fn request_subscription(&mut self, channel: &str, pr: u8) {
        let channel = Value::from(channel);
        self.send(format!(r#"{{"sub":{{"cn":{channel},"pr":{pr}}}}}"#));
        self.expect(format!(r#"{{"subAck":{{"st":1,"cn":{channel}}}}}"#));
    }
}

/// Receiving.
impl Peer {
    /// Returns the next packet, or how the connection ended.
    ///
    /// # Errors
    /// How the connection ended.
    ///
    /// # Panics
    /// When nothing comes within the patience, or what comes is no JSON.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "it is no iterator: it waits, and panics")]
    pub fn next(&mut self) -> Result<Value, Ending> {
        let frame = self.carrier.next_frame()?;
        Ok(serde_json::from_str(&frame)
            .unwrap_or_else(|error| panic!("the broker sent what is no JSON: {error}: {frame}")))
    }

    /// Returns the next packet.
    #[track_caller]
    pub fn recv(&mut self) -> Value {
        match self.next() {
            Ok(packet) => packet,
            Err(ending) => panic!("no packet came but the end of the connection: {ending:?}"),
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

    /// Sends a packet and returns the next one that comes.
    #[track_caller]
    pub fn ask(&mut self, packet: impl Display) -> Value {
        self.send(packet);
        self.recv()
    }

    /// Takes the next packet, which must be this one; see [`Names::matches`] for wildcards.
    #[track_caller]
    pub fn expect(&mut self, pattern: impl Display) {
        let text = pattern.to_string();
        let pattern: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("the expected packet is no JSON: {error}: {text}"));
        match self.next() {
            Ok(packet) => {
                let is_it = self.names.matches(&pattern, &packet);
                assert!(is_it, "\nexpected {pattern}\n but got {packet}\n");
            }
            Err(ending) => panic!("\nexpected {pattern}\n but the connection ended: {ending:?}\n"),
        }
    }

    /// Proves that nothing is on its way to us: a heartbeat's answer comes next.
    ///
    /// Needs a session.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.send(r#"{"hb":{}}"#);
        self.expect(r#"{"hbAck":{}}"#);
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
}

/// Ending.
impl Peer {
    /// Takes the end of the connection, which must be next, and returns how it ended.
    #[track_caller]
    pub fn expect_close(&mut self) -> Ending {
        match self.next() {
            Err(ending) => ending,
            Ok(packet) => panic!("expected the end of the connection, but got {packet}"),
        }
    }

    /// Takes the broker's goodbye, which must be next: a WebSocket's with this close code.
    #[track_caller]
    pub fn expect_goodbye(&mut self, code: u16) {
        let ending = self.expect_close();
        let is_it = ending.is_goodbye(self.transport, code);
        assert!(is_it, "over {} the connection ended: {ending:?}", self.transport);
    }

    /// Takes the broker's goodbye and its reason, which must be next: a WebSocket's with this close
    /// code and a text, a socket's with this status in a last `connAck`.
    #[track_caller]
    pub fn expect_last_word(&mut self, code: u16, status: u64) {
        let reason = if self.transport.is_websocket() {
            match self.expect_close() {
                Ending::Closed { code: actual, reason } if actual == code => reason,
                ending => panic!("expected a close frame with {code}, but got {ending:?}"),
            }
        } else {
            let mut packet = self.recv();
            let reason = packet["connAck"]["mg"].take();
            let is_it = packet == json!({"connAck": {"st": status, "mg": null}});
            assert!(is_it, "expected a last connAck with {status}, but got {packet}");
            self.expect_goodbye(code);
            reason.as_str().unwrap_or_default().to_owned()
        };
        assert!(!reason.is_empty(), "the broker gave no reason");
    }

    /// Says goodbye and waits for the broker's: the session is over then.
    #[track_caller]
    pub fn leave(mut self) {
        self.send(r#"{"disconn":{}}"#);
        self.expect_goodbye(1000);
    }

    /// Hangs up without a goodbye and waits until the broker has noticed: the session is over then.
    ///
    /// What was still on its way to us is lost.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
        while self.carrier.next_frame().is_ok() {}
    }

    /// Resets the connection, without waiting for anything.
    pub fn reset(self) {
        set_socket_linger(&self.socket, Some(Duration::ZERO)).unwrap();
    }
}
