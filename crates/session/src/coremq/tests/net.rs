//! Several brokers and the links between them, in memory: a connection is two lines of bytes, which
//! flow when a test lets them and can be cut at any byte.

use std::{sync::Arc, time::Duration};

use rialto_broker::{
    Broker, ConnectionKey, ConnectionProfile, Effect, Now, ReplicationSettings, Settings,
};
use rialto_domain::{Admission, Snapshot};
use rialto_wire::coremq::{FrameSplitter, decode, decode_server};
use serde_json::Value;

use super::super::{Credentials, LINK, Link, LinkEnd, Session, TCP};
use crate::{
    Dialect as _, DialectSettings, Dialects, Opening, ServerName,
    tests::{
        authorizer::{TestAuthorizer, take},
        journal::TestJournal,
    },
};

const DEPTH_MAX: usize = 8;
const FRAME_CHARS_MAX: usize = 1 << 20;
const PORT: u16 = 6747;
/// What the wall clocks say at first.
const BEGIN_MS: u64 = 1 << 40;

/// All queues that anybody publishes to.
pub(super) const QUEUES: [&str; 3] = ["a", "b", "größe"];

/// A broker with a client that publishes and one that is subscribed to all queues.
pub(super) struct Node {
    pub(super) broker: Broker<Dialects>,
    server: Arc<ServerName>,
    authorizer: TestAuthorizer,
    publisher: (ConnectionKey, Session),
    subscriber: ConnectionKey,
    /// The numbers of the messages that the subscriber got.
    pub(super) received: Vec<u64>,
}

/// One server's connections to another, whose messages it wants.
pub(super) struct Wire {
    /// The server that is asked for its messages.
    pub(super) from: usize,
    /// The server that asks.
    pub(super) to: usize,
    pub(super) link: Link,
    line: Option<Line>,
    /// Why the last connection was of no use.
    pub(super) ended: Option<LinkEnd>,
}

/// One connection: both its ends, and what is under way.
struct Line {
    connection: ConnectionKey,
    session: Session,
    to_server: (FrameSplitter, Vec<u8>),
    to_replicant: (FrameSplitter, Vec<u8>),
}

pub(super) struct Net {
    pub(super) nodes: Vec<Node>,
    pub(super) wires: Vec<Wire>,
    now: Now,
    /// How far the wall clock of each node is ahead of the others' in milliseconds, or behind.
    skews: Vec<i64>,
    /// Messages published so far, which numbers them.
    pub(super) published: u64,
    /// Connections made so far, for their ids.
    opened: u32,
}

impl Net {
    /// Makes nodes without links, of which others may miss as many bytes.
    pub(super) fn new(node_count: usize, backlog_bytes_max: usize) -> Self {
        let nodes = (0..node_count).map(|index| Node::new(index, backlog_bytes_max, true));
        let now = Now { unix_ms: BEGIN_MS, ..Now::default() };
        let (wires, skews) = (Vec::new(), vec![0; node_count]);
        Net { nodes: nodes.collect(), wires, now, skews, published: 0, opened: 0 }
    }

    /// Makes one node where nobody has a session without a token, and one that has none to ask.
    pub(super) fn with_tokens() -> Self {
        let mut net = Net::new(2, 1 << 20);
        let authorizer = &mut net.nodes[0].authorizer;
        (authorizer.admits_anybody, authorizer.rules) = (false, Some("replicate".to_owned()));
        net
    }

    /// Has the server `to` ask `from` for its messages.
    pub(super) fn link(&mut self, from: usize, to: usize, credentials: Option<Credentials>) {
        let server = self.nodes[to].server.clone();
        let link = Link::new(server, origin(to), PORT, credentials);
        self.wires.push(Wire { from, to, link, line: None, ended: None });
    }

    /// Steps the wall clock of one node.
    pub(super) fn step_clock(&mut self, node: usize, by_ms: i64) {
        self.skews[node] += by_ms;
    }

    /// Publishes messages on one node, in one round.
    pub(super) fn publish(&mut self, node: usize, queue: usize, count: usize, padding: usize) {
        self.pass_a_moment();
        let padding = "é".repeat(padding);
        for _ in 0..count {
            self.published += 1;
            let number = self.published;
            let frame = format!(r#"{} {{"n":{number},"p":"{padding}"}}"#, QUEUES[queue]);
            let Node { broker, publisher: (publishing, publisher), authorizer, .. } =
                &mut self.nodes[node];
            let packet = decode(frame.as_bytes(), DEPTH_MAX);
            let decides = (&*authorizer, &TestJournal::default() as &_);
            take(publisher, packet, *publishing, broker, decides);
        }
        self.perform(node);
    }

    /// Makes a connection where there is none.
    pub(super) fn connect(&mut self, wire: usize) {
        self.pass_a_moment();
        let Wire { from, link, line, .. } = &mut self.wires[wire];
        if line.is_some() {
            return;
        }
        link.begin();
        self.opened += 1;
        let Node { broker, authorizer, server, .. } = &mut self.nodes[*from];
        let connection = broker.open(ConnectionProfile::plain(TCP));
        let id = format!("link-{}", self.opened);
        let listed = authorizer.admits_anybody.then(Admission::default);
        let session = begin((connection, &id, server), listed, broker, authorizer);
        let way = || (FrameSplitter::new(FRAME_CHARS_MAX), Vec::new());
        *line = Some(Line { connection, session, to_server: way(), to_replicant: way() });
        let from = *from;
        self.perform(from);
    }

    /// Cuts a connection; what is under way is lost. The server may not notice.
    pub(super) fn cut(&mut self, wire: usize, is_noticed: bool) {
        self.pass_a_moment();
        let Wire { from, to, link, line, .. } = &mut self.wires[wire];
        let Some(line) = line.take() else { return };
        link.end(&mut self.nodes[*to].broker);
        if is_noticed {
            self.nodes[*from].broker.disconnect(line.connection);
        }
        let (from, to) = (*from, *to);
        self.perform(from);
        self.perform(to);
    }

    /// Lets up to so many bytes arrive in each direction; says whether there were any.
    pub(super) fn flow(&mut self, wire: usize, bytes_max: usize) -> bool {
        self.pass_a_moment();
        let Wire { from, to, link, line, ended } = &mut self.wires[wire];
        let Some(Line { connection, session, to_server, to_replicant }) = line else {
            return false;
        };
        let read =
            |way: &mut Vec<u8>| -> Vec<u8> { way.drain(..way.len().min(bytes_max)).collect() };
        let (for_server, for_replicant) = (read(&mut to_server.1), read(&mut to_replicant.1));
        let has_flown = !for_server.is_empty() || !for_replicant.is_empty();

        let Node { broker, authorizer, .. } = &mut self.nodes[*from];
        for frame in to_server.0.push(&for_server) {
            let packet = decode(frame.unwrap(), DEPTH_MAX);
            let decides = (&*authorizer, &TestJournal::default() as &_);
            take(session, packet, *connection, broker, decides);
        }
        let broker = &mut self.nodes[*to].broker;
        for frame in to_replicant.0.push(&for_replicant) {
            let frame = decode_server(frame.unwrap(), DEPTH_MAX).unwrap();
            if let Err(end) = link.on_frame(frame, broker, &mut to_server.1) {
                *ended = Some(end);
                break;
            }
        }
        let (from, to, is_over) = (*from, *to, ended.is_some());
        self.perform(from);
        self.perform(to);
        if is_over {
            self.cut(wire, true);
        }
        has_flown
    }

    /// Connects what is not connected and lets everything arrive.
    pub(super) fn settle(&mut self) {
        loop {
            let mut has_flown = false;
            for wire in 0..self.wires.len() {
                if self.wires[wire].ended.is_none() {
                    self.connect(wire);
                }
                has_flown |= self.flow(wire, usize::MAX);
            }
            if !has_flown {
                return;
            }
        }
    }

    fn pass_a_moment(&mut self) {
        self.now.uptime += Duration::from_millis(1);
        self.now.unix_ms += 1;
        for (node, skew) in self.nodes.iter_mut().zip(&self.skews) {
            let unix_ms = self.now.unix_ms.checked_add_signed(*skew).expect("it is after 1970");
            node.broker.begin_round(Now { unix_ms, ..self.now });
        }
    }

    /// Carries out what a broker asks for.
    fn perform(&mut self, node: usize) {
        for effect in self.nodes[node].broker.take_effects() {
            match effect {
                Effect::Send { connection, frames, .. }
                | Effect::Answer { connection, frames, .. } => {
                    if connection == self.nodes[node].subscriber {
                        self.nodes[node].receive(&frames);
                    } else if let Some(line) = self.line(node, connection) {
                        line.to_replicant.1.extend_from_slice(&frames);
                    }
                }
                Effect::Close { connection, .. } => {
                    assert!(self.line(node, connection).is_none(), "only dead ones are closed");
                    self.nodes[node].broker.disconnect(connection);
                }
                Effect::Commit(_) | Effect::Read(_) => unreachable!("nothing is stored"),
                Effect::Opened { .. } | Effect::Subscribed { .. } => {}
                Effect::Load(_)
                | Effect::Resolved { .. }
                | Effect::SessionEnded(_)
                | Effect::Claim(_)
                | Effect::ReadLog(_)
                | Effect::Bus(_)
                | Effect::Refresh { .. } => {
                    unreachable!("nobody asked")
                }
            }
        }
    }

    fn line(&mut self, node: usize, connection: ConnectionKey) -> Option<&mut Line> {
        let mut wires = self.wires.iter_mut().filter(|wire| wire.from == node);
        wires.find_map(|wire| wire.line.as_mut().filter(|line| line.connection == connection))
    }
}

impl Node {
    fn new(index: usize, backlog_bytes_max: usize, admits_anybody: bool) -> Self {
        let name = format!("server-{index}");
        let address: Arc<str> = format!("{name}:{PORT}").into();
        let server = Arc::new(ServerName { name, address: address.clone() });
        let replication =
            ReplicationSettings { origin: origin(index), format: Some(LINK), backlog_bytes_max };
        let settings = Settings { replication, ..Settings::default() };
        let dialects = Dialects::new(address);
        let mut broker = Broker::new(dialects, settings, Snapshot::default(), Now::default());
        let authorizer = TestAuthorizer::new(admits_anybody);
        let mut open = |id| {
            let connection = broker.open(ConnectionProfile::plain(TCP));
            (connection, begin((connection, id, &server), None, &mut broker, &authorizer))
        };
        let publisher = open("publisher");
        let (subscriber, mut session) = open("subscriber");
        let subscribe = format!("x {}", serde_json::json!({ "coremq_subscribe": QUEUES }));
        let packet = decode(subscribe.as_bytes(), DEPTH_MAX);
        let decides = (&authorizer, &TestJournal::default() as &_);
        take(&mut session, packet, subscriber, &mut broker, decides);
        broker.take_effects();
        Node { broker, server, authorizer, publisher, subscriber, received: Vec::new() }
    }

    fn receive(&mut self, frames: &[u8]) {
        for frame in FrameSplitter::new(FRAME_CHARS_MAX).push(frames) {
            let text = std::str::from_utf8(frame.unwrap()).unwrap();
            let (_, json) = text.split_once(' ').unwrap();
            let message: Value = serde_json::from_str(json).unwrap();
            self.received.push(message["n"].as_u64().unwrap());
        }
    }

    /// Returns the numbers of the messages in the history of the first queue, with their servers.
    pub(super) fn numbers(&self) -> Vec<(u64, String)> {
        let messages = self.broker.history(QUEUES[0]).map(|(source, payload)| {
            let payload: Value = serde_json::from_slice(payload).unwrap();
            let server = source.server.unwrap_or(&self.server.address).to_owned();
            (payload["n"].as_u64().unwrap(), server)
        });
        messages.collect()
    }

    /// Returns the history of all queues: numbers, times, publishers and servers.
    pub(super) fn histories(&self) -> Vec<String> {
        let of = |queue| {
            let messages = self.broker.history(queue).map(|(source, payload)| {
                let server = source.server.unwrap_or(&self.server.address);
                // Other servers have it in ASCII.
                let payload: Value = serde_json::from_slice(payload).unwrap();
                format!("{queue} {payload} {} {} {server}\n", source.publisher.as_str(), source.at)
            });
            messages.collect::<String>()
        };
        QUEUES.map(of).into()
    }
}

/// Begins the session of a connection.
fn begin(
    (connection, id, server): (ConnectionKey, &str, &Arc<ServerName>),
    listed: Option<Admission>,
    broker: &mut Broker<Dialects>,
    authorizer: &TestAuthorizer,
) -> Session {
    let settings = &DialectSettings::default();
    let session = Session::begin(Opening { connection, format: TCP, id, server, listed, settings });
    session.speak_first(broker, &authorizer.welcome());
    session
}

/// Returns the name of a node's run.
pub(super) fn origin(node: usize) -> u64 {
    100 + node as u64
}
