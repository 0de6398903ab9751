//! Plays dialogues between peers of all dialects on one in-memory broker.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use expect_test::Expect;
use rialto_broker::{Broker, ConnectionKey, Effect, Held, Now, Settings, Stats};
use rialto_domain::{CloseReason, Snapshot};

use crate::{
    All, Deliveries, Encoders, coremq, jmqt, pubsubx,
    tests::{
        authorizer::TestAuthorizer,
        journal::TestJournal,
        peer::{Kind, Peer, Setting, server},
        question::show,
        script::{FRAME_END, bad, duration, lines, seconds, with_long_ids, with_short_ids},
        store::TestStore,
    },
};

pub(crate) use crate::tests::rules::Rules;

/// How often the server calls `on_tick`.
const TICK: Duration = Duration::from_millis(100);

/// A broker, its store and its peers.
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
/// - `authorizer denies why`, `authorizer undecided`: what the application says of requests from now on; `gate
///   replaces 1` gives another payload, `authorizer answers 1` an answer to questions, `authorizer answers-refusing 7 1` one
///   beside a refusal, `authorizer denies-with 7 why` a status, `authorizer refuses why`
///   takes no token, `authorizer fails why` no credentials, `authorizer allows` is as at first.
/// - `authorizer may pub:room,sub:*`, `authorizer gives news`: what sessions that begin from now on may do, and are
///   subscribed to.
/// - `store waits`, `store works`, `store fails`: what the store does with all it is asked from
///   now on, and with what still waits. At first it works.
/// - `+5s`, `+300ms`: time passes, with a tick every 100 ms.
///
/// A line that begins with `␀` goes on with the one before it.
///
/// # Transcript
/// A peer and what it was sent, `0s ada < id-ada {"response":"OK: Message sent"}`; why its connection
/// was ended, `0s ada x …`; what the operator is told, `! …`; what a
/// frame asks, and whether it is to be decided, `? …`. An empty message of PubSubX is `∅`.
pub(crate) struct World<S: Deliveries = All> {
    broker: Broker<Encoders<S>>,
    kinds: Vec<Kind<S>>,
    authorizer: TestAuthorizer,
    journal: TestJournal,
    store: TestStore,
    rules: Rules,
    now: Now,
    /// The peers whose connections are open.
    peers: BTreeMap<String, Box<dyn Peer<S>>>,
    /// Connections the broker has ended, whose tasks it has not heard of since.
    ended: Vec<ConnectionKey>,
    transcript: String,
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
        World::with_kinds(rules, kinds())
    }
}

/// Returns the peers of all dialects.
pub(crate) fn kinds<S: Deliveries + 'static>() -> Vec<Kind<S>> {
    vec![
        Kind::of::<coremq::Session>(""),
        Kind::of::<coremq::Session>("srv").listed(),
        Kind::of::<coremq::Session>("ws").on_websocket().listed(),
        Kind::of::<jmqt::Session>("jmqt"),
        Kind::of::<pubsubx::Session>("psx"),
    ]
}

impl<S: Deliveries + 'static> World<S> {
    /// Makes a world of peers of these kinds, whose dialects are among those of the broker.
    pub(crate) fn with_kinds(rules: Rules, kinds: Vec<Kind<S>>) -> Self {
        let dialects = Encoders::new(server().address.clone());
        let now = Now::default();
        World {
            broker: Broker::new(dialects, rules.settings.clone(), Snapshot::default(), now),
            kinds,
            authorizer: TestAuthorizer::new(rules.admits_anybody),
            journal: TestJournal::default(),
            store: TestStore::default(),
            rules,
            now,
            peers: BTreeMap::new(),
            ended: Vec::new(),
            transcript: String::new(),
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.broker.held()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.broker.stats()
    }

    pub(crate) fn take_transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
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
                Some(("authorizer", order)) => self.authorizer.obey(order),
                Some(("store", order)) => {
                    self.store.obey(order);
                    self.perform();
                }
                Some((name, "drops")) => self.lose(name),
                Some((name, "online")) => {
                    let (kind, id) = self.kind(name);
                    let hello = (kind.hello)(id.trim_end_matches('\''));
                    self.send(name, &hello);
                }
                Some((name, act)) => {
                    self.send(name, act.strip_prefix("> ").unwrap_or_else(|| bad(line)));
                }
            }
        }
    }

    /// Gives the broker what a peer sent in one read, in one round as the server does.
    pub(crate) fn send(&mut self, name: &str, frames: &str) {
        self.hear(name);
        let World { broker, authorizer, journal, peers, rules, transcript, .. } = self;
        let peer = peers.get_mut(name).unwrap();
        let (dialects, json_depth_max) = (&rules.dialects(), rules.settings.json_depth_max);
        for frame in with_long_ids(frames).split(FRAME_END).filter(|frame| !frame.is_empty()) {
            let setting = Setting { authorizer, journal, dialects, json_depth_max };
            let question = peer.send(frame, broker, &setting);
            if rules.asks {
                writeln!(transcript, "? {name}: {}", with_short_ids(&show(&question))).unwrap();
            }
        }
        for notice in journal.take(rules.tells_all) {
            writeln!(self.transcript, "! {notice}").unwrap();
        }
        self.perform();
    }

    /// Gives the broker frames that need not be text likewise.
    pub(crate) fn send_bytes<'a>(
        &mut self,
        name: &str,
        frames: impl IntoIterator<Item = &'a [u8]>,
    ) {
        self.hear(name);
        let World { broker, authorizer, journal, peers, rules, .. } = self;
        let peer = peers.get_mut(name).unwrap();
        let (dialects, json_depth_max) = (&rules.dialects(), rules.settings.json_depth_max);
        let setting = Setting { authorizer, journal, dialects, json_depth_max };
        for frame in frames {
            peer.send_bytes(frame, broker, &setting);
        }
        self.perform();
    }

    /// Begins a round in which a peer is heard of, whose connection is opened if it has none.
    fn hear(&mut self, name: &str) {
        self.broker.begin_round(self.now);
        if !self.peers.contains_key(name) {
            self.open(name);
        }
        self.broker.heard(self.peers[name].connection());
    }

    /// Returns what kind of peer has this name, and the name without the word for that.
    fn kind<'n>(&self, name: &'n str) -> (&Kind<S>, &'n str) {
        let (prefix, id) = name.split_once('.').unwrap_or(("", name));
        let kind = self.kinds.iter().find(|kind| kind.prefix == prefix);
        (kind.unwrap_or_else(|| bad(name)), id)
    }

    fn open(&mut self, name: &str) {
        let (prefix, id) = name.split_once('.').unwrap_or(("", name));
        let World { broker, kinds, authorizer, journal, rules, .. } = self;
        let kind = kinds.iter().find(|kind| kind.prefix == prefix).unwrap_or_else(|| bad(name));
        let (dialects, json_depth_max) = (&rules.dialects(), rules.settings.json_depth_max);
        let setting = Setting { authorizer, journal, dialects, json_depth_max };
        let peer = kind.connect(&with_long_ids(&format!("id-{id}")), broker, &setting);
        self.peers.insert(name.to_owned(), peer);
    }

    fn lose(&mut self, name: &str) {
        let peer = self.peers.remove(name).unwrap_or_else(|| bad(name));
        self.broker.begin_round(self.now);
        self.broker.disconnect(peer.connection());
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

    /// Carries out what the broker asks for until it asks for nothing that can be done now; what came in and what
    /// became of it come out even.
    fn perform(&mut self) {
        loop {
            for effect in self.broker.take_effects() {
                self.perform_one(effect);
            }
            if self.store.answer_one(&mut self.broker) {
                continue;
            }
            let Some(connection) = self.ended.pop() else { break };
            self.broker.disconnect(connection);
        }
        for (sum, one, other) in self.broker.stats().balance() {
            assert_eq!(one, other, "{sum}");
        }
    }

    fn perform_one(&mut self, effect: Effect) {
        self.count(&effect);
        match effect {
            Effect::Send { connection, frames, count, .. }
            | Effect::Answer { connection, frames, count, .. } => {
                self.show(connection, &frames, count);
            }
            Effect::Close { connection, reason } => self.end(connection, reason),
            Effect::Commit(commit) => self.store.commits.push_back(commit),
            Effect::Read(request) => self.store.reads.push_back(request),
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

    /// Notes what a peer was sent, unless its connection had ended before.
    fn show(&mut self, connection: ConnectionKey, frames: &[u8], count: u32) {
        // What a dialect leaves out would wait in a queue whose bound is in bytes.
        assert!(!frames.is_empty(), "nothing is sent, {count} times");
        let mut peers = self.peers.iter();
        let Some((name, peer)) = peers.find(|(_, peer)| peer.connection() == connection) else {
            return;
        };
        let frames = peer.receive(frames, count);
        for frame in frames {
            let frame = with_short_ids(&frame);
            writeln!(self.transcript, "{} {name} < {frame}", seconds(self.now)).unwrap();
        }
    }

    fn end(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let mut peers = self.peers.iter();
        let (name, _) = peers.find(|(_, peer)| peer.connection() == connection).unwrap();
        let name = name.clone();
        let peer = self.peers.remove(&name).unwrap();
        writeln!(self.transcript, "{} {name} x {reason}", seconds(self.now)).unwrap();
        if self.rules.tells_end
            && let Some(frame) = peer.close_frame(reason)
        {
            let frame = with_short_ids(&frame);
            writeln!(self.transcript, "{} {name} < {frame}", seconds(self.now)).unwrap();
        }
        self.ended.push(connection);
    }
}
