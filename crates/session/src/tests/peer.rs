//! Peers of all dialects, as tests play them: each has the session that the server would have for it.

use std::sync::Arc;

use rialto_application::{AuthorizationRequest, Event};
use rialto_broker::{Broker, ConnectionKey};
use rialto_domain::{Admission, CloseReason};
use rialto_wire::{
    coremq::FrameSplitter,
    jmqt::{Carrier, ServerPacket},
};

use crate::{
    Deliveries, Dialect, DialectSettings, Encoders, Opening, ServerName, coremq, jmqt, pubsubx,
    tests::{
        authorizer::{TestAuthorizer, take},
        frames::{packets, take_pings, text_message},
        journal::TestJournal,
    },
};

/// The most characters of a frame.
pub(crate) const FRAME_CHARS_MAX: usize = 1 << 20;

/// How a transcript shows that a WebSocket was sent a ping.
pub(crate) const PING: &str = "(ping)";

/// What this server calls itself.
pub(crate) fn server() -> Arc<ServerName> {
    Arc::new(ServerName { name: "rialto".into(), address: "rialto:6747".into() })
}

/// What a test has to know of a dialect to play its peers.
pub(crate) trait TestDialect: Dialect {
    /// Returns what opens a session, if opening the connection does not.
    fn hello(id: &str) -> String;

    /// Returns a frame of a script as it is sent.
    fn sent(frame: &str) -> String {
        frame.to_owned()
    }

    /// Takes what is around the frames off that a peer is sent.
    fn frames(is_websocket: bool, bytes: &[u8]) -> Vec<String>;

    /// Checks that frames were counted as what they are.
    fn check_count(frame_count: usize, count: usize) {
        assert_eq!(frame_count, count, "frames are counted");
    }
}

/// Opens the connection of a peer of a kind.
type Open<S> = fn(&Kind<S>, &str, &mut Broker<Encoders<S>>, &Setting<'_>) -> Box<dyn Peer<S>>;

/// A kind of peers, and the word for it before their names.
pub(crate) struct Kind<S: Deliveries> {
    pub(crate) prefix: &'static str,
    pub(crate) hello: fn(&str) -> String,
    is_websocket: bool,
    /// Whether they come from the address of a server that may replicate.
    is_listed: bool,
    open: Open<S>,
}

/// Where peers are played.
pub(crate) struct Setting<'a> {
    pub(crate) authorizer: &'a TestAuthorizer,
    pub(crate) journal: &'a TestJournal,
    pub(crate) dialects: &'a DialectSettings,
    /// How deep a payload may be nested.
    pub(crate) json_depth_max: usize,
}

/// What a packet asked, and what was to be decided on it.
pub(crate) type Question = (Option<Event>, Option<AuthorizationRequest>);

/// One peer.
pub(crate) trait Peer<S: Deliveries> {
    fn connection(&self) -> ConnectionKey;

    /// Sends a frame; returns what it asks.
    fn send(
        &mut self,
        frame: &str,
        broker: &mut Broker<Encoders<S>>,
        setting: &Setting<'_>,
    ) -> Question;

    /// Sends bytes that need not be text, as only a stream can carry them.
    fn send_bytes(&mut self, frame: &[u8], broker: &mut Broker<Encoders<S>>, setting: &Setting<'_>);

    /// Returns the frames that it is sent.
    fn receive(&self, bytes: &[u8], count: u32) -> Vec<String>;

    /// Returns the frame that says why its connection ends.
    fn close_frame(&self, reason: CloseReason) -> Option<String>;
}

struct Session<D> {
    session: D,
    connection: ConnectionKey,
    is_websocket: bool,
}

impl<S: Deliveries + 'static> Kind<S> {
    /// Makes a kind of peers that speak a dialect.
    pub(crate) fn of<D: TestDialect>(prefix: &'static str) -> Self {
        let open = |kind: &Kind<S>, id: &str, broker: &mut _, setting: &Setting<'_>| {
            kind.open::<D>(id, broker, setting)
        };
        Kind { prefix, hello: D::hello, is_websocket: false, is_listed: false, open }
    }

    pub(crate) fn on_websocket(self) -> Self {
        Kind { is_websocket: true, ..self }
    }

    pub(crate) fn listed(self) -> Self {
        Kind { is_listed: true, ..self }
    }

    /// Opens the connection of a peer whose id would be this one.
    pub(crate) fn connect(
        &self,
        id: &str,
        broker: &mut Broker<Encoders<S>>,
        setting: &Setting<'_>,
    ) -> Box<dyn Peer<S>> {
        (self.open)(self, id, broker, setting)
    }

    fn open<D: TestDialect>(
        &self,
        id: &str,
        broker: &mut Broker<Encoders<S>>,
        setting: &Setting<'_>,
    ) -> Box<dyn Peer<S>> {
        let settings = setting.dialects;
        let profile = D::profile(settings, self.is_websocket);
        let (format, connection) = (profile.format, broker.open(profile));
        let listed = self.is_listed.then(Admission::default);
        let opening = Opening { connection, format, id, server: &server(), listed, settings };
        let session = D::begin(opening);
        session.speak_first(broker, &setting.authorizer.welcome());
        Box::new(Session { session, connection, is_websocket: self.is_websocket })
    }
}

impl<D: TestDialect, S: Deliveries> Peer<S> for Session<D> {
    fn connection(&self) -> ConnectionKey {
        self.connection
    }

    fn send(
        &mut self,
        frame: &str,
        broker: &mut Broker<Encoders<S>>,
        setting: &Setting<'_>,
    ) -> Question {
        let frame = D::sent(frame);
        let packet = if self.is_websocket {
            D::decode_text(&frame, setting.json_depth_max)
        } else {
            D::decode(frame.as_bytes(), setting.json_depth_max)
        };
        let event = D::event(&packet);
        let decides = (setting.authorizer, setting.journal as &_);
        (event, take(&mut self.session, packet, self.connection, broker, decides))
    }

    fn send_bytes(
        &mut self,
        frame: &[u8],
        broker: &mut Broker<Encoders<S>>,
        setting: &Setting<'_>,
    ) {
        let packet = D::decode(frame, setting.json_depth_max);
        let decides = (setting.authorizer, setting.journal as &_);
        take(&mut self.session, packet, self.connection, broker, decides);
    }

    fn receive(&self, bytes: &[u8], count: u32) -> Vec<String> {
        let frames = D::frames(self.is_websocket, bytes);
        D::check_count(frames.len(), count as usize);
        frames
    }

    fn close_frame(&self, reason: CloseReason) -> Option<String> {
        let bytes = self.session.close_packet(reason).filter(|_| !self.is_websocket)?;
        D::frames(false, &bytes).pop()
    }
}

impl TestDialect for jmqt::Session {
    fn hello(id: &str) -> String {
        format!(r#"{{"conn":{{"cl":"{id}","at":"key of {id}"}}}}"#)
    }

    fn frames(is_websocket: bool, bytes: &[u8]) -> Vec<String> {
        let carrier = if is_websocket { Carrier::WebSocket } else { Carrier::Tcp };
        let (pings, bytes) = if is_websocket { take_pings(bytes) } else { (0, bytes) };
        let packets = packets(carrier, bytes).into_iter().map(str::to_owned);
        // J-25: a client finds every key that it reads without looking.
        let read = |packet: &String| {
            ServerPacket::decode(packet.as_bytes())
                .unwrap_or_else(|error| panic!("{packet}: {error}"));
        };
        std::iter::repeat_n(PING.to_owned(), pings).chain(packets.inspect(read)).collect()
    }
}

impl TestDialect for coremq::Session {
    /// It is open from the beginning, or a token opens it.
    fn hello(_id: &str) -> String {
        String::new()
    }

    fn frames(is_websocket: bool, bytes: &[u8]) -> Vec<String> {
        let text = |frame: &[u8]| std::str::from_utf8(frame).expect("frames are UTF-8").to_owned();
        if is_websocket {
            let (mut frames, mut rest) = (Vec::new(), bytes);
            while !rest.is_empty() {
                let (frame, after) = text_message(rest);
                frames.push(text(frame));
                rest = after;
            }
            return frames;
        }
        let mut splitter = FrameSplitter::new(FRAME_CHARS_MAX);
        let frames: Vec<String> =
            splitter.push(bytes).map(|frame| text(frame.expect("it is a frame"))).collect();
        let written = frames.iter().map(|it| format!("+{} {it}", it.chars().count()));
        assert_eq!(written.collect::<String>().as_bytes(), bytes, "frames are whole");
        frames
    }
}

impl TestDialect for pubsubx::Session {
    fn hello(id: &str) -> String {
        format!("CONNECT {id}")
    }

    fn sent(frame: &str) -> String {
        frame.replace('␊', "\n").replace('␠', " ")
    }

    fn frames(_is_websocket: bool, bytes: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(bytes).expect("messages are UTF-8");
        let mut messages: Vec<&str> = text.split("\n\nx").collect();
        assert_eq!(messages.pop(), Some(""), "messages are whole");
        messages.into_iter().map(visible).collect()
    }

    /// What it cannot be told is left out, and the answer to one that is back is two.
    fn check_count(frame_count: usize, count: usize) {
        assert!(frame_count <= count + 1, "frames are counted");
    }
}

/// Writes a message of PubSubX so that all of it is seen in a line.
fn visible(message: &str) -> String {
    let shown = message.replace('\n', "␊");
    match shown.strip_suffix(' ') {
        Some(before) => format!("{before}␠"),
        None if shown.is_empty() => "∅".to_owned(),
        None => shown,
    }
}
