//! One end of a connection to a broker, in the hands of a test.

use std::{
    fmt::{self, Display},
    io::{self, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};
use serde_json::Value;
use tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    error::ProtocolError,
    protocol::{
        WebSocketConfig,
        frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::{
    Broker, Names, PATIENCE, Transport,
    transport::{Stream, is_reset, is_timeout},
};

/// What ends a frame on a socket.
const TERMINATOR: u8 = 0;

/// A JMQT peer that sends and expects raw packets.
///
/// All that reads waits for a while, [`PATIENCE`], and panics then.
pub struct Peer {
    wire: Wire,
    /// The same socket once more, to reach below TLS and WebSocket.
    socket: TcpStream,
    transport: Transport,
    names: Names,
}

enum Wire {
    /// A stream of frames, and what was read of it beyond the frames taken.
    Socket(Box<dyn Stream>, Vec<u8>),
    WebSocket(Box<WebSocket<Box<dyn Stream>>>),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the goodbye of its carrier: the end of the stream, inside TLS a close notification.
    Eof,
    /// With a WebSocket close frame.
    Closed {
        /// Its code; 1005 if it had none.
        code: u16,
        /// Its text.
        reason: String,
    },
    /// The stream ended, but a WebSocket close frame or a TLS close notification was missing.
    Cut,
    /// The connection was reset.
    Reset,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Ending {
    /// Says whether this is the goodbye of that transport: a socket's is its end, a WebSocket's a
    /// close frame with `code`.
    #[must_use]
    pub fn is_goodbye(&self, transport: Transport, code: u16) -> bool {
        match self {
            Ending::Eof => !transport.is_websocket(),
            Ending::Closed { code: actual, .. } => *actual == code,
            Ending::Cut | Ending::Reset => false,
        }
    }
}

impl Peer {
    /// Connects, up to but not including the first packet.
    #[must_use]
    #[track_caller]
    pub fn connect(broker: &Broker, transport: Transport) -> Self {
        Peer::connect_to(broker, broker.address(), transport)
    }

    /// Connects to one of the broker's listeners.
    #[must_use]
    #[track_caller]
    pub fn connect_to(broker: &Broker, address: SocketAddr, transport: Transport) -> Self {
        Peer::try_connect_to(broker, address, transport)
            .unwrap_or_else(|error| panic!("no connection over {transport}: {error}"))
    }

    /// Connects to one of the broker's listeners, if it lets us.
    ///
    /// # Errors
    /// What went wrong with TCP, TLS or the WebSocket handshake.
    pub fn try_connect_to(
        broker: &Broker,
        address: SocketAddr,
        transport: Transport,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let plain = socket.try_clone()?;
        let mut stream: Box<dyn Stream> = Box::new(plain.try_clone()?);
        if transport.has_tls() {
            // By address: so without SNI.
            let name = ServerName::from(address.ip());
            let connection = ClientConnection::new(broker.client_config(), name)
                .expect("the name is an address");
            stream = Box::new(StreamOwned::new(connection, plain));
        }
        let wire = if transport.is_websocket() {
            Wire::WebSocket(Box::new(shake_hands(stream, address)?))
        } else {
            Wire::Socket(stream, Vec::new())
        };
        Ok(Peer { wire, socket, transport, names: Names::default() })
    }

    /// Connects and opens a session as `client`.
    #[must_use]
    #[track_caller]
    pub fn online(broker: &Broker, transport: Transport, client: &str) -> Self {
        let mut peer = Peer::connect(broker, transport);
        peer.log_in(client);
        peer
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

    /// Returns the transport it was connected over.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Returns the socket below everything.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Returns the WebSocket.
    ///
    /// # Panics
    /// When it is a socket.
    pub fn websocket(&mut self) -> &mut WebSocket<impl io::Read + io::Write> {
        match &mut self.wire {
            Wire::WebSocket(websocket) => websocket,
            Wire::Socket(..) => panic!("not a WebSocket"),
        }
    }

    /// Sends one packet, given as JSON text.
    #[track_caller]
    pub fn send(&mut self, packet: impl Display) {
        self.send_frame(packet.to_string().as_bytes());
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
        match &mut self.wire {
            Wire::Socket(stream, _) => {
                let mut bytes = frame.to_vec();
                bytes.push(TERMINATOR);
                stream.write_all(&bytes)?;
                stream.flush()
            }
            Wire::WebSocket(websocket) => {
                let message = match Utf8Bytes::try_from(frame.to_vec()) {
                    Ok(text) => Message::Text(text),
                    Err(_) => Message::Frame(Frame::message(
                        frame.to_vec(),
                        OpCode::Data(Data::Text),
                        true,
                    )),
                };
                websocket.send(message).map_err(io_error)
            }
        }
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
        let stream = match &mut self.wire {
            Wire::Socket(stream, _) => stream,
            Wire::WebSocket(websocket) => websocket.get_mut(),
        };
        stream.write_all(bytes)?;
        stream.flush()
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
        match self.next_frame() {
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
    pub fn expect_nothing_for(&mut self, while_: Duration) {
        self.socket.set_read_timeout(Some(while_)).unwrap();
        let heard = self.socket.peek(&mut [0]);
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let is_silent = heard.as_ref().is_err_and(is_timeout);
        assert!(is_silent, "something came before {while_:?} were over: {heard:?}");
    }

    /// Takes the end of the connection, which must be next, and returns how it ended.
    #[track_caller]
    pub fn expect_close(&mut self) -> Ending {
        match self.next() {
            Err(ending) => ending,
            Ok(packet) => panic!("expected the end of the connection, but got {packet}"),
        }
    }

    /// Subscribes to a channel for this session. Leaves unread what follows the `subAck`.
    #[track_caller]
    pub fn subscribe(&mut self, channel: &str) {
        let channel = Value::from(channel);
        self.send(format!(r#"{{"sub":{{"cn":{channel}}}}}"#));
        self.expect(format!(r#"{{"subAck":{{"st":1,"cn":{channel}}}}}"#));
    }

    /// Subscribes to a channel for good. Leaves unread what follows the `subAck`.
    #[track_caller]
    pub fn subscribe_for_good(&mut self, channel: &str) {
        let channel = Value::from(channel);
        self.send(format!(r#"{{"sub":{{"cn":{channel},"pr":1}}}}"#));
        self.expect(format!(r#"{{"subAck":{{"st":1,"cn":{channel}}}}}"#));
    }

    /// Says goodbye and waits for the end: the session is over then.
    #[track_caller]
    pub fn leave(mut self) {
        self.send(r#"{"disconn":{}}"#);
        let ending = self.expect_close();
        let is_goodbye = ending.is_goodbye(self.transport, 1000);
        assert!(is_goodbye, "left, and the connection ended: {ending:?}");
    }

    /// Hangs up without a goodbye and waits until the broker has noticed: the session is over then.
    ///
    /// What was still on its way to us is lost.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
        while self.next_frame().is_ok() {}
    }

    /// Returns the next packet, or how the connection ended.
    ///
    /// # Errors
    /// How the connection ended.
    ///
    /// # Panics
    /// When nothing comes within the patience, or what comes is no JSON.
    #[track_caller]
    pub fn next(&mut self) -> Result<Value, Ending> {
        let frame = self.next_frame()?;
        Ok(serde_json::from_str(&frame)
            .unwrap_or_else(|error| panic!("the broker sent what is no JSON: {error}: {frame}")))
    }

    #[track_caller]
    fn next_frame(&mut self) -> Result<String, Ending> {
        match &mut self.wire {
            Wire::Socket(stream, buffer) => next_socket_frame(stream.as_mut(), buffer),
            Wire::WebSocket(websocket) => next_message(websocket),
        }
    }
}

fn shake_hands(
    stream: Box<dyn Stream>,
    address: SocketAddr,
) -> io::Result<WebSocket<Box<dyn Stream>>> {
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let uri = format!("ws://{address}/");
    match tungstenite::client::client_with_config(uri, stream, Some(config)) {
        Ok((websocket, _)) => Ok(websocket),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

#[track_caller]
fn next_socket_frame(stream: &mut dyn Stream, buffer: &mut Vec<u8>) -> Result<String, Ending> {
    let mut searched = 0;
    loop {
        if let Some(end) = buffer[searched..].iter().position(|&byte| byte == TERMINATOR) {
            let frame = buffer.drain(..searched + end).collect();
            buffer.remove(0);
            return Ok(String::from_utf8(frame).expect("the broker sends UTF-8"));
        }
        searched = buffer.len();
        let mut chunk = [0; 16 << 10];
        match stream.read(&mut chunk) {
            Ok(0) => {
                assert!(buffer.is_empty(), "the stream ended within a frame: {buffer:?}");
                return Err(Ending::Eof);
            }
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) => return Err(ending(&error)),
        }
    }
}

#[track_caller]
fn next_message(websocket: &mut WebSocket<Box<dyn Stream>>) -> Result<String, Ending> {
    loop {
        match websocket.read() {
            Ok(Message::Text(text)) => return Ok(text.to_string()),
            Ok(Message::Close(frame)) => {
                // Answers the close frame, which the broker waits for.
                _ = websocket.flush();
                let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.to_string())
                });
                return Err(Ending::Closed { code, reason });
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(other) => panic!("the broker sent {other:?}"),
            Err(Error::Io(error)) => return Err(ending(&error)),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return Err(Ending::Cut);
            }
            Err(error) => panic!("the broker broke the WebSocket protocol: {error}"),
        }
    }
}

#[track_caller]
fn ending(error: &io::Error) -> Ending {
    match error.kind() {
        _ if is_timeout(error) => panic!("nothing came within {PATIENCE:?}"),
        io::ErrorKind::UnexpectedEof => Ending::Cut,
        _ if is_reset(error) => Ending::Reset,
        _ => panic!("reading failed: {error}"),
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
