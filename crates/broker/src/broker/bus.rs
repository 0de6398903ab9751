//! The bus between nodes: what this one takes in goes to the others, and what they tell comes here.
//!
//! The bus may lose all of it. What is stored is found in the store then; of what is not, the receivers count what is missing.

use std::{collections::BTreeSet, time::Duration};

use rialto_domain::{
    ChannelName, LogId, MessageId, Sequence,
    bus::{Doorbell, DoorbellPage, PAGE_BYTES_MAX, Run as NodeRun},
};

use crate::{
    BusEffect, ChannelKey, ClientKey, ConnectionKey, Effect, Encoder,
    bused::{Arrival, Hearing},
    run::{Author, FinishedRun, Origin},
};

use super::{Broker, page::PendingPage, relay::Relayed};

/// How long a subscriber waits for the bus to say that it hears the channel.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// How long a channel is heard on that nobody here wants any more: subscribers come and go.
const UNHEARD_AFTER: Duration = Duration::from_secs(30);

/// How often other nodes are told to look into the store, at most.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What this node and the bus have to do with each other, over all channels.
#[derive(Debug, Default)]
pub(super) struct Bus {
    is_up: bool,
    /// Channels whose subscribers wait, by when they are told all the same.
    waiting: BTreeSet<(Duration, ChannelKey)>,
    /// Channels that nobody wants any more, by when they are heard no more.
    leaving: BTreeSet<(Duration, ChannelKey)>,
    /// Whether other nodes are to look into the store.
    pub(super) calls_look: bool,
    called_look: Duration,
}

impl Bus {
    /// Says whether what other nodes tell is likely to come.
    pub(super) fn is_up(&self) -> bool {
        self.is_up
    }
}

impl<E: Encoder> Broker<E> {
    /// Takes that the bus is there, or that it is not and may have lost something.
    pub fn on_bus(&mut self, is_up: bool) {
        self.bus.is_up = is_up;
        if !is_up {
            self.tell_waiting(|_| true);
        }
    }

    /// Takes that the bus brings what is published on a channel from now on.
    pub fn on_heard(&mut self, channel: &ChannelName) {
        self.settle();
        let Some(&key) = self.channel_keys.get(channel.as_str()) else { return };
        let Some(bused) = self.channels[key].bused.as_mut() else { return };
        if bused.hearing != Hearing::Asked {
            return;
        }
        bused.hearing = Hearing::Yes;
        self.tell_waiting(|of| of == key);
    }

    /// Has the bus bring what other nodes tell of a channel.
    pub(super) fn hear(&mut self, key: ChannelKey) {
        let channel = &mut self.channels[key];
        let bused = channel.bused.get_or_insert_default();
        if bused.hearing == Hearing::No {
            bused.hearing = Hearing::Asked;
            self.outputs.push(Effect::Bus(BusEffect::Hear(channel.name.clone())));
        }
    }

    /// Lets a new subscriber of a session wait until its channel is heard, since it may count on all that is published behind the
    /// answer. Says whether it waits: not if the bus is away.
    pub(super) fn waits_to_hear(
        &mut self,
        client: ClientKey,
        key: ChannelKey,
        reply_to: Option<ConnectionKey>,
    ) -> bool {
        self.hear(key);
        // Who gets no answer cannot count on one.
        let is_told = self.bus.is_up && reply_to.is_some();
        let Some(bused) = self.channels[key].bused.as_mut() else { return false };
        if !is_told || bused.hearing == Hearing::Yes {
            return false;
        }
        bused.waiting.push((client, reply_to));
        self.bus.waiting.insert((self.now.uptime + HEARD_WITHIN, key));
        true
    }

    /// Makes the subscriptions that wait for a channel, since what comes next is to stand behind them.
    pub(super) fn tell_waiting_of(&mut self, channel: &str) {
        if let Some(&key) = self.channel_keys.get(channel) {
            self.tell_waiting(|of| of == key);
        }
    }

    /// Makes the subscriptions that waited.
    fn tell_waiting(&mut self, is_told: impl Fn(ChannelKey) -> bool) {
        let (told, rest) = std::mem::take(&mut self.bus.waiting)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|(_, key)| is_told(*key));
        self.bus.waiting = rest;
        for (_, key) in told {
            let bused = self.channels.get_mut(key).and_then(|channel| channel.bused.as_mut());
            let waiting = bused.map(|bused| std::mem::take(&mut bused.waiting));
            for (client, reply_to) in waiting.unwrap_or_default() {
                self.heard_for(client, key, reply_to);
            }
        }
    }

    /// Makes a subscription that waited, unless its session has ended or it was taken back.
    fn heard_for(&mut self, client: ClientKey, key: ChannelKey, reply_to: Option<ConnectionKey>) {
        let Some(state) = self.clients.get(client) else { return };
        let is_same = reply_to.is_none() || state.connection == reply_to;
        if is_same && state.subscriptions.contains_key(&key) {
            self.subscribed(client, key, reply_to);
        }
    }

    /// Has a channel heard no more after a while, if nobody here wants it.
    pub(super) fn unhear_soon(&mut self, key: ChannelKey) {
        let due = self.now.uptime + UNHEARD_AFTER;
        let Some(channel) = self.channels.get_mut(key) else { return };
        if channel.has_audience() {
            return;
        }
        let Some(bused) = &mut channel.bused else { return };
        if bused.hearing != Hearing::No && !std::mem::replace(&mut bused.is_leaving, true) {
            self.bus.leaving.insert((due, key));
        }
    }

    /// Does what is due by itself.
    pub(super) fn tend_bus(&mut self) {
        let now = self.now.uptime;
        let is_late = self.bus.waiting.first().is_some_and(|(due, _)| *due <= now);
        if is_late {
            let late: BTreeSet<ChannelKey> =
                self.bus.waiting.iter().filter(|(due, _)| *due <= now).map(|it| it.1).collect();
            self.tell_waiting(|key| late.contains(&key));
        }
        self.give_up_elsewhere();
        while let Some((due, key)) = self.bus.leaving.first().copied()
            && due <= now
        {
            self.bus.leaving.pop_first();
            self.unhear(key);
        }
    }

    fn unhear(&mut self, key: ChannelKey) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let is_wanted = channel.has_audience() || channel.changes_under_way > 0;
        let Some(bused) = &mut channel.bused else { return };
        bused.is_leaving = false;
        if is_wanted || !bused.waiting.is_empty() {
            return;
        }
        bused.hearing = Hearing::No;
        bused.forget_expected();
        self.outputs.push(Effect::Bus(BusEffect::Unhear(channel.name.clone())));
        self.drop_if_idle(key);
    }

    /// Gives a run of this node's clients to the others.
    pub(super) fn relay_to_nodes(&mut self, run: &FinishedRun) {
        let channel = &mut self.channels[run.channel];
        let Some(payloads) = run.missed.clone() else { return };
        let place = channel.bused.get_or_insert_default().give(run.first.sequence, run.count);
        let origin = self.settings.replication.origin;
        let on_behalf_of = run.author.on_behalf_of.as_deref();
        self.replication.last = self.replication.last.max(run.last_sequence());
        let run = NodeRun {
            channel: channel.name.clone(),
            publisher: run.author.publisher.clone(),
            on_behalf_of: on_behalf_of.map(str::to_owned),
            at: run.author.at,
            logical: run.author.logical,
            first: MessageId { origin, ..run.first },
            place,
            is_acknowledged: run.acknowledged,
            count: run.count,
            payloads,
        };
        self.outputs.push(Effect::Bus(BusEffect::Relay(Box::new(run))));
    }

    /// Takes in messages of another node's clients, for those of this one.
    pub fn on_node_run(&mut self, run: &NodeRun) {
        self.finish_run();
        let MessageId { origin, .. } = run.first;
        if origin == self.settings.replication.origin
            || self.check_topic(run.channel.as_str()).is_err()
        {
            return;
        }
        let Some(&key) = self.channel_keys.get(run.channel.as_str()) else { return };
        let bused = self.channels[key].bused.get_or_insert_default();
        match bused.take(origin, run.place, run.count) {
            Arrival::Again => return,
            Arrival::Behind(missing) => self.note_missed(missing),
        }
        self.stats.relayed += u64::from(run.count);
        self.see_logical(run.logical);
        if !self.tails.is_empty() {
            self.tail_run(run);
        }
        if !self.channels[key].has_audience() && !self.is_remembered_at_all(key) {
            self.stats.discarded += u64::from(run.count);
            return;
        }
        let author = Author {
            from: None,
            publisher: run.publisher.clone(),
            at: run.at,
            logical: run.logical,
            server: None,
            on_behalf_of: run.on_behalf_of.as_deref().map(Into::into),
        };
        self.begin_run(key, author, Origin::Relayed(run.first), run.is_acknowledged);
        run.payloads.iter().for_each(|payload| self.push_to_run(payload));
        // What comes next is of another author, whatever it says of itself.
        self.finish_run();
    }

    fn is_remembered_at_all(&self, key: ChannelKey) -> bool {
        self.channels[key].profile.history.count_max > 0
    }

    fn tail_run(&self, run: &NodeRun) {
        for payload in run.payloads.iter() {
            let message = Relayed {
                channel: run.channel.as_str(),
                payload,
                publisher: run.publisher.as_str(),
                server: "",
                at: run.at,
                id: Some(run.first),
                logical: Some(run.logical),
            };
            self.tail_relayed(&message, None);
        }
    }

    /// Tells the other nodes that a page was committed.
    pub(super) fn ring(&mut self, page: &PendingPage, place: Option<(LogId, Sequence)>) {
        // Of what is for one client its node is told through the store; so it is of what is retained.
        self.bus.calls_look |= self.is_direct(page.channel) || page.retained.is_some();
        let Some((log, first)) = place.filter(|_| !self.is_direct(page.channel)) else { return };
        let is_small = page.payloads.as_bytes().len() <= PAGE_BYTES_MAX;
        let page_itself = || DoorbellPage {
            publisher: page.publisher.clone(),
            at: page.at,
            payloads: page.payloads.clone(),
        };
        let doorbell = Doorbell {
            origin: self.settings.replication.origin,
            channel: self.channels[page.channel].name.clone(),
            log,
            first,
            count: page.count,
            sent: self.now.unix_ms,
            page: is_small.then(page_itself),
        };
        self.outputs.push(Effect::Bus(BusEffect::Ring(Box::new(doorbell))));
    }

    /// Has other nodes look into the store, unless they were told to a moment ago: then at the next tick.
    pub(super) fn call_look(&mut self) {
        let now = self.now.uptime;
        if self.bus.called_look + LOOK_EVERY <= now {
            self.bus.calls_look = false;
            self.bus.called_look = now;
            self.outputs.push(Effect::Bus(BusEffect::Look));
        }
    }
}
