//! What must hold of what clients were told, whatever happened to the nodes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rialto_domain::{LogId, Sequence};

/// How long after a client's session was opened on another node its old node may still send it something: it hears of
/// the takeover when it asks the next time, and may have been stopped meanwhile, but not for longer than its lease.
const OVERLAP_MAX: Duration = Duration::from_millis(6500);

/// Names a connection, over all nodes.
pub(super) type Socket = u64;

/// Where a message stands.
type Place = (LogId, Sequence);

/// A message's number is its payload.
pub(super) type Number = u64;

/// What happened, as clients saw it.
#[derive(Debug, Default)]
pub(super) struct Checker {
    messages: BTreeMap<Number, Message>,
    /// By client and channel: the first message that the subscriber has a right to.
    subscribed: BTreeMap<(&'static str, &'static str), Number>,
    delivered: BTreeSet<(&'static str, Number)>,
    places: BTreeMap<Place, Number>,
    /// The last stored message that was sent on a socket, by log.
    last: BTreeMap<(Socket, LogId), Sequence>,
    /// The present session of each client: its socket, and since when.
    sessions: BTreeMap<&'static str, (Socket, Duration)>,
}

#[derive(Debug)]
struct Message {
    publisher: &'static str,
    channel: &'static str,
    is_acknowledged: bool,
    place: Option<Place>,
}

impl Checker {
    /// A message is handed in; numbers ascend.
    pub(super) fn published(
        &mut self,
        number: Number,
        publisher: &'static str,
        channel: &'static str,
    ) {
        let message = Message { publisher, channel, is_acknowledged: false, place: None };
        self.messages.insert(number, message);
    }

    /// The publisher was told that its message is stored.
    pub(super) fn acknowledged(&mut self, number: Number) {
        self.messages.get_mut(&number).expect("it was published").is_acknowledged = true;
    }

    /// A client was told that it is subscribed: it has a right to all from message `next` on.
    pub(super) fn subscribed(&mut self, client: &'static str, channel: &'static str, next: Number) {
        self.subscribed.entry((client, channel)).or_insert(next);
    }

    /// A client's session was opened.
    pub(super) fn opened(&mut self, client: &'static str, socket: Socket, now: Duration) {
        self.sessions.insert(client, (socket, now));
    }

    /// A client's connection has ended: who owned the client all the time may serve it on.
    pub(super) fn closed(&mut self, client: &'static str, socket: Socket) {
        if self.sessions.get(client).is_some_and(|(present, _)| *present == socket) {
            self.sessions.remove(client);
        }
    }

    /// A stored message was sent to a client.
    pub(super) fn delivered(
        &mut self,
        (client, socket): (&'static str, Socket),
        number: Number,
        (log, sequence): Place,
        now: Duration,
    ) {
        let message = self.messages.get_mut(&number);
        let message = message.unwrap_or_else(|| panic!("{number} was never published"));
        let place = *message.place.get_or_insert((log, sequence));
        assert_eq!(place, (log, sequence), "{number} stands at two places");
        let there = *self.places.entry(place).or_insert(number);
        assert_eq!(there, number, "two messages stand at {place:?}");
        let last = self.last.entry((socket, log)).or_default();
        assert!(*last < sequence, "{client} is sent {sequence} of {log:?} behind {last}");
        *last = sequence;
        self.delivered.insert((client, number));
        if let Some(&(present, since)) = self.sessions.get(client) {
            let is_late = present != socket && since + OVERLAP_MAX < now;
            let both = now.saturating_sub(since);
            assert!(
                !is_late,
                "{client} is served on two nodes for {both:?}: {socket} is old, {present} new"
            );
        }
    }

    /// Nothing is under way any more, and all clients are there.
    pub(super) fn check_end(&self) {
        for (&(client, channel), &first) in &self.subscribed {
            for (number, message) in self.messages.range(first..) {
                let is_owed = message.is_acknowledged && message.channel == channel;
                let has_it = self.delivered.contains(&(client, *number));
                assert!(!is_owed || has_it, "{client} never got {number} on {channel}");
            }
        }
        self.check_order();
    }

    /// Of one publisher the messages of a channel stand in the log as they were published, over all its sessions.
    fn check_order(&self) {
        let mut last: BTreeMap<(&str, &str), (Number, Place)> = BTreeMap::new();
        for (number, message) in &self.messages {
            let Some(place) = message.place else { continue };
            let by = (message.publisher, message.channel);
            if let Some((before, at)) = last.insert(by, (*number, place)) {
                assert!(
                    at < place,
                    "{before} stands at {at:?}, and {number} before it, at {place:?}"
                );
            }
        }
    }
}
