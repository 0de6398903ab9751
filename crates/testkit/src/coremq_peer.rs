//! A CoreMQ client in the hands of a test.

use std::{
    fmt::Display,
    io,
    net::SocketAddr,
    ops::{Deref, DerefMut},
};

use serde_json::{Value, json};

use crate::{Broker, Connection, Ending, Transport, carrier::Framing, connection::parse};

/// A CoreMQ peer that sends and expects frames: a queue and an object each.
///
/// Over a WebSocket the queue is the member `queue` of the object, in both directions; an empty one
/// is not there. All that reads waits for a while, [`PATIENCE`](crate::PATIENCE), and panics then.
#[derive(Debug)]
pub struct CoremqPeer {
    connection: Connection,
    /// The connection's id; over a WebSocket empty, for the gateway does not say it.
    id: String,
}

impl Deref for CoremqPeer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for CoremqPeer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// Connecting.
impl CoremqPeer {
    /// Connects to the listener for that transport of those that
    /// [`Launch::coremq`](crate::Launch::coremq) opens, and takes the welcome.
    #[must_use]
    #[track_caller]
    pub fn connect(broker: &Broker, transport: Transport) -> Self {
        let listener = match transport {
            Transport::Tcp => "coremq",
            Transport::Tls => "coremq-tls",
            Transport::WebSocket | Transport::WebSocketTls => "coremq-websocket",
        };
        CoremqPeer::connect_to(broker, broker.address_of(listener), transport)
    }

    /// Connects to one of the broker's listeners, and takes the welcome.
    #[must_use]
    #[track_caller]
    pub fn connect_to(broker: &Broker, address: SocketAddr, transport: Transport) -> Self {
        let mut peer = CoremqPeer::try_connect(broker, address, transport, "/ws")
            .unwrap_or_else(|error| panic!("no connection over {transport}: {error}"));
        if !transport.is_websocket() {
            peer.take_welcome();
        }
        peer
    }

    /// Connects over a plain socket to a server that runs in the test's own process, and
    /// takes the welcome.
    #[must_use]
    #[track_caller]
    pub fn plain(address: SocketAddr) -> Self {
        let connection = Connection::plain(address, Framing::Counted);
        let mut peer = CoremqPeer { connection, id: String::new() };
        peer.take_welcome();
        peer
    }

    #[track_caller]
    fn take_welcome(&mut self) {
        let (id, welcome) = self.recv();
        let expected = json!({"response": "OK: Welcome to CoreMQ server", "server": "*"});
        self.check(&expected, &welcome);
        self.id = id;
    }

    /// Connects up to but not including the first frame; a WebSocket on that path.
    ///
    /// # Errors
    /// What went wrong with TCP, TLS or the WebSocket handshake.
    pub fn try_connect(
        broker: &Broker,
        address: SocketAddr,
        transport: Transport,
        path: &str,
    ) -> io::Result<Self> {
        let transport = (transport, Framing::Counted);
        let connection = Connection::open(broker, address, transport, path)?;
        Ok(CoremqPeer { connection, id: String::new() })
    }

    /// Returns the connection's id.
    ///
    /// # Panics
    /// Over a WebSocket, where nobody is told it.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> &str {
        assert!(!self.id.is_empty(), "nobody has told the connection's id");
        &self.id
    }
}

/// Sending.
impl CoremqPeer {
    /// Sends an object to a queue.
    #[track_caller]
    pub fn send(&mut self, queue: &str, object: impl Display) {
        let frame = self.frame(queue, object);
        self.send_frame(frame.as_bytes());
    }

    /// Sends objects to queues, in one write unless they are long.
    #[track_caller]
    pub fn send_all<T: Display>(&mut self, messages: impl IntoIterator<Item = (T, T)>) {
        let frames = messages.into_iter().map(|(queue, it)| self.frame(&queue.to_string(), it));
        let frames: Vec<String> = frames.collect();
        let frames: Vec<&[u8]> = frames.iter().map(|frame| frame.as_bytes()).collect();
        self.connection.carrier.send(&frames).unwrap();
    }

    fn frame(&self, queue: &str, object: impl Display) -> String {
        if !self.transport().is_websocket() {
            return format!("{queue} {object}");
        }
        let object = object.to_string();
        match object.strip_prefix('{') {
            Some(rest) if !queue.is_empty() => {
                let comma = if rest.trim() == "}" { "" } else { "," };
                format!(r#"{{"queue":{}{comma}{rest}"#, Value::from(queue))
            }
            _ => object,
        }
    }

    /// Sends an object to a queue and returns the next one that comes, which must be an answer: one
    /// to the connection's own id, or over a WebSocket whatever it is.
    #[track_caller]
    pub fn ask(&mut self, queue: &str, object: impl Display) -> Value {
        self.send(queue, object);
        let (queue, answer) = self.recv();
        if !self.id.is_empty() {
            assert_eq!(queue, self.id, "no answer came but {answer}");
        }
        answer
    }

    /// Sends an object to a queue; the answer must be this `response`.
    #[track_caller]
    pub fn expect_response(&mut self, queue: &str, object: impl Display, response: &str) {
        let answer = self.ask(queue, object);
        self.check(&json!({"response": response}), &answer);
    }

    /// Subscribes to a queue.
    #[track_caller]
    pub fn subscribe(&mut self, queue: &str) {
        let request = json!({"coremq_subscribe": queue});
        if self.transport().is_websocket() {
            self.send("", request);
            return self.expect_silence();
        }
        self.expect_response("-", request, "OK: Subscribe successful");
    }

    /// Publishes an object to a queue.
    #[track_caller]
    pub fn publish(&mut self, queue: &str, object: impl Display) {
        self.expect_response(queue, object, "OK: Message sent");
    }
}

/// Receiving.
impl CoremqPeer {
    /// Returns the next frame, its queue and its object, or how the connection ended.
    ///
    /// # Errors
    /// How the connection ended.
    ///
    /// # Panics
    /// When nothing comes within the patience, or what comes is no CoreMQ.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "it is no iterator: it waits, and panics")]
    pub fn next(&mut self) -> Result<(String, Value), Ending> {
        let is_websocket = self.transport().is_websocket();
        let frame = self.connection.carrier.next_frame()?;
        let (queue, json) =
            if is_websocket { ("", &*frame) } else { frame.split_once(' ').expect("a blank") };
        assert!(json.is_ascii(), "not only ASCII came: {frame}");
        let mut object: Value = serde_json::from_str(json)
            .unwrap_or_else(|error| panic!("the broker sent what is no JSON: {error}: {frame}"));
        let members = object.as_object_mut().unwrap_or_else(|| panic!("{frame} has no object"));
        let named = if is_websocket { members.remove("queue") } else { None };
        let queue = named.as_ref().and_then(Value::as_str).unwrap_or(queue).to_owned();
        Ok((queue, object))
    }

    /// Returns the next frame, its queue and its object.
    #[track_caller]
    pub fn recv(&mut self) -> (String, Value) {
        match self.next() {
            Ok(frame) => frame,
            Err(ending) => panic!("no frame came but the end of the connection: {ending:?}"),
        }
    }

    /// Takes the next frame, which must be this object to this queue; see
    /// [`Names::matches`](crate::Names::matches) for wildcards.
    #[track_caller]
    pub fn expect(&mut self, queue: &str, pattern: impl Display) {
        let pattern = parse(&pattern.to_string());
        let (actual_queue, object) = self.recv();
        assert_eq!(actual_queue, queue, "expected {pattern}, but got {object}");
        self.check(&pattern, &object);
    }

    /// Takes the next frame, which must be a message to this queue; returns its object without what
    /// the server added, whose form is checked.
    #[track_caller]
    pub fn expect_message(&mut self, queue: &str) -> Value {
        let (actual_queue, mut object) = self.recv();
        assert_eq!(actual_queue, queue, "got {object}");
        let members = object.as_object_mut().expect("only objects come");
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        for (name, is_right) in [
            ("coremq_sender", &is_text as &dyn Fn(&Value) -> bool),
            ("coremq_sent", &Value::is_number),
            ("coremq_server", &is_text),
        ] {
            let value = members.remove(name);
            assert!(value.as_ref().is_some_and(is_right), "{name} is {value:?} in a message");
        }
        object
    }

    /// Proves that nothing is on its way to us: a request's answer comes next.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        let (request, pattern) = if self.transport().is_websocket() {
            (r#"{"corews_status":1}"#, json!({"connections": "*", "mq_server": "*"}))
        } else {
            let status = json!({
                "coremq_fwdto": "*", "master": "*", "replicants": "*", "connections": "*"
            });
            (r#"{"coremq_status":1}"#, status)
        };
        self.send(if self.transport().is_websocket() { "" } else { "-" }, request);
        let (_, answer) = self.recv();
        self.check(&pattern, &answer);
    }
}

/// Ending.
impl CoremqPeer {
    /// Takes the end of the connection, which must be next, and returns how it ended.
    #[track_caller]
    pub fn expect_close(&mut self) -> Ending {
        match self.next() {
            Err(ending) => ending,
            Ok((queue, object)) => panic!("expected an end, but got {object} to {queue}"),
        }
    }

    /// Takes a last answer that tells of an error, and the orderly end behind it, which must be
    /// next; a WebSocket's end has this close code. Returns the text of the error.
    #[track_caller]
    pub fn expect_last_word(&mut self, code: u16) -> String {
        let mut text = String::new();
        if !self.transport().is_websocket() {
            let (_, answer) = self.recv();
            let response = answer["response"].as_str().unwrap_or_default();
            assert!(response.starts_with("ERROR: "), "the last word is {answer}");
            response.clone_into(&mut text);
        }
        let ending = self.expect_close();
        let is_it = ending.is_goodbye(self.transport(), code);
        assert!(is_it, "over {} the connection ended: {ending:?}", self.transport());
        text
    }

    /// Hangs up and waits until the broker has noticed: the connection is over then.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.end();
    }

    /// Resets the connection, without waiting for anything.
    pub fn reset(self) {
        self.be_reset();
    }
}
