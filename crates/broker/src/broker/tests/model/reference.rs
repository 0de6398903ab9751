//! What must hold, kept as simply as possible: which messages there are, who is owed them, who
//! got them. Knows commands, committed changes and lines sent; nothing of the core's inside.
//!
//! Where a request is under way the model is *unsure* of a subscription, and then only checks what
//! holds either way.

mod subscription;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    super::store::TestStore,
    operations::{CHANNELS, CLIENTS},
};
use crate::{
    Change, ChannelName, ConnectionKey, CursorState, Format, LogId, Outcome, PacketId, Sequence,
    Settings,
};

pub(super) use subscription::Wish;
use subscription::{Kind, Subscription};

/// A message's number is its payload.
type Number = usize;

pub(super) struct Reference {
    settings: Settings,
    messages: Vec<Message>,
    connections: BTreeMap<ConnectionKey, Connection>,
    clients: BTreeMap<&'static str, Client>,
    /// By client and channel.
    subscriptions: BTreeMap<(&'static str, &'static str), Subscription>,
    /// Where each stored message stands. Never forgets, so that late deliveries can be judged.
    log: BTreeMap<(LogId, Sequence), Number>,
    log_channels: BTreeMap<LogId, ChannelName>,
    /// What is acknowledged for good, by client and log.
    acknowledged: BTreeMap<(&'static str, LogId), BTreeSet<Sequence>>,
    /// First deliveries so far: the highest sequence by client and log.
    first_deliveries: BTreeMap<(&'static str, LogId), Sequence>,
    /// Messages that persistent subscribers have a right to.
    owed: BTreeSet<(&'static str, Number)>,
    retained: BTreeMap<String, Retained>,
    /// Batches handed over and not completed: the QoS 1 messages in each.
    batches: VecDeque<Vec<Number>>,
    batch_count: u64,
    round: u64,
    answer: Option<String>,
}

/// A message on its way in.
pub(super) struct Publication<'a> {
    pub(super) publisher: &'static str,
    pub(super) connection: Option<ConnectionKey>,
    pub(super) channel: &'a str,
    pub(super) qos1: bool,
    pub(super) retain: bool,
    pub(super) has_id: bool,
}

#[derive(Debug)]
struct Message {
    publisher: &'static str,
    channel: String,
    qos1: bool,
    retain: bool,
    round: u64,
    fate: Fate,
    accepted_in: u64,
    /// What the reply must be if it is not success, where that is known beforehand.
    refusal: Option<&'static str>,
    audience: BTreeMap<&'static str, Listener>,
    deliveries: BTreeMap<ConnectionKey, u32>,
    /// Clients that got it, retained pushes left out.
    receivers: BTreeSet<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting,
    Accepted,
    Refused,
    /// A crash came before the answer: it may be there or not.
    Unknown,
}

/// How a client stood to a message's channel when it was published.
#[derive(Debug, Clone, Copy)]
struct Listener {
    kind: Kind,
    is_sure: bool,
    epoch: u64,
    connection: Option<ConnectionKey>,
}

#[derive(Debug)]
struct Connection {
    client: &'static str,
    format: Format,
    window: u32,
    gone_in: Option<u64>,
    /// Replies that are to come, as they begin.
    awaited: Vec<String>,
    /// A retained message that must follow at once.
    expects_retained: Option<String>,
    /// Stored messages sent and not acknowledged, with their bytes, by log.
    in_flight: BTreeMap<LogId, BTreeMap<Sequence, usize>>,
    live_ids: Vec<String>,
    /// The last stored message sent, by log.
    last: BTreeMap<LogId, Sequence>,
}

#[derive(Debug, Default)]
struct Client {
    session: Option<ConnectionKey>,
    is_known: bool,
    /// Every id it was ever pushed.
    ids: Vec<String>,
    /// Highest number first delivered, by publisher, channel and QoS.
    order: BTreeMap<(&'static str, String, bool), Number>,
}

#[derive(Debug, Default)]
struct Retained {
    now: Option<Number>,
    /// What it was in this round.
    in_round: Vec<Option<Number>>,
    /// The last one whose publisher was told that it is stored.
    promised: Option<Number>,
}

impl Reference {
    pub(super) fn new(settings: Settings) -> Self {
        let pairs =
            CLIENTS.iter().flat_map(|client| CHANNELS.iter().map(move |name| (*client, *name)));
        Reference {
            settings,
            messages: Vec::new(),
            connections: BTreeMap::new(),
            clients: CLIENTS.iter().map(|name| (*name, Client::default())).collect(),
            subscriptions: pairs.map(|pair| (pair, Subscription::default())).collect(),
            log: BTreeMap::new(),
            log_channels: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            first_deliveries: BTreeMap::new(),
            owed: BTreeSet::new(),
            retained: BTreeMap::new(),
            batches: VecDeque::new(),
            batch_count: 0,
            round: 0,
            answer: None,
        }
    }

    pub(super) fn begin_round(&mut self) {
        self.round += 1;
        self.subscriptions.values_mut().for_each(Subscription::begin_round);
        for retained in self.retained.values_mut() {
            retained.in_round = vec![retained.now];
        }
    }

    pub(super) fn opened(&mut self, connection: ConnectionKey, format: Format, window: u32) {
        self.connections.insert(
            connection,
            Connection {
                client: "",
                format,
                window,
                gone_in: None,
                awaited: Vec::new(),
                expects_retained: None,
                in_flight: BTreeMap::new(),
                live_ids: Vec::new(),
                last: BTreeMap::new(),
            },
        );
    }

    /// A session opens; one of the same client elsewhere ends.
    pub(super) fn connected(&mut self, connection: ConnectionKey, client: &'static str) {
        self.end_session(client);
        let state = self.connections.get_mut(&connection).unwrap();
        state.client = client;
        state.awaited.push("connected".to_owned());
        let client = self.clients.get_mut(client).unwrap();
        client.session = Some(connection);
        client.is_known = true;
    }

    pub(super) fn removed(&mut self, connection: ConnectionKey) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        state.gone_in.get_or_insert(self.round);
        let client = state.client;
        for subscription in self.subscriptions.values_mut() {
            subscription.connection_removed(connection);
        }
        if self.clients[client].session == Some(connection) {
            self.end_session(client);
        }
    }

    fn end_session(&mut self, client: &'static str) {
        self.clients.get_mut(client).unwrap().session = None;
        for ((one, _), subscription) in &mut self.subscriptions {
            if *one == client {
                subscription.end_session();
            }
        }
    }

    pub(super) fn wished(
        &mut self,
        client: &'static str,
        channel: &'static str,
        wish: Wish,
        asked_on: Option<ConnectionKey>,
    ) {
        let owed: BTreeSet<Number> = self
            .owed
            .iter()
            .filter(|(one, number)| *one == client && self.messages[*number].channel == channel)
            .map(|(_, number)| *number)
            .collect();
        self.subscriptions.get_mut(&(client, channel)).unwrap().wish(wish, owed, asked_on);
        if let Some(connection) = asked_on {
            let reply = match wish {
                Wish::Subscribe { .. } => format!("subscribed {channel}"),
                Wish::Unsubscribe => format!("unsubscribed {channel}"),
            };
            self.connections.get_mut(&connection).unwrap().awaited.push(reply);
        }
    }

    /// Notes a message and who has a right to it; returns its number.
    pub(super) fn published(&mut self, publication: Publication<'_>) -> Number {
        let Publication { publisher, connection, channel, qos1, retain, has_id } = publication;
        let number = self.messages.len();
        let direct_to =
            CLIENTS.iter().find(|name| channel.strip_prefix('#') == Some(name)).copied();
        let is_own = direct_to == Some(publisher) && !self.settings.echo;
        let refusal = direct_to.and_then(|to| {
            let to = &self.clients[to];
            let is_offline = is_own || !to.is_known || to.session.is_none();
            is_offline.then_some("ClientOffline")
        });
        let is_dropped = direct_to.is_some_and(|to| is_own || !self.clients[to].is_known);
        let audience = CLIENTS.into_iter().map(|client| {
            let session = self.clients[client].session;
            (client, self.listener(client, channel, session))
        });
        let message = Message {
            publisher,
            channel: channel.to_owned(),
            qos1,
            retain: retain && direct_to.is_none(),
            round: self.round,
            fate: if is_dropped || (!qos1 && refusal.is_some()) {
                Fate::Refused
            } else {
                Fate::Waiting
            },
            accepted_in: 0,
            refusal,
            audience: audience.collect(),
            deliveries: BTreeMap::new(),
            receivers: BTreeSet::new(),
        };
        if qos1 && !is_dropped {
            let entitled = message.audience.iter().filter(|(client, listener)| {
                listener.is_sure
                    && listener.kind == Kind::Persistent
                    && (self.settings.echo || **client != publisher)
            });
            self.owed.extend(entitled.map(|(client, _)| (*client, number)));
        }
        if message.retain && !qos1 {
            self.retain(channel, number);
        }
        if has_id && (qos1 || refusal.is_some()) {
            let connection = connection.expect("a client has a connection");
            let state = self.connections.get_mut(&connection).unwrap();
            state.awaited.push(format!("published {number}"));
        }
        self.messages.push(message);
        number
    }

    /// Says how a client stands to a channel.
    fn listener(
        &self,
        client: &'static str,
        channel: &str,
        connection: Option<ConnectionKey>,
    ) -> Listener {
        if channel.starts_with('#') {
            let is_own = channel.strip_prefix('#') == Some(client);
            let kind = if is_own { Kind::Persistent } else { Kind::None };
            return Listener { kind, is_sure: true, epoch: 0, connection };
        }
        let (_, subscription) = self
            .subscriptions
            .iter()
            .find(|((one, name), _)| *one == client && *name == channel)
            .expect("all channels are known");
        Listener {
            kind: subscription.kind,
            is_sure: subscription.is_sure(),
            epoch: subscription.epoch,
            connection,
        }
    }

    fn retain(&mut self, channel: &str, number: Number) {
        let retained = self
            .retained
            .entry(channel.to_owned())
            .or_insert_with(|| Retained { in_round: vec![None], ..Retained::default() });
        retained.now = retained.now.max(Some(number));
        retained.in_round.push(retained.now);
    }

    /// A message was not taken.
    pub(super) fn refused(&mut self, number: Number) {
        self.messages[number].fate = Fate::Refused;
        self.owed.retain(|(_, one)| *one != number);
    }

    /// A batch goes to the store, at the end of a round: tells each wish of the round whether it
    /// is in it.
    pub(super) fn handed_over(&mut self, changes: &[Change]) {
        self.batch_count += 1;
        for ((client, channel), subscription) in &mut self.subscriptions {
            let is_in_batch = changes.iter().any(|change| match change {
                Change::Subscribe(one, name) | Change::Unsubscribe(one, name) => {
                    (one.as_str(), name.as_str()) == (*client, *channel)
                }
                _ => false,
            });
            if is_in_batch {
                subscription.goes_through_the_store(self.batch_count);
            }
        }
        let mut numbers = Vec::new();
        for change in changes {
            match change {
                Change::Append(page) => numbers.extend(page.payloads.iter().map(number_of)),
                Change::Retain(_, retained) => numbers.push(number_of(&retained.payload)),
                _ => {}
            }
        }
        // What is retained already is written again now and then.
        numbers.retain(|number| {
            self.messages[*number].qos1 && self.messages[*number].fate == Fate::Waiting
        });
        self.batches.push_back(numbers);
    }

    /// The store carried out a batch: from now on its messages may be delivered.
    pub(super) fn committed(&mut self, changes: &[Change], outcomes: &[Outcome]) {
        for (change, outcome) in changes.iter().zip(outcomes) {
            match (change, outcome) {
                (Change::Append(page), Outcome::Appended { log, first }) => {
                    self.log_channels.insert(*log, page.channel.clone());
                    for (sequence, payload) in (*first..).zip(page.payloads.iter()) {
                        let old = self.log.insert((*log, sequence), number_of(payload));
                        assert_eq!(old, None, "a place in a log is taken twice");
                    }
                }
                (Change::Subscribe(client, _), Outcome::Subscribed { log, floor }) => {
                    let client = known(client.as_str());
                    self.acknowledged.entry((client, *log)).or_default().extend(1..=*floor);
                }
                (Change::Trim(channel, through), _) if self.drops_by_limit() => {
                    self.write_off(channel, *through);
                }
                _ => {}
            }
        }
    }

    fn drops_by_limit(&self) -> bool {
        self.settings.log.drop_oldest || !self.settings.log.age_max.is_zero()
    }

    /// What a log's limit dropped is owed to nobody.
    fn write_off(&mut self, channel: &ChannelName, through: Sequence) {
        let of_channel = |log: &LogId| self.log_channels.get(log) == Some(channel);
        let dropped = self.log.iter().filter(|((log, at), _)| of_channel(log) && *at <= through);
        let dropped: BTreeSet<Number> = dropped.map(|(_, number)| *number).collect();
        self.owed.retain(|(_, number)| !dropped.contains(number));
    }

    /// The broker hears of the oldest batch.
    pub(super) fn completed(&mut self, is_done: bool) {
        let numbers = self.batches.pop_front().expect("a batch is under way");
        for number in numbers {
            if is_done {
                self.accept(number);
            } else {
                self.refused(number);
            }
        }
        let completed = self.batch_count - self.batches.len() as u64;
        for ((client, channel), subscription) in &mut self.subscriptions {
            let change = subscription.complete(completed, is_done);
            let Some(session) = self.clients[client].session else { continue };
            let state = self.connections.get_mut(&session).unwrap();
            let logs = self.log_channels.iter().filter(|(_, name)| name.as_str() == *channel);
            for (log, _) in logs.filter(|_| change.is_some()) {
                // Left, or taken back: what was on its way is not, or comes again.
                state.in_flight.remove(log);
                state.last.remove(log);
            }
        }
        self.write_off_left();
    }

    /// What was owed to subscriptions that were left is owed no more.
    fn write_off_left(&mut self) {
        for ((client, _), subscription) in &mut self.subscriptions {
            for number in std::mem::take(&mut subscription.written_off) {
                self.owed.remove(&(*client, number));
            }
        }
    }

    fn accept(&mut self, number: Number) {
        let message = &mut self.messages[number];
        if message.fate == Fate::Accepted {
            return;
        }
        assert_eq!(message.fate, Fate::Waiting, "{message:?} is accepted");
        message.fate = Fate::Accepted;
        message.accepted_in = self.round;
        if message.retain && message.qos1 {
            let channel = message.channel.clone();
            self.retain(&channel, number);
            let retained = self.retained.get_mut(&channel).unwrap();
            retained.promised = retained.promised.max(Some(number));
        }
    }

    /// A client acknowledges an id, whether it was ever pushed it or not.
    pub(super) fn acknowledged(&mut self, connection: ConnectionKey, id: &str) {
        let client = self.connections[&connection].client;
        let Some(PacketId::Stored(log, sequence)) = PacketId::parse(id) else {
            self.connections.get_mut(&connection).unwrap().live_ids.retain(|one| one != id);
            return;
        };
        let number = self.log[&(log, sequence)];
        let channel = self.messages[number].channel.clone();
        let listener = self.listener(client, &channel, None);
        let state = self.connections.get_mut(&connection).unwrap();
        if let Some(in_flight) = state.in_flight.get_mut(&log) {
            in_flight.remove(&sequence);
        }
        // Who acknowledges what it never got has no right to it any more.
        self.owed.remove(&(client, number));
        if listener.is_sure && listener.kind == Kind::Persistent {
            self.acknowledged.entry((client, log)).or_default().insert(sequence);
        }
    }

    pub(super) fn ids_pushed_to(&self, client: &str) -> Vec<String> {
        self.clients[client].ids.clone()
    }

    pub(super) fn ids_pushed(&self) -> Vec<String> {
        self.clients.values().flat_map(|client| client.ids.clone()).collect()
    }

    pub(super) fn ids_in_flight(&self, connection: ConnectionKey) -> Vec<String> {
        let state = &self.connections[&connection];
        let stored = state.in_flight.iter().flat_map(|(log, sequences)| {
            sequences.keys().map(|sequence| PacketId::Stored(*log, *sequence).to_string())
        });
        stored.chain(state.live_ids.iter().cloned()).collect()
    }

    /// The process died: what it knew beyond the store is gone.
    pub(super) fn crashed(&mut self, store: &TestStore) {
        self.connections.clear();
        self.batches.clear();
        let known_clients = store.snapshot();
        for (name, client) in &mut self.clients {
            client.session = None;
            let is_stored = known_clients.clients.iter().any(|(id, _)| id.as_str() == *name);
            let has_cursor = known_clients.cursors.iter().any(|(id, ..)| id.as_str() == *name);
            client.is_known = is_stored || has_cursor;
        }
        for ((client, channel), subscription) in &mut self.subscriptions {
            let cursor = store.cursor(&(*client).into(), &(*channel).into());
            subscription.crash(cursor.is_some());
        }
        for message in &mut self.messages {
            if message.fate == Fate::Waiting {
                message.fate = if message.qos1 { Fate::Unknown } else { Fate::Accepted };
            }
        }
        self.forget_what_was_not_written(store);
    }

    fn forget_what_was_not_written(&mut self, store: &TestStore) {
        let (messages, subscriptions) = (&self.messages, &self.subscriptions);
        self.owed.retain(|(client, number)| {
            let message = &messages[*number];
            let is_left = subscriptions.iter().any(|((one, name), subscription)| {
                one == client && *name == message.channel && subscription.kind == Kind::None
            });
            message.fate == Fate::Accepted && !is_left
        });
        for ((client, log), acknowledged) in &mut self.acknowledged {
            let Some(channel) = self.log_channels.get(log) else { continue };
            if store.log(channel) == Some(*log)
                && let Some(cursor) = store.cursor(&(*client).into(), channel)
            {
                acknowledged.retain(|sequence| is_acknowledged(cursor, *sequence));
            }
        }
        for channel in store.retained.keys() {
            self.retained.entry(channel.to_string()).or_default();
        }
        for (channel, retained) in &mut self.retained {
            let stored = store.retained.get(channel.as_str());
            let stored = stored.map(|stored| number_of(&stored.payload));
            // J-73, J-79 and J-80: an older one than was promised must not come back.
            assert!(retained.promised <= stored, "{channel}: {retained:?} but stored {stored:?}");
            retained.now = stored;
        }
    }

    /// Judges a line the broker sends.
    pub(super) fn sent(&mut self, connection: ConnectionKey, line: &str) {
        let state = self.connections.get_mut(&connection).expect("frames go to connections");
        let is_gone = state.gone_in.is_some_and(|round| round < self.round);
        assert!(!is_gone, "{line:?} goes to a connection that is gone");
        let line = match state.format.0 {
            0 => line,
            format => line.strip_prefix(&format!("[{format}] ")).expect("its own format"),
        };
        if let Some(expected) = state.expects_retained.take() {
            assert!(
                line.starts_with(&format!("push {expected} ")) && line.ends_with(" retained"),
                "J-81: the retained message of {expected} should follow, not {line}"
            );
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["push", channel, payload, "by", publisher, "retained"] => {
                self.pushed_retained(channel, number_of(payload.as_bytes()), publisher);
            }
            ["push", channel, payload, "by", publisher, ref id @ ..] => {
                let number = number_of(payload.as_bytes());
                let message = &self.messages[number];
                let publisher = if publisher == "server" { "" } else { publisher };
                assert_eq!((&*message.channel, message.publisher), (channel, publisher));
                self.pushed(connection, number, id.get(1).copied(), line.len() + 1);
            }
            _ => self.replied(connection, line),
        }
    }

    fn replied(&mut self, connection: ConnectionKey, line: &str) {
        let state = self.connections.get_mut(&connection).unwrap();
        let place = state.awaited.iter().position(|reply| {
            line.strip_prefix(&**reply)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
        });
        let place = place.unwrap_or_else(|| panic!("nobody asked for {line:?}: {state:?}"));
        state.awaited.remove(place);
        let topic = line.strip_prefix("subscribed ").or(line.strip_prefix("unsubscribed "));
        if let Some((topic, is_refused)) = topic.map(|rest| match rest.split_once(':') {
            Some((topic, _)) => (topic, true),
            None => (rest, false),
        }) {
            // One that was taken over meanwhile is only told.
            let has_session = self.clients[state.client].session == Some(connection);
            let is_subscribed = line.starts_with("subscribed") && !is_refused && has_session;
            let retained = self.retained.get(topic).filter(|_| is_subscribed);
            let is_there = |retained: &Retained| retained.in_round.iter().all(Option::is_some);
            state.expects_retained = retained.is_some_and(is_there).then(|| topic.to_owned());
            let pair = (state.client, known(topic));
            self.subscriptions.get_mut(&pair).unwrap().answered(connection);
        } else if let Some(rest) = line.strip_prefix("published ") {
            self.answered(rest);
        }
    }

    /// A publish is answered: `7`, `7: reason` or `? = answer`.
    fn answered(&mut self, text: &str) {
        if let Some(answer) = text.strip_prefix("? = ") {
            self.answer = Some(answer.to_owned());
            return;
        }
        let (number, reject) = text.split_once(": ").map_or((text, None), |(a, b)| (a, Some(b)));
        let number = number_of(number.as_bytes());
        let message = &self.messages[number];
        match reject {
            None => {
                assert_eq!(message.refusal, None, "{message:?} is answered with OK");
                self.accept(number);
            }
            // J-91: refused, and stored all the same, if its receiver is known.
            Some("ClientOffline") => {
                assert_eq!(message.refusal, Some("ClientOffline"), "{message:?}");
                if message.fate != Fate::Refused {
                    self.accept(number);
                }
            }
            Some(_) => {
                // J-74.
                assert!(message.receivers.is_empty(), "{message:?} is refused but delivered");
                assert_ne!(message.fate, Fate::Accepted, "{message:?} is refused but stored");
                self.refused(number);
            }
        }
    }

    fn pushed_retained(&mut self, channel: &str, number: Number, publisher: &str) {
        let publisher = if publisher == "server" { "" } else { publisher };
        let (message, retained) = (&self.messages[number], &self.retained[channel]);
        assert_eq!((&*message.channel, message.publisher), (channel, publisher));
        assert!(
            retained.in_round.contains(&Some(number)),
            "J-79: {number} is not the last retained message: {retained:?}"
        );
    }

    /// Judges a delivery.
    fn pushed(
        &mut self,
        connection: ConnectionKey,
        number: Number,
        id: Option<&str>,
        bytes: usize,
    ) {
        let client = self.connections[&connection].client;
        let channel = self.messages[number].channel.clone();
        let now = self.listener(client, &channel, None);
        let message = &mut self.messages[number];
        let before = message.audience[client];
        assert!(
            self.settings.echo || message.publisher != client,
            "J-56: {client} gets its own {message:?}"
        );
        assert_ne!(message.fate, Fate::Refused, "J-74: {client} gets {message:?}");
        let was_none = before.is_sure && before.kind == Kind::None && before.epoch == now.epoch;
        assert!(!was_none, "J-53, J-55: {client} gets {message:?} without a subscription");
        assert_eq!(message.qos1, id.is_some(), "J-65: {message:?}");

        let is_first = message.receivers.insert(client);
        *message.deliveries.entry(connection).or_default() += 1;
        if is_first && before.is_sure {
            let order = (message.publisher, channel.clone(), message.qos1);
            let last = self.clients.get_mut(client).unwrap().order.insert(order, number);
            assert!(last < Some(number), "J-67: {client} gets {number} behind {last:?}");
        }
        match id {
            None => {
                let is_right = !before.is_sure || before.connection == Some(connection);
                assert!(is_right, "J-72: {client} gets {number} on another connection");
                assert_eq!(
                    self.messages[number].deliveries[&connection], 1,
                    "{number} comes twice"
                );
            }
            Some(id) => self.pushed_with_id(connection, number, id, bytes, is_first),
        }
    }

    fn pushed_with_id(
        &mut self,
        connection: ConnectionKey,
        number: Number,
        id: &str,
        bytes: usize,
        is_first: bool,
    ) {
        let state = self.connections.get_mut(&connection).unwrap();
        let client = state.client;
        self.clients.get_mut(client).unwrap().ids.push(id.to_owned());
        let PacketId::Stored(log, sequence) = PacketId::parse(id).expect("ids can be read") else {
            state.live_ids.push(id.to_owned());
            return;
        };
        // J-66 and J-73: an id names one message for ever, and nothing is sent before its commit.
        assert_eq!(self.log.get(&(log, sequence)), Some(&number), "{id} names another message");
        let channel = self.messages[number].channel.clone();
        let now = self.listener(client, &channel, None);
        if !now.is_sure || now.kind != Kind::Persistent {
            return;
        }
        let acknowledged = self.acknowledged.entry((client, log)).or_default();
        assert!(
            !acknowledged.contains(&sequence),
            "J-68: {client} gets {id} after its acknowledgement"
        );
        if is_first {
            let last = self.first_deliveries.insert((client, log), sequence);
            assert!(last < Some(sequence), "J-77: {client} gets {id} behind {last:?}");
        }
        let state = self.connections.get_mut(&connection).unwrap();
        let last = state.last.insert(log, sequence);
        assert!(last < Some(sequence), "J-77: {id} comes behind {last:?} on one connection");
        state.in_flight.entry(log).or_default().insert(sequence, bytes);
        self.check_window(connection, log);
    }

    /// J-78.
    fn check_window(&self, connection: ConnectionKey, log: LogId) {
        let state = &self.connections[&connection];
        let count = state.in_flight[&log].len();
        assert!(count <= state.window.max(1) as usize, "{count} in flight: {state:?}");
        let sizes = || state.in_flight.values().flat_map(|sequences| sequences.values());
        let bytes: usize = sizes().sum();
        // The broker counts averages, and lets each channel begin one message.
        let slack = sizes().max().unwrap() * 2 * state.in_flight.len();
        assert!(bytes <= self.settings.window_bytes_max + slack, "{bytes} in flight: {state:?}");
    }

    pub(super) fn end_round(&mut self) {
        for connection in self.connections.values_mut() {
            if let Some(channel) = connection.expects_retained.take() {
                panic!("J-81: the retained message of {channel} does not come");
            }
        }
        let all_completed = self.batches.is_empty();
        let (batch_count, round) = (self.batch_count, self.round);
        for subscription in self.subscriptions.values_mut() {
            subscription.end_round(batch_count, all_completed);
        }
        self.write_off_left();
        for message in &self.messages {
            self.check_present_were_served(message, round);
        }
    }

    /// Those with a session got a QoS 0 message in its round, and those without a persistent
    /// subscription a QoS 1 message when it was accepted.
    fn check_present_were_served(&self, message: &Message, round: u64) {
        let is_due = if message.qos1 {
            message.fate == Fate::Accepted && message.accepted_in == round
        } else {
            message.fate != Fate::Refused && message.round == round
        };
        for (client, before) in message.audience.iter().filter(|_| is_due) {
            let now = self.listener(client, &message.channel, self.clients[client].session);
            let is_sure = before.is_sure && now.epoch == before.epoch;
            let is_live = before.kind == Kind::Temporary
                || (before.kind == Kind::Persistent && !message.qos1);
            let is_own = !self.settings.echo && message.publisher == *client;
            let Some(connection) = before.connection else { continue };
            let is_still_there = now.connection == before.connection;
            if is_sure && is_live && !is_own && (is_still_there || !message.qos1) {
                let count = message.deliveries.get(&connection).copied().unwrap_or(0);
                assert_eq!(count, 1, "J-55: deliveries to {client} of {message:?}");
            }
        }
    }

    pub(super) fn check_all_were_served(&self) {
        for (client, number) in &self.owed {
            let message = &self.messages[*number];
            let is_served = message.receivers.contains(client) || message.fate != Fate::Accepted;
            assert!(is_served, "J-77: {client} never gets {message:?}");
        }
        for connection in self.connections.values().filter(|one| one.gone_in.is_none()) {
            assert!(connection.awaited.is_empty(), "replies are missing: {connection:?}");
        }
        for message in &self.messages {
            let was_asked = message.qos1 && !message.publisher.is_empty();
            assert!(!was_asked || message.fate != Fate::Waiting || self.is_orphan(message));
        }
    }

    /// Says whether the connection that would be answered is gone.
    fn is_orphan(&self, message: &Message) -> bool {
        let listener = message.audience[message.publisher];
        let connection = listener.connection.and_then(|key| self.connections.get(&key));
        connection.is_none_or(|connection| connection.gone_in.is_some())
    }

    /// A client asks for its subscriptions.
    pub(super) fn asked(&mut self, connection: ConnectionKey) {
        self.connections.get_mut(&connection).unwrap().awaited.push("published ?".to_owned());
    }

    pub(super) fn check_answer(&mut self, client: &'static str) {
        let answer = self.answer.take().expect("the question is answered at once");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        for channel in CHANNELS {
            let subscription = &self.subscriptions[&(client, channel)];
            assert!(subscription.is_sure(), "everything is at rest");
            let kind = match subscription.kind {
                Kind::None => serde_json::Value::Null,
                Kind::Temporary => "temp".into(),
                Kind::Persistent => "persistent".into(),
            };
            assert_eq!(answer["subscriptions"][channel], kind, "J-97: {client} and {channel}");
        }
    }

    /// Nobody is connected or remembered: only retained messages are.
    pub(super) fn check_nothing_is_left(&self, store: &TestStore, channel_count: u64) {
        let snapshot = store.snapshot();
        assert_eq!((snapshot.clients, snapshot.cursors, snapshot.logs), (vec![], vec![], vec![]));
        let retained = self.retained.iter().filter_map(|(name, one)| Some((name, one.now?)));
        let stored = snapshot.retained.iter();
        let stored: Vec<_> =
            stored.map(|(name, one)| (name.to_string(), number_of(&one.payload))).collect();
        let retained: Vec<_> = retained.map(|(name, number)| (name.clone(), number)).collect();
        assert_eq!(stored, retained, "J-80");
        assert_eq!(channel_count, retained.len() as u64, "channels in memory");
    }
}

fn number_of(payload: &[u8]) -> Number {
    std::str::from_utf8(payload).unwrap().parse().expect("payloads are numbers")
}

/// Returns the static name of a client or channel.
fn known(name: &str) -> &'static str {
    let names = CLIENTS.into_iter().chain(CHANNELS);
    names.into_iter().find(|known| *known == name).expect("names are known")
}

fn is_acknowledged(cursor: &CursorState, sequence: Sequence) -> bool {
    sequence <= cursor.floor
        || cursor.acknowledged.iter().any(|(first, last)| (*first..=*last).contains(&sequence))
}
