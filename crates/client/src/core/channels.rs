//! The subscriptions of a client: who gets what comes (K-20 to K-36).

mod reading;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::dice::Dice;
use crate::error::RequestError;
use crate::event::{Event, SubscriptionChange, SubscriptionEnd, SubscriptionState};
use crate::message::{Ack, Persistence, Push, Qos, SubscribeOptions};

use super::channel::{Channel, Key};
use super::heartbeat::Heartbeat;
use super::inbox::{Bounds, Inbox, Item};
use super::outlet::{Effect, Outlet};
use super::receipts::{PushId, Receipts};
use super::unclaimed::Unclaimed;

/// Stands for all channels whose pushes no other subscription takes.
pub(crate) const REST: &str = "";
/// Stands for the client's own direct channel while its name is not known.
pub(crate) const DIRECT: &str = "#";
/// Bytes that wait in all inboxes before the connection is given up.
pub(crate) const ALL_BYTES_MAX: usize = 64 << 20;

/// A subscription of the application.
#[derive(Debug)]
struct Member<T> {
    channel: Arc<str>,
    /// Whether it takes what comes without a `sub` (K-27).
    listens: bool,
    options: SubscribeOptions,
    state: SubscriptionState,
    /// Whoever waits for the broker's consent.
    ticket: Option<T>,
    inbox: Inbox,
    /// The message that was given out last, to be acknowledged when the next one is asked for.
    in_hand: Option<InHand>,
}

/// A message that was given out and is acknowledged with the next one.
#[derive(Debug)]
struct InHand {
    receipt: PushId,
    /// Whether the application still has the message, and may acknowledge it itself.
    is_held: bool,
}

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
    /// Inboxes at their bound.
    full_count: usize,
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
            full_count: 0,
            asked_count: 0,
            is_draining: false,
            is_resumed: false,
            takers: Vec::new(),
        }
    }

    /// Returns whether some inbox is at its bound.
    pub(crate) fn is_full(&self) -> bool {
        0 < self.full_count
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

    /// Gives a push to all subscriptions that are to have it.
    pub(crate) fn on_push(&mut self, push: Push, line: Line<'_>, out: &mut Outlet<T>) {
        let mut takers = std::mem::take(&mut self.takers);
        takers.clear();
        let own = push.channel.starts_with('#').then_some(DIRECT);
        for channel in [Some(push.channel.as_str()), own].into_iter().flatten() {
            let Some(channel) = self.channels.get(channel) else { continue };
            takers.extend(channel.members.iter().copied().filter(|key| {
                !push.retained || channel.retained_for.contains(key) || self.members[key].listens
            }));
        }
        if takers.is_empty()
            && let Some(rest) = self.channels.get(REST)
        {
            takers.extend(&rest.members);
        }
        if self.is_draining {
            // It stays unacknowledged, for the next session.
        } else if !takers.is_empty() {
            self.distribute(push, &takers, line, out);
        } else if push.qos == Qos::AtLeastOnce {
            self.unclaimed.keep(push);
        } else if !push.retained && self.unclaimed.note_dropped(&push.channel) {
            out.tell(Event::Slow { channel: push.channel, dropped: Some(1) });
        }
        self.takers = takers;
    }

    fn distribute(&mut self, push: Push, takers: &[Key], line: Line<'_>, out: &mut Outlet<T>) {
        let receipt = match &push.id {
            Some(id) if push.qos == Qos::AtLeastOnce => {
                let is_lasting = takers.iter().any(|key| self.members[key].is_lasting());
                let held = (takers.len(), is_lasting);
                let Some(receipt) = self.receipts.take(id, held, line, out) else { return };
                Some(receipt)
            }
            _ => None,
        };
        self.last_arrival += 1;
        let item = Item { push: Arc::new(push), receipt, arrival: self.last_arrival };
        for key in takers {
            self.deliver(*key, item.clone(), out);
        }
    }

    fn deliver(&mut self, key: Key, item: Item, out: &mut Outlet<T>) {
        let Some(member) = self.members.get_mut(&key) else { return };
        let was_full = member.inbox.is_full();
        // The client reads on only because a call waits for its answer.
        if was_full && item.receipt.is_none() {
            if member.inbox.drop_one() {
                let channel = member.channel.to_string();
                out.tell(Event::Slow { channel, dropped: None });
            }
            return;
        }
        self.bytes += item.bytes();
        let reader = member.inbox.add(item);
        out.effects.extend(reader.map(Effect::Wake));
        if !was_full && member.inbox.is_full() {
            self.full_count += 1;
        }
    }

    fn claim(&mut self, name: &str, line: Line<'_>, out: &mut Outlet<T>) {
        let is_wanted = |channel: &str| {
            name == REST || name == channel || name == DIRECT && channel.starts_with(DIRECT)
        };
        for push in self.unclaimed.claim(is_wanted) {
            self.on_push(push, line, out);
        }
    }

    /// Ends a subscription; what has arrived can still be read.
    fn end(&mut self, key: Key, end: SubscriptionEnd, error: &RequestError, out: &mut Outlet<T>) {
        let Some(member) = self.members.get_mut(&key) else { return };
        if matches!(member.state, SubscriptionState::Ended(_)) {
            return;
        }
        if let Some(ticket) = member.ticket.take() {
            out.answer(ticket, Err(error.clone()));
        }
        out.effects.extend(member.inbox.take_reader().map(Effect::Wake));
        let refusal = match error {
            RequestError::Refused(refusal) => Some(refusal),
            _ => None,
        };
        let change = SubscriptionChange {
            channel: member.channel.to_string(),
            state: SubscriptionState::Ended(end),
            status: refusal.map(|refusal| refusal.status),
            text: refusal.and_then(|refusal| refusal.message.clone()),
            restored: false,
            gap: false,
        };
        member.state = change.state;
        let name = Arc::clone(&member.channel);
        out.tell(Event::Subscription(change));
        if let Some(channel) = self.channels.get_mut(&name) {
            channel.remove(key);
            if channel.is_idle() {
                self.channels.remove(&name);
            }
        }
    }

    fn become_active(&mut self, key: Key, (restored, gap): (bool, bool), out: &mut Outlet<T>) {
        self.change(key, SubscriptionState::Active, (restored, gap), out);
        if let Some(ticket) = self.members.get_mut(&key).and_then(|member| member.ticket.take()) {
            out.answer(ticket, Ok(Ack::default()));
        }
    }

    fn change(
        &mut self,
        key: Key,
        state: SubscriptionState,
        (restored, gap): (bool, bool),
        out: &mut Outlet<T>,
    ) {
        let Some(member) = self.members.get_mut(&key) else { return };
        if member.state == state {
            return;
        }
        member.state = state;
        let channel = member.channel.to_string();
        let (status, text) = (None, None);
        let change = SubscriptionChange { channel, state, status, text, restored, gap };
        out.tell(Event::Subscription(change));
    }
}

impl<T> Member<T> {
    fn is_persistent(&self) -> bool {
        self.options.persistence == Persistence::Persistent
    }

    /// Returns whether the broker keeps over a loss what it has not acknowledged.
    fn is_lasting(&self) -> bool {
        self.listens || self.is_persistent()
    }
}
