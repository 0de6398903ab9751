//! The core with its sessions and a store in memory, as the server has them, without sockets.

use std::{sync::Arc, time::Duration};

use rialto_broker::{Broker, ConnectionKey, Effect, Now, Settings};
use rialto_domain::{Admission, Commit, Outcome, Refused, Snapshot};
use rialto_session::{
    Dialect, DialectSettings, Dialects, Journal, Notice, Opening, ServerName, Verdict, jmqt,
};
use rialto_store::{MemoryStore, Store};

use crate::counting::{MESSAGES_A_ROUND, PAYLOAD, ROUNDS, WARM_UP_ROUNDS, in_round, publish_frame};

/// How deep payloads may be nested.
const JSON_DEPTH_MAX: usize = 128;

/// A part of a stored message's way through the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// From the publish to the batch for the store.
    Take,
    /// From the store's outcomes to the publisher's acknowledgement and the delivery.
    Complete,
    /// The subscriber's acknowledgement.
    Acknowledge,
}

/// A broker and its store.
struct Core {
    broker: Broker<Dialects>,
    store: MemoryStore,
    now: Now,
    /// What peers were sent since somebody looked.
    sent: Vec<(ConnectionKey, Vec<u8>)>,
}

/// A client of JMQT.
struct Peer {
    key: ConnectionKey,
    session: jmqt::Session,
}

struct NoJournal;

impl Journal for NoJournal {
    fn note_refused(&self, _: &Refused<'_>) {}

    fn note(&self, _: &Notice<'_>) {}
}

impl Core {
    fn new() -> Self {
        let now = Now::default();
        let settings = Settings::default();
        let broker = Broker::new(Dialects::default(), settings, Snapshot::default(), now);
        Core { broker, store: MemoryStore::default(), now, sent: Vec::new() }
    }

    /// Opens a client's connection and session.
    fn join(&mut self, client: &str) -> Peer {
        self.broker.begin_round(self.now);
        let settings = DialectSettings::default();
        let profile = jmqt::Session::profile(&settings, false);
        let format = profile.format;
        let key = self.broker.open(profile);
        let server = Arc::new(ServerName { name: "rialto".to_owned(), address: "rialto".into() });
        let opening = Opening {
            connection: key,
            format,
            id: "",
            server: &server,
            listed: None,
            settings: &settings,
        };
        let mut peer = Peer { key, session: jmqt::Session::begin(opening) };
        let admitted = Verdict::Admitted(Ok(Admission::default()));
        let frame = format!(r#"{{"conn":{{"at":"x","cl":"{client}"}}}}"#);
        self.take_as(&mut peer, &[frame], &admitted);
        self.settle();
        peer
    }

    /// Gives the core what a client sent in one read.
    fn take(&mut self, peer: &mut Peer, frames: &[String]) {
        self.take_as(peer, frames, &Verdict::None);
    }

    fn take_as(&mut self, peer: &mut Peer, frames: &[String], verdict: &Verdict) {
        self.broker.begin_round(self.now);
        self.broker.heard(peer.key);
        for frame in frames {
            let packet = jmqt::Session::decode(frame.as_bytes(), JSON_DEPTH_MAX);
            peer.session.on_packet(packet, &mut self.broker, verdict, &NoJournal);
        }
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.broker.take_effects()
    }

    /// Carries out all that the core asks for, until it asks for nothing.
    fn settle(&mut self) {
        loop {
            let effects = self.effects();
            if effects.is_empty() {
                return;
            }
            for commit in self.carry_out(effects) {
                let outcomes = self.commit(&commit);
                self.broker.begin_round(self.now);
                self.broker.on_committed(Ok(&outcomes));
            }
        }
    }

    /// Sends what is to be sent; returns what is to be committed.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<Commit> {
        let mut commits = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { connection, frames, count, .. }
                | Effect::Answer { connection, frames, deliveries: count, .. } => {
                    self.broker.note_queued(count);
                    self.broker.deliveries().count_written(u64::from(count));
                    self.sent.push((connection, frames.to_vec()));
                }
                Effect::Commit(commit) => commits.push(commit),
                Effect::Opened { .. } => {}
                effect => unreachable!("nothing here leads to {effect:?}"),
            }
        }
        commits
    }

    fn commit(&mut self, commit: &Commit) -> Vec<Outcome> {
        let outcomes = self.store.commit_all(std::slice::from_ref(commit));
        outcomes.expect("a store in memory takes all pages")
    }

    fn tick(&mut self) {
        self.now.uptime += Duration::from_millis(100);
        self.broker.begin_round(self.now);
        self.broker.on_tick();
        self.settle();
        self.sent.clear();
    }

    /// Returns acknowledgements of all that a subscriber was sent.
    fn acknowledgements(&mut self, peer: &Peer) -> Vec<String> {
        let sent = std::mem::take(&mut self.sent);
        let to_peer = sent.iter().filter(|(key, _)| *key == peer.key);
        let frames = to_peer.flat_map(|(_, frames)| frames.split(|byte| *byte == 0));
        let acknowledgement = |frame: &[u8]| {
            let text = String::from_utf8_lossy(frame);
            let (_, rest) = text.split_once(r#""id":""#)?;
            let (id, _) = rest.split_once('"')?;
            Some(format!(r#"{{"pushAck":{{"id":"{id}","st":1}}}}"#))
        };
        frames.filter_map(acknowledgement).collect()
    }
}

/// Publishes with QoS 0 to so many receivers; returns how many messages were counted.
pub(crate) fn route(receiver_count: usize) -> usize {
    let mut core = Core::new();
    for number in 0..receiver_count {
        let mut receiver = core.join(&format!("receiver-{number}"));
        core.take(&mut receiver, &[r#"{"sub":{"cn":"bench/0"}}"#.to_owned()]);
        core.settle();
    }
    let mut publisher = core.join("publisher");
    let frame = format!(r#"{{"pub":{{"cn":"bench/0","dt":{PAYLOAD}}}}}"#);
    let frames = vec![frame; MESSAGES_A_ROUND];
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let effects = in_round(round, || {
            core.take(&mut publisher, &frames);
            core.effects()
        });
        core.carry_out(effects);
        core.tick();
    }
    ROUNDS * MESSAGES_A_ROUND
}

/// Stores messages that one client publishes and another one has subscribed to persistently, and counts
/// a part of their way; returns how many messages were counted.
pub(crate) fn store_messages(part: Part) -> usize {
    let mut core = Core::new();
    let mut reader = core.join("reader");
    core.take(&mut reader, &[r#"{"sub":{"cn":"bench/0","pr":1}}"#.to_owned()]);
    core.settle();
    let mut publisher = core.join("publisher");
    let frames: Vec<String> = (0..MESSAGES_A_ROUND).map(publish_frame).collect();
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let counts = |one: Part| if one == part { round } else { 0 };
        core.tick();
        let effects = in_round(counts(Part::Take), || {
            core.take(&mut publisher, &frames);
            core.effects()
        });
        let commits = core.carry_out(effects);
        let outcomes: Vec<_> = commits.iter().map(|commit| core.commit(commit)).collect();
        let effects = in_round(counts(Part::Complete), || {
            core.broker.begin_round(core.now);
            for outcomes in &outcomes {
                core.broker.on_committed(Ok(outcomes));
            }
            core.effects()
        });
        core.carry_out(effects);
        let acknowledgements = core.acknowledgements(&reader);
        assert_eq!(acknowledgements.len(), MESSAGES_A_ROUND, "each message was delivered");
        in_round(counts(Part::Acknowledge), || core.take(&mut reader, &acknowledgements));
    }
    ROUNDS * MESSAGES_A_ROUND
}
