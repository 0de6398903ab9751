//! The world around the core: carries out operations and effects, and tells the reference model.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use proptest::sample::Index;

use super::{
    super::{store::TestStore, text::TextEncoder},
    accounts::Accounts,
    operations::{CHANNELS, CLIENTS, Operation, Step},
    reference::{Publication, Reference, Wish},
};
use rialto_domain::{
    Admission, Change, ChannelName, Commit, FailureKind, Load, LogEntry, Outcome, Qos, Snapshot,
};

use crate::{
    Answer, Broker, Command, Connect, ConnectionKey, ConnectionProfile, Effect, Format, Issuer,
    LoadRequest, Now, Publish, ReadRequest, Remembered, Settings,
};

/// The ticket of claims, whose answer is awaited at once.
const CLAIM: u64 = 0;

/// More rounds than it takes for everything to come to rest.
const REST_ROUNDS_MAX: usize = 10_000;

pub(super) struct Simulation {
    broker: Broker<TextEncoder>,
    settings: Settings,
    store: TestStore,
    reference: Reference,
    accounts: Accounts,
    now: Now,
    sessions: BTreeMap<usize, ConnectionKey>,
    /// Connections without a session, or gone altogether.
    stale: Vec<ConnectionKey>,
    /// Connections the broker wants closed.
    due: Vec<ConnectionKey>,
    batches: VecDeque<Commit>,
    finished: VecDeque<Option<Vec<Outcome>>>,
    reads: VecDeque<ReadRequest>,
    answers: Vec<(ReadRequest, Vec<LogEntry>)>,
    load: Load,
    loads: VecDeque<LoadRequest>,
    /// How often clients had to be loaded; during each second time the store goes on.
    loaded: usize,
    /// Batches the store did not carry out; each second one it never would.
    refusals: usize,
    is_in_round: bool,
    /// Requests about a client and channel in this round; a second one begins another round.
    asked: Vec<(usize, usize)>,
}

impl Simulation {
    pub(super) fn new(settings: Settings, load: Load) -> Self {
        let now = Now::default();
        let snapshot = Snapshot { load, ..Snapshot::default() };
        let broker = Broker::new(TextEncoder, settings.clone(), snapshot, now);
        let mut store = TestStore::default();
        store.commit(&[Change::NoteClock(broker.first_clock())]);
        Simulation {
            broker,
            store,
            reference: Reference::new(settings.clone()),
            accounts: Accounts::default(),
            settings,
            now,
            sessions: BTreeMap::new(),
            stale: Vec::new(),
            due: Vec::new(),
            batches: VecDeque::new(),
            finished: VecDeque::new(),
            reads: VecDeque::new(),
            answers: Vec::new(),
            load,
            loads: VecDeque::new(),
            loaded: 0,
            refusals: 0,
            is_in_round: false,
            asked: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        self.begin_round();
        self.operate(step.operation);
        if step.ends_round {
            self.end_round();
        }
    }

    fn begin_round(&mut self) {
        if !std::mem::replace(&mut self.is_in_round, true) {
            self.now.uptime += Duration::from_millis(1);
            self.now.unix_ms += 1;
            self.broker.begin_round(self.now);
            self.reference.begin_round();
        }
    }

    fn end_round(&mut self) {
        if !std::mem::take(&mut self.is_in_round) {
            return;
        }
        self.asked.clear();
        for effect in self.broker.take_effects() {
            match &effect {
                Effect::Send { connection, count, droppable, .. } => {
                    self.accounts.sent(&mut self.broker, *connection, (*count, *droppable));
                }
                Effect::Answer { connection, deliveries, .. } => {
                    self.accounts.sent(&mut self.broker, *connection, (*deliveries, false));
                }
                _ => {}
            }
            match effect {
                Effect::Send { connection, frames, .. }
                | Effect::Answer { connection, frames, .. } => {
                    let text = std::str::from_utf8(&frames).unwrap();
                    assert!(!text.is_empty(), "an effect sends nothing");
                    for line in text.lines() {
                        self.reference.sent(connection, line);
                    }
                }
                Effect::Close { connection, .. } => self.due.push(connection),
                Effect::Commit(commit) => {
                    self.reference.handed_over(&commit.changes);
                    self.batches.push_back(commit);
                }
                Effect::Read(request) => self.reads.push_back(request),
                Effect::Load(request) => self.loads.push_back(request),
                Effect::Opened { .. }
                | Effect::Subscribed { .. }
                | Effect::Resolved { ticket: CLAIM, .. } => {}
                Effect::Resolved { .. }
                | Effect::SessionEnded(_)
                | Effect::Claim(_)
                | Effect::ReadLog(_)
                | Effect::Bus(_)
                | Effect::Refresh { .. } => unreachable!("nobody asked for it"),
            }
        }
        self.reference.end_round();
        self.accounts.check(&self.broker.stats());
        self.accounts.read(&self.broker);
    }

    fn operate(&mut self, operation: Operation) {
        match operation {
            Operation::Connect { client, format, window } => self.connect(client, format, window),
            Operation::Disconnect { client } => self.disconnect(client),
            Operation::Subscribe { client, channel, persistent } => {
                self.request(client, channel, Wish::Subscribe { persistent });
            }
            Operation::Unsubscribe { client, channel } => {
                self.request(client, channel, Wish::Unsubscribe);
            }
            Operation::Publish { client, channel, qos1, retain, has_id } => {
                self.publish(client, CHANNELS[channel], qos1, retain, has_id);
            }
            Operation::Direct { client, to, qos1, has_id } => {
                self.publish(client, &format!("#{}", CLIENTS[to]), qos1, false, has_id);
            }
            Operation::Acknowledge { client, which } => {
                let ids = self.reference.ids_pushed_to(CLIENTS[client]);
                self.acknowledge(client, pick(&ids, &which));
            }
            Operation::AcknowledgeAll { client } => self.acknowledge_all(client),
            Operation::Guess { client, which } => {
                let ids = self.reference.ids_pushed();
                self.acknowledge(client, pick(&ids, &which));
            }
            Operation::Stale { which, command } => self.misbehave(&which, command),
            Operation::Force { client, channel, persistent } => {
                self.force(client, channel, persistent);
            }
            Operation::Push { channel, qos1, retain } => self.push(channel, qos1, retain),
            Operation::RemoveRetained { channel } => {
                self.reference.removing(CHANNELS[channel]);
                self.broker.remove_retained(CHANNELS[channel]);
            }
            Operation::Tick { ms } => self.tick(Duration::from_millis(ms)),
            Operation::Commit { is_done } => self.commit(is_done),
            Operation::Complete => _ = self.complete(),
            Operation::Look => {
                if let Some(request) = self.reads.pop_front() {
                    self.answers.push((request, self.store.read(&request)));
                }
            }
            Operation::Answer { which, is_done } => self.answer(&which, is_done),
            Operation::Damage { channel, sequence } => self.damage(CHANNELS[channel], sequence),
            Operation::CloseDue => self.close_due(),
            Operation::Crash => self.crash(),
        }
    }

    fn connect(&mut self, client: usize, format: u8, window: u32) {
        let connection = self.broker.open(ConnectionProfile {
            unacknowledged_max: window,
            ..ConnectionProfile::new(Format(format))
        });
        self.accounts.opened(connection);
        self.reference.opened(connection, Format(format), window);
        self.claim_by(|broker| broker.claim_session(CLIENTS[client], Remembered::Stored, CLAIM));
        let id = CLIENTS[client].into();
        self.broker
            .connect(connection, &Connect::stored(&id, &Admission::default()))
            .expect("it was claimed");
        self.reference.connected(connection, CLIENTS[client]);
        self.stale.extend(self.sessions.insert(client, connection));
    }

    /// Has what is stored about a client in memory, as whoever is about to need it does. What it had
    /// to be loaded for comes in a later round.
    fn claim(&mut self, client: &str) {
        self.claim_by(|broker| broker.claim(client, CLAIM));
    }

    fn claim_by(&mut self, claim: impl Fn(&mut Broker<TextEncoder>) -> bool) {
        while !claim(&mut self.broker) {
            self.end_round();
            let found: Vec<_> =
                self.loads.drain(..).map(|request| self.store.look_up(&request)).collect();
            self.begin_round();
            self.loaded += 1;
            if self.loaded.is_multiple_of(2) {
                self.commit(true);
                self.complete();
            }
            for loaded in found {
                loaded.give_to(&mut self.broker);
            }
        }
    }

    fn disconnect(&mut self, client: usize) {
        if let Some(connection) = self.sessions.remove(&client) {
            self.disconnect_one(connection);
            self.stale.push(connection);
        }
    }

    fn disconnect_one(&mut self, connection: ConnectionKey) {
        self.broker.disconnect(connection);
        self.accounts.gone(&self.broker, connection);
        self.reference.removed(connection);
    }

    fn close_due(&mut self) {
        for connection in std::mem::take(&mut self.due) {
            self.sessions.retain(|_, one| *one != connection);
            self.disconnect_one(connection);
            self.stale.push(connection);
        }
    }

    /// Has a client subscribe or unsubscribe. Two wishes about the same channel never share a
    /// round, so that each change can be told whose it is.
    fn request(&mut self, client: usize, channel: usize, wish: Wish) {
        let Some(&connection) = self.sessions.get(&client) else { return };
        self.separate(client, channel);
        self.reference.wished(CLIENTS[client], CHANNELS[channel], wish, Some(connection));
        match wish {
            Wish::Subscribe { persistent } => {
                self.ask(
                    connection,
                    &Command::Subscribe { channel: CHANNELS[channel], persistent },
                );
            }
            Wish::Unsubscribe => {
                self.ask(connection, &Command::Unsubscribe { channel: CHANNELS[channel] });
            }
        }
    }

    fn force(&mut self, client: usize, channel: usize, persistent: Option<bool>) {
        self.claim(CLIENTS[client]);
        self.separate(client, channel);
        let (id, name) = (CLIENTS[client].into(), CHANNELS[channel]);
        let (wish, command) = match persistent {
            Some(persistent) => {
                (Wish::Subscribe { persistent }, Command::Subscribe { channel: name, persistent })
            }
            None => (Wish::Unsubscribe, Command::Unsubscribe { channel: name }),
        };
        let result = self.broker.command(Issuer::ServerFor(&id), &command, Answer::None);
        if result.is_ok() {
            if persistent == Some(true) {
                self.reference.met(CLIENTS[client]);
            }
            self.reference.wished(CLIENTS[client], name, wish, None);
        }
    }

    fn ask(&mut self, connection: ConnectionKey, command: &Command<'_>) {
        _ = self.broker.command(Issuer::Client(connection), command, Answer::To(None));
    }

    fn publish_on(&mut self, connection: ConnectionKey, publish: &Publish<'_>, id: Option<&str>) {
        let publish = Command::Publish(publish);
        _ = self.broker.command(Issuer::Client(connection), &publish, Answer::To(id));
    }

    fn separate(&mut self, client: usize, channel: usize) {
        if self.asked.contains(&(client, channel)) {
            self.end_round();
            self.begin_round();
        }
        self.asked.push((client, channel));
    }

    fn publish(&mut self, client: usize, channel: &str, qos1: bool, retain: bool, has_id: bool) {
        let Some(&connection) = self.sessions.get(&client) else { return };
        let has_id = has_id || qos1;
        let number = self.reference.published(Publication {
            publisher: CLIENTS[client],
            connection: Some(connection),
            channel,
            qos1,
            retain,
            has_id,
        });
        let text = number.to_string();
        let request = has_id.then_some(&*text);
        let before = self.broker.stats().retained_refused;
        self.accounts.received();
        self.publish_on(connection, &message(channel, &text, qos1, retain), request);
        if before == self.broker.stats().retained_refused {
            self.reference.taken(number);
        } else {
            self.reference.refused(number);
        }
    }

    fn push(&mut self, channel: usize, qos1: bool, retain: bool) {
        let channel = CHANNELS[channel];
        let number = self.reference.published(Publication {
            publisher: "",
            connection: None,
            channel,
            qos1,
            retain,
            has_id: false,
        });
        let text = number.to_string();
        self.accounts.received();
        let message = message(channel, &text, qos1, retain);
        let publish = Command::Publish(&message);
        if self.broker.command(Issuer::Server, &publish, Answer::None).is_err() {
            self.reference.refused(number);
        } else {
            self.reference.taken(number);
        }
    }

    /// Has a client acknowledge what it knows of; in a round of its own, since it cannot know
    /// what this one sends.
    fn acknowledge(&mut self, client: usize, id: Option<String>) {
        self.end_round();
        self.begin_round();
        if let (Some(&connection), Some(id)) = (self.sessions.get(&client), id) {
            self.reference.acknowledged(connection, &id);
            self.broker.acknowledge(connection, &id);
        }
    }

    fn acknowledge_all(&mut self, client: usize) {
        let Some(&connection) = self.sessions.get(&client) else { return };
        for id in self.reference.ids_in_flight(connection) {
            self.acknowledge(client, Some(id));
        }
    }

    /// Does on a connection without a session what only one with a session may.
    fn misbehave(&mut self, which: &Index, command: u8) {
        let Some(connection) = pick(&self.stale, which) else { return };
        match command {
            0 => {
                let subscribe = Command::Subscribe { channel: CHANNELS[0], persistent: true };
                self.ask(connection, &subscribe);
            }
            1 => self.ask(connection, &Command::Unsubscribe { channel: CHANNELS[0] }),
            2 => self.publish_on(connection, &message(CHANNELS[0], "-1", true, true), Some("x")),
            3 => self.broker.acknowledge(connection, "1-1"),
            4 => {
                let result = self.broker.connect(
                    connection,
                    &Connect::stored(&CLIENTS[0].into(), &Admission::default()),
                );
                let is_loaded = self.broker.is_loaded(CLIENTS[0]);
                assert!(result.is_ok() || !is_loaded, "{result:?}");
            }
            5 => self.broker.heard(connection),
            _ => {
                self.disconnect_one(connection);
                self.due.retain(|due| *due != connection);
            }
        }
    }

    fn tick(&mut self, time: Duration) {
        self.end_round();
        self.now.uptime += time;
        self.now.unix_ms += time.as_millis() as u64;
        self.begin_round();
        self.broker.on_tick();
    }

    fn commit(&mut self, is_done: bool) {
        let Some(commit) = self.batches.pop_front() else { return };
        self.finished.push_back(is_done.then(|| {
            let outcomes = self.store.commit_once(&commit);
            self.reference.committed(&commit.changes, &outcomes);
            outcomes
        }));
    }

    fn complete(&mut self) -> bool {
        let Some(outcome) = self.finished.pop_front() else { return false };
        self.reference.completed(outcome.is_some());
        let kinds = [FailureKind::Transient, FailureKind::Permanent];
        self.refusals += usize::from(outcome.is_none());
        self.broker.on_committed(outcome.as_deref().ok_or(kinds[self.refusals % 2]));
        true
    }

    fn answer(&mut self, which: &Index, is_done: bool) {
        if !self.answers.is_empty() {
            let (request, pages) = self.answers.remove(which.index(self.answers.len()));
            let entries = is_done.then_some(&pages[..]).ok_or(FailureKind::Transient);
            self.broker.on_read(&request, entries);
        }
    }

    /// Damages a stored page: what it holds is owed to nobody, whoever got it already.
    fn damage(&mut self, channel: &str, sequence: u64) {
        let lost = self.store.damage(&channel.into(), sequence);
        self.reference.lost(&lost);
    }

    fn crash(&mut self) {
        self.end_round();
        self.stale.clear();
        self.sessions.clear();
        self.due.clear();
        self.batches.clear();
        self.finished.clear();
        self.reads.clear();
        self.loads.clear();
        self.answers.clear();
        self.now.unix_ms += 1;
        // Each run names its batches in its own name.
        self.settings.replication.origin += 1;
        let snapshot = self.store.load(self.load);
        self.broker = Broker::new(TextEncoder, self.settings.clone(), snapshot, self.now);
        self.store.commit(&[Change::NoteClock(self.broker.first_clock())]);
        self.accounts = Accounts::default();
        self.reference.crashed(&self.store.snapshot());
    }

    /// Lets everything come to rest, has all clients take all they are owed, and leaves.
    pub(super) fn finish(&mut self) {
        self.rest();
        for client in 0..CLIENTS.len() {
            self.one_round(|simulation| simulation.connect(client, 0, 3));
        }
        self.rest();
        self.reference.check_all_were_served();
        for client in 0..CLIENTS.len() {
            self.check_subscriptions(client);
        }

        for (client, name) in CLIENTS.into_iter().enumerate() {
            for (channel, _) in CHANNELS.into_iter().enumerate() {
                self.one_round(|simulation| simulation.request(client, channel, Wish::Unsubscribe));
            }
            self.rest();
            self.one_round(|simulation| simulation.disconnect(client));
            self.rest();
            let cursors = self.store.snapshot().cursors;
            let is_left = |channel: &ChannelName| CHANNELS.contains(&channel.as_str());
            assert!(
                !cursors
                    .iter()
                    .any(|(owner, channel, _)| owner.as_str() == name && is_left(channel))
            );
        }
        self.one_round(|simulation| simulation.tick(simulation.settings.forget_after * 2));
        self.rest();
        self.check_retained();
        self.reference.check_nothing_is_left(self.store.snapshot(), self.broker.stats().channels);
        let stats = self.broker.stats();
        assert_eq!((stats.publish_waiting, stats.log_held), (0, 0), "{stats:#?}");
    }

    /// J-80: what is retained is what a restart would bring back, whatever the store refused.
    fn check_retained(&mut self) {
        let stored = self.store.snapshot().retained;
        for channel in CHANNELS {
            let stored = stored.iter().find(|(name, _)| name.as_str() == channel);
            let stored = stored.map(|(_, message)| message);
            assert_eq!(self.broker.retained(channel), stored, "retained of {channel}");
        }
    }

    /// Goes on until nobody has anything left to do.
    fn rest(&mut self) {
        for _ in 0..REST_ROUNDS_MAX {
            self.end_round();
            self.begin_round();
            self.close_due();
            self.commit(true);
            let mut is_busy = self.complete();
            if let Some(request) = self.reads.pop_front() {
                let pages = self.store.read(&request);
                self.broker.on_read(&request, Ok(&pages));
                is_busy = true;
            }
            while let Some(request) = self.loads.pop_front() {
                self.store.look_up(&request).give_to(&mut self.broker);
            }
            while let Some((request, pages)) = self.answers.pop() {
                self.broker.on_read(&request, Ok(&pages));
            }
            for client in 0..CLIENTS.len() {
                self.acknowledge_all(client);
            }
            self.end_round();
            let is_still = self.batches.is_empty() && self.reads.is_empty();
            if is_busy || !is_still || !self.loads.is_empty() || !self.due.is_empty() {
                continue;
            }
            self.one_round(|simulation| simulation.tick(Duration::from_millis(600)));
            if self.batches.is_empty() && self.reads.is_empty() && self.loads.is_empty() {
                return;
            }
        }
        panic!("the broker does not come to rest");
    }

    fn one_round(&mut self, act: impl FnOnce(&mut Self)) {
        self.begin_round();
        act(self);
        self.end_round();
    }

    /// J-97: what the broker says of a client's subscriptions is what the model says.
    fn check_subscriptions(&mut self, client: usize) {
        let connection = self.sessions[&client];
        let question = message("$mySubscriptions", "null", false, false);
        self.reference.asked(connection);
        self.accounts.received();
        self.one_round(|simulation| simulation.publish_on(connection, &question, Some("?")));
        self.reference.check_answer(CLIENTS[client]);
    }
}

fn message<'a>(channel: &'a str, payload: &'a str, qos1: bool, retain: bool) -> Publish<'a> {
    let qos = if qos1 { Qos::AtLeastOnce } else { Qos::AtMostOnce };
    Publish { channel, payload: payload.as_bytes(), qos, retain }
}

fn pick<T: Clone>(choices: &[T], which: &Index) -> Option<T> {
    (!choices.is_empty()).then(|| choices[which.index(choices.len())].clone())
}
