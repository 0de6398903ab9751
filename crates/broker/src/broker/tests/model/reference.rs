//! What must hold, kept as simply as possible: which messages there are, who is owed them, who
//! got them. Knows commands, committed changes and lines sent; nothing of the core's inside.
//!
//! Where a request is under way the model is *unsure* of a subscription, and then only checks what
//! holds either way.

mod delivery;
mod rest;
mod store;
mod subscription;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::operations::{CHANNELS, CLIENTS};
use rialto_domain::{
    Change, ChannelName, CursorState, LogId, Outcome, PacketId, Sequence, Snapshot,
};

use crate::{ConnectionKey, Format, Settings};

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
    /// Those among them whose subscription has gone from the store, which counts after a crash.
    left_in_store: BTreeSet<(&'static str, Number)>,
    retained: BTreeMap<String, Retained>,
    /// Batches handed over and not completed: the QoS 1 messages in each.
    batches: VecDeque<Vec<Number>>,
    /// The channels of the retained messages in each.
    retained_in_batches: VecDeque<Vec<String>>,
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
    /// Whether the store refused one, so that an earlier one may have come back, or all were
    /// removed.
    is_unsure: bool,
    /// The last message there was when it was asked to remove what is retained.
    removed: Option<Number>,
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
            left_in_store: BTreeSet::new(),
            retained: BTreeMap::new(),
            batches: VecDeque::new(),
            retained_in_batches: VecDeque::new(),
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

    /// The server has subscribed a client, which is known from then on.
    pub(super) fn met(&mut self, client: &'static str) {
        self.clients.get_mut(client).unwrap().is_known = true;
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
        let owed = self.owed_to(client, channel).collect();
        self.subscriptions.get_mut(&(client, channel)).unwrap().wish(wish, owed, asked_on);
        if let Some(connection) = asked_on {
            let reply = match wish {
                Wish::Subscribe { .. } => format!("subscribed {channel}"),
                Wish::Unsubscribe => format!("unsubscribed {channel}"),
            };
            self.connections.get_mut(&connection).unwrap().awaited.push(reply);
        }
    }

    /// Returns what a client is owed of a channel.
    fn owed_to(&self, client: &str, channel: &str) -> impl Iterator<Item = Number> {
        let of_both = move |(one, number): &&(&str, Number)| {
            *one == client && self.messages[*number].channel == channel
        };
        self.owed.iter().filter(of_both).map(|(_, number)| *number)
    }

    /// Notes a message and who has a right to it; returns its number.
    pub(super) fn published(&mut self, publication: Publication<'_>) -> Number {
        let Publication { publisher, connection, channel, qos1, retain, has_id } = publication;
        let number = self.messages.len();
        let (refusal, is_dropped) = self.fate_of_direct(publisher, channel);
        let audience = CLIENTS.into_iter().map(|client| {
            let session = self.clients[client].session;
            (client, self.listener(client, channel, session))
        });
        let is_refused = is_dropped || (!qos1 && refusal.is_some());
        let message = Message {
            publisher,
            channel: channel.to_owned(),
            qos1,
            retain: retain && !channel.starts_with('#'),
            round: self.round,
            fate: if is_refused { Fate::Refused } else { Fate::Waiting },
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
        if has_id && (qos1 || refusal.is_some()) {
            let connection = connection.expect("a client has a connection");
            let state = self.connections.get_mut(&connection).unwrap();
            state.awaited.push(format!("published {number}"));
        }
        self.messages.push(message);
        number
    }

    /// Says how a direct message will be refused, if it will, and whether it is not even kept
    /// (J-91, J-92, J-93).
    fn fate_of_direct(&self, publisher: &str, channel: &str) -> (Option<&'static str>, bool) {
        let Some(to) = channel.strip_prefix('#') else { return (None, false) };
        let is_own = to == publisher && !self.settings.echo;
        let receiver = &self.clients[to];
        let is_dropped = is_own || !receiver.is_known;
        let is_offline = is_dropped || receiver.session.is_none();
        (is_offline.then_some("ClientOffline"), is_dropped)
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

    /// What a channel retains is to be removed.
    pub(super) fn removing(&mut self, channel: &str) {
        let retained = self.retained.entry(channel.to_owned()).or_default();
        retained.removed = self.messages.len().checked_sub(1);
        (retained.promised, retained.is_unsure) = (None, true);
    }

    /// A QoS 0 message was taken; it is retained at once, if it is to be.
    pub(super) fn taken(&mut self, number: Number) {
        let message = &self.messages[number];
        if message.retain && !message.qos1 {
            let channel = message.channel.clone();
            self.retain(&channel, number);
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
            if retained.removed < Some(number) {
                retained.promised = retained.promised.max(Some(number));
            }
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

    /// A client asks for its subscriptions.
    pub(super) fn asked(&mut self, connection: ConnectionKey) {
        self.connections.get_mut(&connection).unwrap().awaited.push("published ?".to_owned());
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
