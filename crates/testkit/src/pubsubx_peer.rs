//! A PubSubX client in the hands of a test.

use std::{
    io::{self, Read},
    net::SocketAddr,
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use crate::{Broker, Connection, Ending, PATIENCE, Transport, carrier::Framing};

/// A PubSubX peer that sends and expects raw messages, without their end marks.
///
/// All that reads waits for a while, [`PATIENCE`], and panics then.
#[derive(Debug)]
pub struct PubsubxPeer {
    connection: Connection,
    /// How often it has proved a silence.
    probes: u32,
}

impl Deref for PubsubxPeer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for PubsubxPeer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// Connecting.
impl PubsubxPeer {
    /// Connects to the listener for that transport of those that
    /// [`Launch::pubsubx`](crate::Launch::pubsubx) opens, up to but not including the first message.
    #[must_use]
    #[track_caller]
    pub fn connect(broker: &Broker, transport: Transport) -> Self {
        let listener = if transport.has_tls() { "pubsubx-tls" } else { "pubsubx" };
        PubsubxPeer::try_connect(broker, broker.address_of(listener), transport)
            .unwrap_or_else(|error| panic!("no connection over {transport}: {error}"))
    }

    /// Connects to one of the broker's listeners, up to but not including the first message.
    ///
    /// # Errors
    /// What went wrong with TCP or TLS.
    pub fn try_connect(
        broker: &Broker,
        address: SocketAddr,
        transport: Transport,
    ) -> io::Result<Self> {
        let connection = Connection::open(broker, address, (transport, Framing::Marked), "")?;
        Ok(PubsubxPeer { connection, probes: 0 })
    }

    /// Connects over a plain socket to a server that runs in the test's own process.
    #[must_use]
    #[track_caller]
    pub fn plain(address: SocketAddr) -> Self {
        PubsubxPeer { connection: Connection::plain(address, Framing::Marked), probes: 0 }
    }

    /// Opens a new session.
    #[must_use]
    #[track_caller]
    pub fn online(broker: &Broker, transport: Transport, name: &str) -> Self {
        let mut peer = PubsubxPeer::connect(broker, transport);
        peer.send(format!("CONNECT {name}"));
        peer.expect("OK: Conn accepted");
        peer
    }

    /// Takes up the session of a lost client, once the broker has noticed that it is lost; returns
    /// its topics too, in the order of their names.
    #[must_use]
    #[track_caller]
    pub fn back(broker: &Broker, transport: Transport, name: &str) -> (Self, Vec<String>) {
        let started = Instant::now();
        loop {
            let mut peer = PubsubxPeer::connect(broker, transport);
            peer.send(format!("CONNECT {name}"));
            let answer = peer.recv();
            if answer == "ERROR: Name already taken" && started.elapsed() < PATIENCE {
                continue;
            }
            assert_eq!(answer, format!("RESTORED {name}"));
            let topics = peer.recv();
            let mut topics: Vec<String> =
                topics.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
            topics.sort_unstable();
            return (peer, topics);
        }
    }
}

/// Sending.
impl PubsubxPeer {
    /// Sends a message.
    #[track_caller]
    pub fn send(&mut self, message: impl AsRef<str>) {
        self.send_frame(message.as_ref().as_bytes());
    }

    /// Sends messages, in one write unless they are long.
    #[track_caller]
    pub fn send_all<T: AsRef<str>>(&mut self, messages: impl IntoIterator<Item = T>) {
        let messages: Vec<T> = messages.into_iter().collect();
        let frames: Vec<&[u8]> = messages.iter().map(|it| it.as_ref().as_bytes()).collect();
        self.connection.carrier.send(&frames).unwrap();
    }

    /// Subscribes to a topic, and waits until that is so.
    #[track_caller]
    pub fn subscribe(&mut self, topic: &str) {
        self.send(format!("SUBSCRIBE {topic}"));
        self.expect_silence();
    }

    /// Publishes to a topic that it is not subscribed to, and waits until the broker has it.
    #[track_caller]
    pub fn publish(&mut self, topic: &str, data: &str) {
        self.send(format!("PUBLISH {topic} {data}"));
        self.expect_silence();
    }
}

/// Receiving.
impl PubsubxPeer {
    /// Returns the next message, or how the connection ended.
    ///
    /// # Errors
    /// How the connection ended.
    ///
    /// # Panics
    /// When nothing comes within the patience.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "it is no iterator: it waits, and panics")]
    pub fn next(&mut self) -> Result<String, Ending> {
        self.connection.carrier.next_frame()
    }

    /// Returns the next message.
    #[track_caller]
    pub fn recv(&mut self) -> String {
        self.recv_text()
    }

    /// Returns the next message if it comes in time, or has come already; inside TLS, what came with
    /// another may count as not come yet.
    #[track_caller]
    pub fn recv_within(&mut self, duration: Duration) -> Option<String> {
        let is_there = self.connection.carrier.has_frame() || self.has_something_within(duration);
        is_there.then(|| self.recv())
    }

    /// Takes the next message, which must be this one.
    #[track_caller]
    pub fn expect(&mut self, message: impl AsRef<str>) {
        assert_eq!(self.recv(), message.as_ref());
    }

    /// Proves that nothing is on its way to us: a message of our own to a topic of our own comes
    /// next. Leaves no subscription behind.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.probes += 1;
        let topic = format!("probe-{}-{:?}", self.probes, self.socket().local_addr().unwrap());
        let topic = topic.replace(' ', "");
        self.send_all([
            format!("SUBSCRIBE {topic}"),
            format!("PUBLISH {topic}"),
            format!("UNSUBSCRIBE {topic}"),
        ]);
        self.expect(format!("{topic} "));
    }

    /// Reads once from the socket, as a client does that takes segments for messages: no more than
    /// so many bytes. Only without TLS, and before anything else was read.
    #[track_caller]
    pub fn read_once(&mut self, bytes_max: usize) -> Vec<u8> {
        let mut bytes = vec![0; bytes_max];
        let count = self.socket().read(&mut bytes).unwrap();
        bytes.truncate(count);
        bytes
    }
}

/// Ending.
impl PubsubxPeer {
    /// Takes the orderly end of the connection, which must be next.
    #[track_caller]
    pub fn expect_goodbye(&mut self) {
        let next = self.next();
        assert_eq!(next, Err(Ending::Eof), "over {}", self.transport());
    }

    /// Says goodbye.
    #[track_caller]
    pub fn leave(mut self) {
        self.send("DISCONNECT");
        self.expect_goodbye();
    }

    /// Hangs up without a goodbye, in an orderly way, and waits until the broker has noticed.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.end();
    }

    /// Resets the connection, without waiting for anything.
    pub fn reset(self) {
        self.be_reset();
    }
}
