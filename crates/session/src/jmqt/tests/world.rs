//! Plays dialogues on one in-memory broker.

use std::{fmt::Write as _, time::Duration};

use expect_test::Expect;
use rialto_broker::{
    Broker, ConnectionKey, ConnectionProfile, Effect, Format, Now, Settings, Stats,
};
use rialto_domain::{CloseReason, Snapshot};
use rialto_wire::jmqt::{DecodeLimits, ServerPacket, decode};

use super::super::{Session, TCP, WEBSOCKET, carrier};
use crate::{
    Dialects,
    tests::{
        authorizer::{TestAuthorizer, take},
        frames::packets,
        journal::TestJournal,
        script::{FRAME_END, bad, duration, lines, seconds},
        store::{Mood, TestStore},
    },
};

/// How often the server calls `on_tick`.
const TICK: Duration = Duration::from_millis(100);

/// A broker, its store and its peers, all on one carrier.
///
/// # Script
/// A line is what happens next:
///
/// - `ada > {"hb":{}}`: a peer sends a frame, or several with `␀` between them, in one read; a
///   line that begins with `␀` goes on with the one before it. A peer's first line opens its
///   connection, and so does the next one after that has ended.
/// - `ada online`: a peer sends a `conn` with its name and a good token. Apostrophes tell
///   connections of one client apart, as in `ada'`.
/// - `ada drops`: a peer's connection is lost.
/// - `+5s`, `+300ms`: time passes, with a tick every 100 ms.
/// - `store waits`, `store works`, `store fails`: what the store does with all it is asked from
///   now on, and with what still waits. At first it works.
///
/// # Transcript
/// The time, a peer, and what it was sent, `0s ada < {"hbAck":{}}`, or why its connection was
/// ended, `19s ada x heartbeat timeout`.
pub(super) struct World {
    broker: Broker<Dialects>,
    authorizer: TestAuthorizer,
    store: TestStore,
    now: Now,
    format: Format,
    /// How long lost clients may take to come back.
    resume_for: Duration,
    /// The peers whose connections are open.
    peers: Vec<(String, ConnectionKey)>,
    /// Connections the broker has ended, whose tasks it has not heard of since.
    ended: Vec<ConnectionKey>,
    transcript: String,
}

/// Plays `script` with default settings on each carrier and compares all that peers were sent.
#[track_caller]
pub(super) fn check(script: &str, expected: Expect) {
    check_with(Settings::default(), script, expected);
}

/// Plays `script` on each carrier and compares all that peers were sent.
#[track_caller]
pub(super) fn check_with(settings: Settings, script: &str, expected: Expect) {
    check_resuming(settings, Duration::ZERO, script, expected);
}

/// Plays `script` where lost clients may come back for a while, and compares all that peers were sent.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "calls are easier to read")]
pub(super) fn check_resuming(
    settings: Settings,
    resume_for: Duration,
    script: &str,
    expected: Expect,
) {
    let [tcp, websocket] = [TCP, WEBSOCKET].map(|format| {
        let mut world = World { resume_for, ..World::new(settings.clone(), format) };
        world.play(script);
        world.take_transcript()
    });
    // J-9: the same packets get the same answers on every transport.
    assert_eq!(tcp, websocket, "a socket's transcript and a WebSocket's");
    expected.assert_eq(&tcp);
}

impl World {
    pub(super) fn new(settings: Settings, format: Format) -> Self {
        let now = Now::default();
        World {
            broker: Broker::new(Dialects::default(), settings, Snapshot::default(), now),
            authorizer: TestAuthorizer::new(false),
            store: TestStore::default(),
            now,
            format,
            resume_for: Duration::ZERO,
            peers: Vec::new(),
            ended: Vec::new(),
            transcript: String::new(),
        }
    }

    pub(super) fn stats(&self) -> Stats {
        self.broker.stats()
    }

    pub(super) fn take_transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
    }

    #[track_caller]
    pub(super) fn play(&mut self, script: &str) {
        for line in &lines(script) {
            match line.split_once(' ') {
                None => self.pass(duration(line.strip_prefix('+').unwrap_or_else(|| bad(line)))),
                Some(("store", mood)) => self.set_mood(mood),
                Some((name, "online")) => {
                    let id = name.trim_end_matches('\'');
                    let conn = format!(r#"{{"conn":{{"cl":"{id}","at":"key of {id}"}}}}"#);
                    self.send(name, [conn.as_bytes()]);
                }
                Some((name, "drops")) => self.lose(name),
                Some((name, act)) => {
                    let frames = act.strip_prefix("> ").unwrap_or_else(|| bad(line));
                    self.send(name, frames.split(FRAME_END).map(str::as_bytes));
                }
            }
        }
    }

    /// Gives the broker what a peer sent in one read, in one round as the server does.
    pub(super) fn send<'a>(&mut self, name: &str, frames: impl IntoIterator<Item = &'a [u8]>) {
        let limits = DecodeLimits { json_depth_max: self.broker.settings().json_depth_max };
        self.broker.begin_round(self.now);
        let connection = self.connection(name);
        self.broker.heard(connection);
        for frame in frames.into_iter().filter(|frame| !frame.is_empty()) {
            let (packet, mut session) = (decode(frame, limits), Session::new(connection));
            let decides = (&self.authorizer, &TestJournal::default() as &_);
            take(&mut session, packet, connection, &mut self.broker, decides);
        }
        self.perform();
    }

    /// Returns the connection of a peer, which is opened if it has none.
    fn connection(&mut self, name: &str) -> ConnectionKey {
        if let Some((_, connection)) = self.peers.iter().find(|(peer, _)| peer == name) {
            return *connection;
        }
        let connection = self.broker.open(ConnectionProfile {
            resume_for: self.resume_for,
            ..ConnectionProfile::new(self.format)
        });
        self.peers.push((name.to_owned(), connection));
        connection
    }

    fn lose(&mut self, name: &str) {
        let connection = self.connection(name);
        self.peers.retain(|(peer, _)| peer != name);
        self.broker.begin_round(self.now);
        self.broker.disconnect(connection);
        self.perform();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.uptime + time;
        while self.now.uptime < end {
            self.now.uptime += TICK;
            self.now.unix_ms += TICK.as_millis() as u64;
            self.broker.begin_round(self.now);
            self.broker.on_tick();
            self.perform();
        }
    }

    fn set_mood(&mut self, mood: &str) {
        self.store.mood = match mood {
            "works" => Mood::Works,
            "waits" => Mood::Waits,
            "fails" => Mood::Fails,
            _ => bad(mood),
        };
        self.perform();
    }

    /// Carries out what the broker asks for until it asks for nothing that can be done now.
    fn perform(&mut self) {
        loop {
            for effect in self.broker.take_effects() {
                self.perform_one(effect);
            }
            let is_answered = self.store.answer_one(&mut self.broker);
            if !is_answered {
                let Some(connection) = self.ended.pop() else { return };
                self.broker.disconnect(connection);
            }
        }
    }

    fn perform_one(&mut self, effect: Effect) {
        match effect {
            Effect::Send { connection, frames, count, .. }
            | Effect::Answer { connection, frames, count, .. } => {
                self.show(connection, &frames, count)
            }
            Effect::Close { connection, reason } => self.end(connection, reason),
            Effect::Commit(commit) => self.store.commits.push_back(commit),
            Effect::Read(request) => self.store.reads.push_back(request),
            Effect::Opened { .. } => {}
            Effect::Load(_) | Effect::Resolved { .. } | Effect::SessionEnded(_) => {
                unreachable!("nobody asked")
            }
        }
    }

    /// Notes what a peer was sent, unless its connection had ended before.
    fn show(&mut self, connection: ConnectionKey, frames: &[u8], count: u32) {
        let Some((name, _)) = self.peers.iter().find(|(_, peer)| *peer == connection) else {
            return;
        };
        let packets = packets(carrier(self.format), frames);
        assert_eq!(packets.len(), count as usize, "frames are counted");
        for packet in packets {
            // J-25: a client finds every key that it reads without looking.
            ServerPacket::decode(packet.as_bytes())
                .unwrap_or_else(|error| panic!("{packet}: {error}"));
            writeln!(self.transcript, "{} {name} < {packet}", seconds(self.now)).unwrap();
        }
    }

    fn end(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let peer = self.peers.iter().position(|(_, peer)| *peer == connection);
        let (name, _) = self.peers.remove(peer.expect("a connection is ended once"));
        writeln!(self.transcript, "{} {name} x {reason}", seconds(self.now)).unwrap();
        self.ended.push(connection);
    }
}
