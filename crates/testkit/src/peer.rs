//! One end of a connection to a broker, in the hands of a test.

use std::{
    fmt::Display,
    io,
    net::{IpAddr, SocketAddr, TcpStream},
    ops::{Deref, DerefMut},
};

use serde_json::{Value, json};
use tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::{
    Broker, Connection, Ending, Transport,
    carrier::{Carrier, Framing, io_error},
    connection::parse,
    transport::dial,
};

/// A JMQT peer that sends and expects raw packets.
///
/// All that reads waits for a while, [`PATIENCE`](crate::PATIENCE), and panics then.
#[derive(Debug)]
pub struct Peer {
    connection: Connection,
}

impl Deref for Peer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
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

    /// Connects from one of the addresses of this machine to what stands before the broker.
    ///
    /// # Errors
    /// What went wrong with TCP, TLS or the WebSocket handshake.
    pub fn connect_through(
        broker: &Broker,
        from: IpAddr,
        address: SocketAddr,
        transport: Transport,
    ) -> io::Result<Self> {
        Peer::over(dial(address, Some(from))?, broker, transport, None)
    }

    /// Connects over a plain socket to a server that runs in the test's own process.
    #[must_use]
    #[track_caller]
    pub fn plain(address: SocketAddr) -> Self {
        Peer { connection: Connection::plain(address, Framing::Terminated) }
    }

    fn over(
        socket: TcpStream,
        broker: &Broker,
        transport: Transport,
        server_name: Option<&'static str>,
    ) -> io::Result<Self> {
        let transport = (transport, Framing::Terminated);
        let connection = Connection::over(socket, broker, transport, "/", server_name)?;
        Ok(Peer { connection })
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
        Peer { connection: Connection::new(carrier, socket, transport) }
    }

    /// Opens a session: `auth` by name, then `conn`. Leaves unread what follows the `connAck`.
    #[track_caller]
    pub fn log_in(&mut self, client: &str) {
        let client = Value::from(client);
        let answer = self.ask(format!(r#"{{"auth":{{"dt":{{"client_name":{client}}}}}}}"#));
        let token = &answer["authAck"]["at"];
        self.send(format!(r#"{{"conn":{{"at":{token},"cl":{client}}}}}"#));
        let answer = self.recv();
        let accepted = &answer["connAck"];
        assert!(accepted["st"] == 1 && accepted["ts"].is_u64(), "the broker answered {answer}");
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

    /// Sends a packet and returns the next one that comes.
    #[track_caller]
    pub fn ask(&mut self, packet: impl Display) -> Value {
        self.send(packet);
        self.recv()
    }

    /// Takes the next packet, which must be this one; see [`crate::Names::matches`] for wildcards.
    #[track_caller]
    pub fn expect(&mut self, pattern: impl Display) {
        let pattern = parse(&pattern.to_string());
        match self.next() {
            Ok(packet) => self.check(&pattern, &packet),
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
        let is_it = ending.is_goodbye(self.transport(), code);
        assert!(is_it, "over {} the connection ended: {ending:?}", self.transport());
    }

    /// Takes the broker's goodbye and its reason, which must be next: a WebSocket's with this close
    /// code and a text, a socket's with this status in a last `connAck`. Returns the word for it.
    #[track_caller]
    pub fn expect_last_word(&mut self, code: u16, status: u64) -> String {
        let (word, text) = if self.transport().is_websocket() {
            let reason = match self.expect_close() {
                Ending::Closed { code: actual, reason } if actual == code => reason,
                ending => panic!("expected a close frame with {code}, but got {ending:?}"),
            };
            let (word, text) = reason.split_once(": ").unwrap_or_default();
            (word.to_owned(), text.to_owned())
        } else {
            let mut packet = self.recv();
            let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
            let said = (text(packet["connAck"]["rs"].take()), text(packet["connAck"]["mg"].take()));
            let is_it = packet == json!({"connAck": {"st": status, "rs": null, "mg": null}});
            assert!(is_it, "expected a last connAck with {status}, but got {packet}");
            self.expect_goodbye(code);
            said
        };
        assert!(!word.is_empty() && !text.is_empty(), "the broker gave no reason");
        word
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
        self.end();
    }

    /// Resets the connection, without waiting for anything.
    pub fn reset(self) {
        self.be_reset();
    }
}
