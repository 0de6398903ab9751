//! Plays dialogues between peers of all dialects on one in-memory broker.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use expect_test::Expect;
use rialto_broker::{Broker, ConnectionKey, ConnectionProfile, Effect, Held, Now, Settings, Stats};
use rialto_domain::{Admission, CloseReason, Outcome, Snapshot};
use rialto_wire::{
    coremq::{FrameSplitter, decode, decode_text},
    jmqt::{self as jmqt_wire, DecodeLimits},
    pubsubx as pubsubx_wire,
};

use crate::{
    Dialects, Inquiry,
    coremq::{Server, Session, TCP, WEBSOCKET, close_message},
    jmqt, pubsubx,
    tests::{
        frames::{packets, text_message},
        gate::ScriptGate,
        script::{FRAME_END, bad, duration, lines, seconds},
    },
};

const DEPTH_MAX: usize = 8;
const FRAME_CHARS_MAX: usize = 1 << 20;
/// Bytes of a UUID, and what fills up to them behind the short ids of scripts.
const ID_BYTES: usize = 36;
const FILLER: char = '~';
/// How often the server calls `on_tick`.
const TICK: Duration = Duration::from_millis(100);

/// What this server calls itself.
pub(crate) fn server() -> Arc<Server> {
    Arc::new(Server { name: "rialto".into(), address: "rialto:6747".into() })
}

/// A broker and its peers.
///
/// # Script
/// A line is what happens next:
///
/// - `ada > news {"text":1}`: a peer sends a frame, whose length is put in front, or several with `␀`
///   between them, in one read. A peer's first line opens its connection, whose id is `id-ada`.
/// - `ws.ada > {"queue":"news"}`: the same through the gateway.
/// - `jmqt.ada > {"hb":{}}`: the same as a JMQT client.
/// - `psx.ada > CONNECT ada`: the same as a client of PubSubX, with `␊` for a line feed and `␠` for a
///   blank that would not be seen.
/// - `srv.b > …`: a peer of CoreMQ that may replicate.
/// - `ada online`: a peer opens its connection, and if it is one of JMQT or PubSubX, its session.
///   Apostrophes tell connections of one PubSubX client apart, as in `psx.ada'`.
/// - `ada drops`: a peer's connection is lost.
/// - `gate denies why`, `gate undecided`: what the application says of requests from now on; `gate
///   replaces 1` gives another payload, `gate answers 1` an answer to questions, `gate refuses why`
///   takes no token, `gate fails why` no credentials, `gate allows` is as at first.
/// - `gate may pub:room,sub:*`, `gate gives news`: what sessions that begin from now on may do, and are
///   subscribed to.
/// - `+5s`: time passes, with a tick every 100 ms.
///
/// # Transcript
/// A peer and what it was sent, `0s ada < id-ada {"response":"OK: Message sent"}`; why its connection
/// was ended, `0s ada x …`; what the operator is told, `! …`; what a
/// frame asks, and whether it is to be decided, `? …`. An empty message of PubSubX is `∅`.
pub(crate) struct World {
    broker: Broker<Dialects>,
    gate: ScriptGate,
    rules: Rules,
    now: Now,
    peers: BTreeMap<String, Peer>,
    transcript: String,
}

/// What the server has configured besides the broker's settings.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) settings: Settings,
    /// Whether a name without a token opens a session.
    pub(crate) admits_anybody: bool,
    /// How long a lost client of PubSubX may take to come back.
    pub(crate) resume_for: Duration,
    /// Whether the transcript has what PubSubX's diagnostics say.
    pub(crate) tells_all: bool,
    /// Whether the transcript has what is to be decided before a frame is taken.
    pub(crate) asks: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            settings: Settings::default(),
            admits_anybody: true,
            resume_for: Duration::from_secs(60),
            tells_all: false,
            asks: false,
        }
    }
}

struct Peer {
    connection: ConnectionKey,
    speech: Speech,
}

enum Speech {
    Tcp(Session),
    WebSocket(Session),
    Jmqt(jmqt::Session),
    Pubsubx(pubsubx::Session),
}

/// Plays `script` with default settings and compares all that peers were sent.
#[track_caller]
pub(crate) fn check(script: &str, expected: Expect) {
    check_with(Settings::default(), script, expected);
}

/// Plays `script` and compares all that peers were sent.
#[track_caller]
pub(crate) fn check_with(settings: Settings, script: &str, expected: Expect) {
    check_by(Rules { settings, ..Rules::default() }, script, expected);
}

/// Plays `script` on a server where nobody has a session without a token.
#[track_caller]
pub(crate) fn check_with_tokens(script: &str, expected: Expect) {
    check_by(Rules { admits_anybody: false, ..Rules::default() }, script, expected);
}

/// Plays `script` on a server where nobody has a session without a token, with what its frames ask.
#[track_caller]
pub(crate) fn check_asking(script: &str, expected: Expect) {
    check_by(Rules { admits_anybody: false, asks: true, ..Rules::default() }, script, expected);
}

/// Plays `script` on a server with rules of its own and compares all that peers were sent.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "calls are easier to read")]
pub(crate) fn check_by(rules: Rules, script: &str, expected: Expect) {
    let mut world = World::new(rules);
    world.play(script);
    expected.assert_eq(&world.transcript);
}

impl World {
    pub(crate) fn new(rules: Rules) -> Self {
        let dialects = Dialects { server: server().address.clone() };
        let now = Now::default();
        World {
            broker: Broker::new(dialects, rules.settings.clone(), Snapshot::default(), now),
            gate: ScriptGate::new(rules.admits_anybody),
            rules,
            now,
            peers: BTreeMap::new(),
            transcript: String::new(),
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.broker.held()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.broker.stats()
    }

    pub(crate) fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Returns the last thing that happened.
    pub(crate) fn last_line(&self) -> &str {
        self.transcript.lines().next_back().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn play(&mut self, script: &str) {
        for line in &lines(script) {
            match line.split_once(' ') {
                None => self.pass(duration(line.strip_prefix('+').unwrap_or_else(|| bad(line)))),
                Some(("gate", order)) => self.gate.obey(order),
                Some((name, "drops")) => self.lose(name),
                Some((name, "online")) => match name.split_once('.') {
                    Some(("jmqt", id)) => {
                        let conn = format!(r#"{{"conn":{{"cl":"{id}","at":"key of {id}"}}}}"#);
                        self.send(name, &conn);
                    }
                    Some(("psx", id)) => {
                        self.send(name, &format!("CONNECT {}", id.trim_end_matches('\'')));
                    }
                    _ => self.send(name, ""),
                },
                Some((name, act)) => {
                    self.send(name, act.strip_prefix("> ").unwrap_or_else(|| bad(line)));
                }
            }
        }
    }

    /// Gives the broker what a peer sent in one read, in one round as the server does.
    pub(crate) fn send(&mut self, name: &str, frames: &str) {
        self.broker.begin_round(self.now);
        if !self.peers.contains_key(name) {
            self.open(name);
        }
        let World { broker, gate, peers, rules, transcript, .. } = self;
        let Peer { connection, speech } = peers.get_mut(name).unwrap();
        broker.heard(*connection);
        let tells_all = rules.tells_all;
        let mut notices = Vec::new();
        for frame in with_long_ids(frames).split(FRAME_END).filter(|frame| !frame.is_empty()) {
            if rules.asks {
                let question = speech.question(frame, broker).replace(FILLER, "");
                writeln!(transcript, "? {name}: {question}").unwrap();
            }
            let is_told = tells_all || !matches!(speech, Speech::Pubsubx(_));
            notices.extend(speech.say(frame, broker, gate).filter(|_| is_told));
        }
        for notice in notices {
            writeln!(self.transcript, "! {notice}").unwrap();
        }
        self.perform();
    }

    fn open(&mut self, name: &str) {
        let World { broker, gate, peers, rules, .. } = self;
        let mut begin = |format, is_listed: bool| {
            let connection = broker.open(ConnectionProfile::plain(format));
            let id = with_long_ids(&format!("id-{}", name.rsplit('.').next().unwrap()));
            let who = (&*id, server());
            let listed = is_listed.then(Admission::default);
            (connection, Session::begin(connection, who, listed, broker, gate))
        };
        let (connection, speech) = match name.split_once('.') {
            None => begin(TCP, false).map_second(Speech::Tcp),
            Some(("srv", _)) => begin(TCP, true).map_second(Speech::Tcp),
            Some(("ws", _)) => begin(WEBSOCKET, true).map_second(Speech::WebSocket),
            Some(("jmqt", _)) => {
                let connection = broker.open(ConnectionProfile::new(jmqt::TCP));
                (connection, Speech::Jmqt(jmqt::Session::new(connection)))
            }
            Some(("psx", _)) => {
                let connection = broker.open(ConnectionProfile {
                    echo: Some(true),
                    resume_for: rules.resume_for,
                    resume_pause: Duration::from_millis(50),
                    ..ConnectionProfile::plain(pubsubx::TCP)
                });
                (connection, Speech::Pubsubx(pubsubx::Session::new(connection)))
            }
            Some(_) => bad(name),
        };
        peers.insert(name.to_owned(), Peer { connection, speech });
    }

    fn lose(&mut self, name: &str) {
        let peer = self.peers.remove(name).unwrap_or_else(|| bad(name));
        self.broker.begin_round(self.now);
        self.broker.disconnect(peer.connection);
        self.perform();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.uptime + time;
        while self.now.uptime < end {
            self.now.uptime += TICK;
            self.now.unix_ms += TICK.as_millis() as u64;
            self.broker.begin_round(self.now);
            self.broker.on_tick();
            for client in self.broker.take_forgotten() {
                if self.rules.tells_all {
                    let at = seconds(self.now);
                    writeln!(self.transcript, "! {at}: {client} is forgotten").unwrap();
                }
            }
            self.perform();
        }
    }

    /// Counts deliveries as written at once.
    fn count(&mut self, effect: &Effect) {
        let (Effect::Send { count, .. } | Effect::Answer { deliveries: count, .. }) = effect else {
            return;
        };
        self.broker.note_queued(*count);
        self.broker.deliveries().count_written(u64::from(*count));
    }

    /// Carries out what the broker asks for; what came in and what became of it come out even.
    fn perform(&mut self) {
        loop {
            let effects = self.broker.take_effects();
            if effects.is_empty() {
                for (sum, one, other) in self.broker.stats().balance() {
                    assert_eq!(one, other, "{sum}");
                }
                return;
            }
            for effect in effects {
                self.count(&effect);
                match effect {
                    Effect::Send { connection, frames, count, .. }
                    | Effect::Answer { connection, frames, count, .. } => {
                        self.show(connection, &frames, count);
                    }
                    Effect::Close { connection, reason } => self.end(connection, reason),
                    // Clients of JMQT that are to be known; nothing here looks for them later.
                    Effect::Commit(changes) => {
                        self.broker.on_committed(Ok(&vec![Outcome::Done; changes.len()]));
                    }
                    Effect::Read(_) => unreachable!("nothing was stored"),
                    Effect::Opened { .. } => {}
                    Effect::Load(_) | Effect::Resolved { .. } | Effect::SessionEnded(_) => {
                        unreachable!("nobody asked")
                    }
                }
            }
        }
    }

    /// Notes what a peer was sent, unless its connection had ended before.
    fn show(&mut self, connection: ConnectionKey, frames: &[u8], count: u32) {
        // What a dialect leaves out would wait in a queue whose bound is in bytes.
        assert!(!frames.is_empty(), "nothing is sent, {count} times");
        let mut peers = self.peers.iter();
        let Some((name, peer)) = peers.find(|(_, peer)| peer.connection == connection) else {
            return;
        };
        let frames = peer.speech.frames(frames);
        match peer.speech {
            // What it cannot be told is left out, and the answer to one that is back is two.
            Speech::Pubsubx(_) => assert!(frames.len() <= count as usize + 1, "frames are counted"),
            _ => assert_eq!(frames.len(), count as usize, "frames are counted"),
        }
        for frame in frames {
            let frame = frame.replace(FILLER, "");
            writeln!(self.transcript, "{} {name} < {frame}", seconds(self.now)).unwrap();
        }
    }

    fn end(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let mut peers = self.peers.iter();
        let (name, _) = peers.find(|(_, peer)| peer.connection == connection).unwrap();
        let name = name.clone();
        let peer = self.peers.remove(&name).unwrap();
        writeln!(self.transcript, "{} {name} x {reason}", seconds(self.now)).unwrap();
        if let Speech::Tcp(session) = &peer.speech
            && let Some(word) = close_message(reason, session.id())
        {
            let frame = peer.speech.frames(&word)[0].replace(FILLER, "");
            writeln!(self.transcript, "{} {name} < {frame}", seconds(self.now)).unwrap();
        }
        self.broker.disconnect(connection);
    }
}

impl Speech {
    fn say(
        &mut self,
        frame: &str,
        broker: &mut Broker<Dialects>,
        gate: &ScriptGate,
    ) -> Option<String> {
        match self {
            Speech::Tcp(session) => {
                let notice = session.on_frame(decode(frame.as_bytes(), DEPTH_MAX), broker, gate);
                notice.map(|notice| format!("{notice:?}"))
            }
            Speech::WebSocket(session) => {
                let notice = session.on_frame(decode_text(frame, DEPTH_MAX), broker, gate);
                notice.map(|notice| format!("{notice:?}"))
            }
            Speech::Pubsubx(session) => {
                let frame = frame.replace('␊', "\n").replace('␠', " ");
                let command = pubsubx_wire::decode(frame.as_bytes());
                let notice = session.on_command(command, broker, gate)?;
                let client = session.client().map_or("nobody", |client| client.as_str());
                Some(format!("{client}: {notice:?}"))
            }
            Speech::Jmqt(session) => {
                let limits = DecodeLimits { json_depth_max: DEPTH_MAX };
                session.on_packet(jmqt_wire::decode(frame.as_bytes(), limits), broker, gate);
                None
            }
        }
    }

    /// Returns what a frame asks, and what is to be decided before it is taken.
    fn question(&self, frame: &str, broker: &Broker<Dialects>) -> String {
        let (matter, inquiry) = match self {
            Speech::Tcp(session) => {
                let Ok(frame) = decode(frame.as_bytes(), DEPTH_MAX) else {
                    return "malformed".to_owned();
                };
                (Session::matter(&frame), show(session.inquiry(&frame, broker)))
            }
            Speech::WebSocket(session) => {
                let Ok(frame) = decode_text(frame, DEPTH_MAX) else {
                    return "malformed".to_owned();
                };
                (Session::matter(&frame), show(session.inquiry(&frame, broker)))
            }
            Speech::Jmqt(session) => {
                let limits = DecodeLimits { json_depth_max: DEPTH_MAX };
                let packet = jmqt_wire::decode(frame.as_bytes(), limits).expect("it is a packet");
                (jmqt::Session::matter(&packet), show(session.inquiry(&packet, broker)))
            }
            Speech::Pubsubx(session) => {
                let frame = frame.replace('␊', "\n").replace('␠', " ");
                let command = pubsubx_wire::decode(frame.as_bytes());
                (pubsubx::Session::matter(&command), show(session.inquiry(&command, broker)))
            }
        };
        let matter = matter.map_or_else(|| "no matter".to_owned(), |matter| format!("{matter:?}"));
        format!("{matter}? {inquiry}")
    }

    /// Takes what is around the frames off.
    #[track_caller]
    fn frames(&self, bytes: &[u8]) -> Vec<String> {
        let text = |frame: &[u8]| std::str::from_utf8(frame).expect("frames are UTF-8").to_owned();
        match self {
            Speech::Tcp(_) => {
                let mut splitter = FrameSplitter::new(FRAME_CHARS_MAX);
                let frames: Vec<String> =
                    splitter.push(bytes).map(|frame| text(frame.expect("it is a frame"))).collect();
                let written = frames.iter().map(|it| format!("+{} {it}", it.chars().count()));
                assert_eq!(written.collect::<String>().as_bytes(), bytes, "frames are whole");
                frames
            }
            Speech::WebSocket(_) => {
                let (mut frames, mut rest) = (Vec::new(), bytes);
                while !rest.is_empty() {
                    let (frame, after) = text_message(rest);
                    frames.push(text(frame));
                    rest = after;
                }
                frames
            }
            Speech::Jmqt(_) => {
                let packets = packets(jmqt_wire::Carrier::Tcp, bytes).into_iter();
                packets.map(str::to_owned).collect()
            }
            Speech::Pubsubx(_) => {
                let mut messages: Vec<&str> = std::str::from_utf8(bytes)
                    .expect("messages are UTF-8")
                    .split("\n\nx")
                    .collect();
                assert_eq!(messages.pop(), Some(""), "messages are whole");
                messages.into_iter().map(visible).collect()
            }
        }
    }
}

fn show(inquiry: Option<Inquiry<'_>>) -> String {
    inquiry.map_or_else(|| "nothing to decide".to_owned(), |inquiry| format!("{inquiry:?}"))
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

/// Makes each id of a script, such as `id-ada`, as long as ids are; transcripts have the short form.
fn with_long_ids(text: &str) -> String {
    let mut parts = text.split("id-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|after: char| !after.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        write!(out, "id-{name:~<width$}{rest}", width = ID_BYTES - "id-".len()).unwrap();
    }
    out
}

/// A pair whose second half becomes something else.
trait MapSecond<A, B> {
    fn map_second<C>(self, change: impl FnOnce(B) -> C) -> (A, C);
}

impl<A, B> MapSecond<A, B> for (A, B) {
    fn map_second<C>(self, change: impl FnOnce(B) -> C) -> (A, C) {
        (self.0, change(self.1))
    }
}
