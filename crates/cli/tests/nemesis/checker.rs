//! What must hold of what clients were told, whatever happened to nodes and database.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::history::{Channel, Event, Moment, Name, Number, Place, SessionNumber};

/// How long after a client's session was opened on another node its old one may still be served: a lease of six seconds,
/// and what it takes to notice that it is over.
const OVERLAP_MAX: Duration = Duration::from_secs(8);

/// How long after the end of a node those who tell of its departures may end before they have noted that they did.
const TOLD_AGAIN: Duration = Duration::from_secs(20);

/// A history, in the form in which it is looked at.
#[derive(Default)]
pub(crate) struct Checker {
    sessions: BTreeMap<SessionNumber, Session>,
    messages: BTreeMap<Number, Message>,
    /// Since when clients are subscribed.
    subscribed: BTreeMap<(Name, Channel), Moment>,
    got: BTreeSet<(Name, Number)>,
    places: BTreeMap<Place, Number>,
    departures: BTreeMap<Name, Vec<Moment>>,
    node_ends: Vec<Moment>,
    findings: Vec<String>,
}

struct Session {
    client: Name,
    asked: Moment,
    opened: Option<Moment>,
    /// The last message of each log that came over it.
    last: BTreeMap<u64, u64>,
    /// When the latest of the messages was published that came over it, or that were acknowledged on it.
    served: Moment,
    /// Where in each log its own messages stand: the first and the last.
    own: BTreeMap<u64, (Place, Place)>,
}

struct Message {
    session: SessionNumber,
    channel: Channel,
    published: Moment,
    retains: bool,
    is_acknowledged: bool,
    place: Option<Place>,
}

/// How much happened, for whoever wants to know what a round was worth.
#[derive(Debug)]
#[allow(dead_code, reason = "it is printed")]
pub(crate) struct Counts {
    pub(crate) sessions: usize,
    pub(crate) published: usize,
    pub(crate) acknowledged: usize,
    pub(crate) delivered: usize,
    pub(crate) takeovers: usize,
    pub(crate) departures: usize,
    pub(crate) node_ends: usize,
}

impl Checker {
    /// Reads a history.
    pub(crate) fn of(events: &[(Moment, Event)]) -> Self {
        let mut checker = Checker::default();
        for (now, event) in events {
            checker.take(*now, event);
        }
        checker
    }

    /// Returns what is wrong, nothing being under way any more.
    pub(crate) fn findings(mut self) -> Vec<String> {
        let missing = self.missing().map(|(client, number)| format!("{client} never got {number}"));
        let lost: Vec<_> = missing.take(20).collect();
        self.findings.extend(lost);
        self.check_owners();
        self.check_publishers();
        self.check_departures();
        self.findings
    }

    /// Iterates over what subscribers have a right to and did not get. Nobody gets what it published itself.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&Name, Number)> {
        self.subscribed.iter().flat_map(move |((client, channel), since)| {
            let owed = self.messages.iter().filter(move |(_, message)| {
                message.is_acknowledged
                    && message.channel == *channel
                    && *since < message.published
                    && self.sessions[&message.session].client != *client
            });
            let numbers = owed.map(|(number, _)| *number);
            let missing =
                numbers.filter(move |number| !self.got.contains(&(client.clone(), *number)));
            missing.map(move |number| (client, number))
        })
    }

    /// Returns what a channel must retain: of the messages that are to be, the one that stands last.
    pub(crate) fn retained(&self, channel: Channel) -> Option<Number> {
        let of_channel = |message: &Message| message.channel == channel && message.retains;
        let retained = self.messages.iter().filter(|(_, message)| of_channel(message));
        let placed = retained.filter_map(|(number, message)| Some((message.place?, *number)));
        placed.max().map(|(_, number)| number)
    }

    pub(crate) fn counts(&self) -> Counts {
        let is_acknowledged = |message: &&Message| message.is_acknowledged;
        Counts {
            sessions: self.sessions.values().filter(|session| session.opened.is_some()).count(),
            published: self.messages.len(),
            acknowledged: self.messages.values().filter(is_acknowledged).count(),
            delivered: self.got.len(),
            takeovers: self.succession().count(),
            departures: self.departures.values().map(Vec::len).sum(),
            node_ends: self.node_ends.len(),
        }
    }

    /// Returns how many subscriptions were confirmed.
    pub(crate) fn subscription_count(&self) -> usize {
        self.subscribed.len()
    }

    fn find(&mut self, finding: String) {
        self.findings.push(finding);
    }

    fn take(&mut self, now: Moment, event: &Event) {
        match event {
            Event::Asked(client, number) => {
                let (last, own) = (BTreeMap::new(), BTreeMap::new());
                let (client, served) = (client.clone(), Moment::ZERO);
                let session = Session { client, asked: now, opened: None, last, served, own };
                self.sessions.insert(*number, session);
            }
            Event::Opened(session) => self.session(*session).opened = Some(now),
            Event::Subscribed(session, channel) => {
                let client = self.session(*session).client.clone();
                self.subscribed.entry((client, channel)).or_insert(now);
            }
            Event::Published(session, number, channel) => {
                self.publish(now, (*session, *number), channel, false);
            }
            Event::PublishedToRetain(session, number, channel) => {
                self.publish(now, (*session, *number), channel, true);
            }
            Event::Acknowledged(session, number) => self.acknowledge(*session, *number),
            Event::Delivered(session, number, channel, place) => {
                self.deliver(*session, *number, channel, *place);
            }
            Event::ToldOffline(client) => {
                self.departures.entry(client.clone()).or_default().push(now);
            }
            Event::NodeEnded => self.node_ends.push(now),
        }
    }

    fn session(&mut self, number: SessionNumber) -> &mut Session {
        self.sessions.get_mut(&number).expect("a session is asked for first")
    }

    fn publish(
        &mut self,
        published: Moment,
        (session, number): (SessionNumber, Number),
        channel: Channel,
        retains: bool,
    ) {
        let (is_acknowledged, place) = (false, None);
        let message = Message { session, channel, published, retains, is_acknowledged, place };
        self.messages.insert(number, message);
    }

    fn acknowledge(&mut self, session: SessionNumber, number: Number) {
        let Some(message) = self.messages.get_mut(&number) else {
            return self.find(format!("{number} is acknowledged, and was never published"));
        };
        message.is_acknowledged = true;
        let published = message.published;
        let session = self.session(session);
        session.served = session.served.max(published);
    }

    fn deliver(&mut self, session: SessionNumber, number: Number, channel: Channel, place: Place) {
        let Some(message) = self.messages.get_mut(&number) else {
            return self.find(format!("{number} is delivered, and was never published"));
        };
        let (published, by, right_channel) = (message.published, message.session, message.channel);
        let first = *message.place.get_or_insert(place);
        if right_channel != channel {
            self.find(format!("{number} was published on {right_channel} and comes on {channel}"));
        }
        if first != place {
            self.find(format!("{number} stands at {first:?} and at {place:?}"));
        }
        let there = *self.places.entry(place).or_insert(number);
        if there != number {
            self.find(format!("{there} and {number} both stand at {place:?}"));
        }
        let publisher = self.session(by);
        let own = publisher.own.entry(place.0).or_insert((place, place));
        *own = (own.0.min(place), own.1.max(place));

        let receiver = self.session(session);
        receiver.served = receiver.served.max(published);
        let client = receiver.client.clone();
        if let Some(last) = receiver.last.insert(place.0, place.1).filter(|last| place.1 <= *last) {
            self.find(format!("{client} is sent {place:?} in session {session} behind {last}"));
        }
        self.got.insert((client, number));
    }

    /// Iterates over sessions of one client of which the second was certainly opened after the first.
    fn succession(&self) -> impl Iterator<Item = (&Session, &Session)> {
        let mut by_client: BTreeMap<&Name, Vec<&Session>> = BTreeMap::new();
        for session in self.sessions.values().filter(|session| session.opened.is_some()) {
            by_client.entry(&session.client).or_default().push(session);
        }
        by_client.into_values().flat_map(|sessions| {
            let pairs =
                (0..sessions.len()).flat_map(|old| (0..sessions.len()).map(move |new| (old, new)));
            let pairs: Vec<_> = pairs.map(|(old, new)| (sessions[old], sessions[new])).collect();
            let follows = |(old, new): &(&Session, &Session)| old.opened < Some(new.asked);
            pairs.into_iter().filter(follows)
        })
    }

    /// Nobody is served on two nodes for longer than a lease, and what a client publishes stands in the order of its sessions.
    fn check_owners(&mut self) {
        let mut found = Vec::new();
        for (old, new) in self.succession() {
            let client = &new.client;
            if let Some(opened) = new.opened.filter(|opened| *opened + OVERLAP_MAX < old.served) {
                let served = old.served;
                found.push(format!(
                    "{client} is served with what was published at {served:?} on a session that is over since {opened:?}"
                ));
            }
            for (log, (_, last)) in &old.own {
                if let Some((first, _)) = new.own.get(log).filter(|(first, _)| first < last) {
                    found.push(format!("{client} published {last:?} before {first:?}"));
                }
            }
        }
        self.findings.extend(found);
    }

    /// What a session publishes on a channel stands in the order in which it was sent.
    fn check_publishers(&mut self) {
        let mut latest: BTreeMap<(SessionNumber, Channel), (Number, Place)> = BTreeMap::new();
        let mut found = Vec::new();
        for (number, message) in &self.messages {
            let Some(place) = message.place else { continue };
            let by = (message.session, message.channel);
            if let Some((before, at)) =
                latest.insert(by, (*number, place)).filter(|(_, at)| place < *at)
            {
                found.push(format!(
                    "{before} stands at {at:?}, and {number}, sent later, at {place:?}"
                ));
            }
        }
        self.findings.extend(found);
    }

    /// Each session's end is told at most once, but for what a node did not note any more that it told.
    fn check_departures(&mut self) {
        let mut found = Vec::new();
        for (client, told) in &self.departures {
            let asked = |at: &Moment| {
                let asked =
                    self.sessions.values().filter(|it| it.client == *client && it.asked < *at);
                asked.count()
            };
            let again = |at: &Moment| {
                let recent =
                    self.node_ends.iter().filter(|end| **end <= *at && *at < **end + TOLD_AGAIN);
                recent.count()
            };
            let is_odd = |(index, at): &(usize, &Moment)| asked(at) + again(at) < index + 1;
            if let Some((index, at)) = told.iter().enumerate().find(is_odd) {
                found.push(format!("that {client} has gone is told {} times by {at:?}", index + 1));
            }
        }
        self.findings.extend(found);
    }
}
