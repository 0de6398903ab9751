//! The subscriptions of a client: who gets what comes (K-20 to K-36).

mod arrival;
mod ending;
mod member;
mod reading;
mod restore;
mod states;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::dice::Dice;
use crate::error::RequestError;
use crate::event::{SubscriptionEnd, SubscriptionState};
use crate::message::SubscribeOptions;

use super::channel::{Channel, Key};
use super::heartbeat::Heartbeat;
use super::inbox::{Bounds, Inbox};
use super::outlet::Outlet;
use super::receipts::Receipts;
use super::unclaimed::Unclaimed;

use member::Member;

/// Stands for all channels whose pushes no other subscription takes.
pub(crate) const REST: &str = "";
/// Stands for the client's own direct channel while its name is not known.
pub(crate) const DIRECT: &str = "#";
/// Bytes that wait in all inboxes before the connection is given up.
pub(crate) const ALL_BYTES_MAX: usize = 64 << 20;

/// What the subscriptions need of the connection; `None` while the client is not online.
pub(crate) type Line<'a> = Option<&'a Heartbeat>;

#[derive(Debug)]
pub(crate) struct Channels<T> {
    bounds: Bounds,
    channels: HashMap<Arc<str>, Channel<T>>,
    members: BTreeMap<Key, Member<T>>,
    receipts: Receipts,
    unclaimed: Unclaimed,
    dice: Dice,
    last_key: Key,
    last_arrival: u64,
    /// Whether some subscription is to be asked for again after a while.
    has_retries: bool,
    /// Bytes in all inboxes.
    bytes: usize,
    /// Inboxes for whose sake the connection is not read.
    pausing_count: usize,
    /// Requests that the broker has not answered.
    asked_count: usize,
    /// Whether what comes now stays unacknowledged (K-61).
    is_draining: bool,
    /// Whether the present connection took up the session of the last one.
    is_resumed: bool,
    /// Kept for its memory.
    takers: Vec<Key>,
}

impl<T> Channels<T> {
    pub(crate) fn new(bounds: Bounds, dice: Dice) -> Self {
        Channels {
            bounds,
            channels: HashMap::new(),
            members: BTreeMap::new(),
            receipts: Receipts::default(),
            unclaimed: Unclaimed::default(),
            dice,
            last_key: 0,
            last_arrival: 0,
            has_retries: false,
            bytes: 0,
            pausing_count: 0,
            asked_count: 0,
            is_draining: false,
            is_resumed: false,
            takers: Vec::new(),
        }
    }

    /// Returns whether the connection should not be read for the sake of some inbox.
    pub(crate) fn is_pausing(&self) -> bool {
        0 < self.pausing_count
    }

    pub(crate) fn is_overrun(&self) -> bool {
        ALL_BYTES_MAX < self.bytes
    }

    /// Returns whether enough has been read for another connection after an overrun.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes <= ALL_BYTES_MAX / 2
    }

    /// Returns how many requests the broker has not answered.
    pub(crate) fn asked_count(&self) -> usize {
        self.asked_count
    }

    pub(crate) fn in_hand_count(&self) -> usize {
        self.receipts.in_hand_count()
    }

    pub(crate) fn state(&self, key: Key) -> SubscriptionState {
        let ended = SubscriptionState::Ended(SubscriptionEnd::Closed);
        self.members.get(&key).map_or(ended, |member| member.state)
    }

    /// Notes that the broker surely has the acknowledgements before this heartbeat.
    pub(crate) fn settle(&mut self, answered_count: u64) {
        self.receipts.settle(answered_count);
    }

    /// Adds a subscription that takes what comes for a channel anyway.
    pub(crate) fn listen(
        &mut self,
        name: &str,
        options: SubscribeOptions,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) -> Key {
        let key = self.add(name, options, true, None);
        self.become_active(key, (false, false), out);
        self.claim(name, line, out);
        key
    }

    /// Adds a subscription, and asks the broker for it if there is a connection.
    pub(crate) fn subscribe(
        &mut self,
        name: &str,
        options: SubscribeOptions,
        ticket: T,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) -> Key {
        let present = self.channels.get(name).and_then(|channel| self.wired(channel).next());
        let is_other = present
            .is_some_and(|key| self.members[&key].options.persistence != options.persistence);
        let key = self.add(name, options, false, Some(ticket));
        if is_other {
            let error = RequestError::OtherPersistence;
            self.end(key, SubscriptionEnd::Refused, &error, out);
        } else {
            if line.is_some() {
                self.ask(name, vec![key], out);
            }
            self.claim(name, line, out);
        }
        key
    }

    fn add(
        &mut self,
        name: &str,
        options: SubscribeOptions,
        listens: bool,
        ticket: Option<T>,
    ) -> Key {
        self.last_key += 1;
        let key = self.last_key;
        let channel: Arc<str> = name.into();
        let member = Member {
            channel: Arc::clone(&channel),
            listens,
            options,
            state: SubscriptionState::Pending,
            ticket,
            inbox: Inbox::new(self.bounds),
            in_hand: None,
        };
        self.members.insert(key, member);
        self.channels.entry(channel).or_insert_with(Channel::new).members.push(key);
        key
    }

    /// Returns the subscriptions of a channel that the broker knows of.
    fn wired<'a>(&'a self, channel: &'a Channel<T>) -> impl Iterator<Item = Key> + 'a {
        channel.members.iter().copied().filter(|key| !self.members[key].listens)
    }
}
