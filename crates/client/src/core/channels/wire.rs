//! What the subscriptions say to the broker, and hear from it.

use std::sync::Arc;
use std::time::Instant;

use rialto_wire::jmqt::{ClientPacket, status};

use crate::backoff::Backoff;
use crate::error::RequestError;
use crate::event::{SubscriptionEnd, SubscriptionState};
use crate::message::Ack;
use crate::status::Refusal;

use super::super::channel::{Channel, Key, Leaver};
use super::super::outlet::{Effect, Outlet};
use super::{Channels, Line};

impl<T> Channels<T> {
    /// Asks the broker for a subscription that `members` share.
    pub(super) fn ask(&mut self, name: &str, members: Vec<Key>, out: &mut Outlet<T>) {
        let Some(first) = members.first() else { return };
        let persistent = self.members[first].is_persistent();
        let Some(channel) = self.channels.get_mut(name) else { return };
        out.send(&ClientPacket::Sub { channel: name.into(), persistent });
        channel.retry_at = None;
        channel.asked.push_back(members);
        self.asked_count += 1;
    }

    /// Takes the answer to a `sub`.
    pub(crate) fn on_sub_ack(
        &mut self,
        now: Instant,
        name: &str,
        verdict: Result<Ack, Refusal>,
        out: &mut Outlet<T>,
    ) {
        let Some(channel) = self.channels.get_mut(name) else { return };
        let Some(mut members) = channel.asked.pop_front() else { return };
        self.asked_count -= 1;
        members.retain(|key| channel.members.contains(key));
        match verdict {
            Ok(_) => {
                let is_restored = channel.was_made && !channel.is_active;
                channel.was_made = true;
                channel.is_active = true;
                channel.futile_count = 0;
                channel.retained_for.clone_from(&members);
                for key in members {
                    let is_again =
                        is_restored && self.members[&key].state == SubscriptionState::Waiting;
                    self.become_active(key, (is_again, is_again && !self.is_resumed), out);
                }
            }
            Err(refusal) if refusal.status.0 == status::SERVER_ERROR => {
                let wait = Backoff::default().wait(channel.futile_count, &mut self.dice);
                channel.futile_count += 1;
                channel.retry_at = Some(now + wait);
                self.has_retries = true;
            }
            Err(refusal) => {
                let error = RequestError::Refused(refusal);
                for key in members {
                    self.end(key, SubscriptionEnd::Refused, &error, out);
                }
            }
        }
        self.tidy(name);
    }

    /// Ends a subscription, at the broker too if it is the last one to its channel.
    pub(crate) fn leave(
        &mut self,
        key: Key,
        ticket: Option<T>,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) {
        let Some(member) = self.members.get(&key) else {
            return out.effects.extend(ticket.map(|it| Effect::Answer(it, Ok(Ack::default()))));
        };
        let (name, is_lasting) = (Arc::clone(&member.channel), member.is_persistent());
        let is_wired = !member.listens && !matches!(member.state, SubscriptionState::Ended(_));
        let is_last = self
            .channels
            .get(&name)
            .is_none_or(|channel| self.wired(channel).all(|other| other == key));
        self.end(key, SubscriptionEnd::Unsubscribed, &RequestError::Withdrawn, out);
        self.forget(key, line, out);
        if is_wired && is_last {
            self.unsubscribe(&name, Leaver { ticket, is_lasting }, line, out);
        } else if let Some(ticket) = ticket {
            out.answer(ticket, Ok(Ack::default()));
        }
    }

    /// Tells the broker that a subscription is over.
    pub(crate) fn unsubscribe(
        &mut self,
        name: &str,
        leaver: Leaver<T>,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) {
        let channel = self.channels.entry(name.into()).or_insert_with(Channel::new);
        channel.was_made = false;
        channel.is_active = false;
        channel.retry_at = None;
        if line.is_some() {
            out.send(&ClientPacket::Unsub { channel: name.into() });
            channel.leaving.push_back(leaver);
            self.asked_count += 1;
            return;
        }
        // What is not persistent the broker has dropped with the connection.
        let verdict =
            if leaver.is_lasting { Err(RequestError::Offline) } else { Ok(Ack::default()) };
        if let Some(ticket) = leaver.ticket {
            out.answer(ticket, verdict);
        }
        self.tidy(name);
    }

    /// Takes the answer to an `unsub`.
    pub(crate) fn on_unsub_ack(
        &mut self,
        name: &str,
        verdict: Result<Ack, Refusal>,
        out: &mut Outlet<T>,
    ) {
        let Some(channel) = self.channels.get_mut(name) else { return };
        let Some(leaver) = channel.leaving.pop_front() else { return };
        self.asked_count -= 1;
        if let Some(ticket) = leaver.ticket {
            out.answer(ticket, verdict.map_err(RequestError::Refused));
        }
        self.tidy(name);
    }

    /// Brings a new connection to where the last one was (K-23); returns whether the broker must be
    /// asked which persistent subscriptions it has.
    pub(crate) fn on_online(
        &mut self,
        is_resumed: bool,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) -> bool {
        self.is_resumed = is_resumed;
        self.receipts.on_online(line, out);
        let mut is_lasting_among = false;
        for (name, members) in self.shared_subscriptions() {
            let channel = &self.channels[&name];
            if channel.was_made && self.members[&members[0]].is_persistent() {
                is_lasting_among = true;
                let channel = self.channels.get_mut(&name).expect("it was there a moment ago");
                channel.retained_for = members;
            } else {
                self.ask(&name, members, out);
            }
        }
        for (name, channel) in &mut self.channels {
            for _ in &channel.leaving {
                out.send(&ClientPacket::Unsub { channel: (&**name).into() });
            }
        }
        is_lasting_among
    }

    /// Takes which subscriptions the broker has; persistent ones that it lacks are made again.
    pub(crate) fn on_subscriptions(
        &mut self,
        is_there: impl Fn(&str) -> bool,
        out: &mut Outlet<T>,
    ) {
        for (name, mut members) in self.shared_subscriptions() {
            members.retain(|key| self.members[key].state == SubscriptionState::Waiting);
            let is_persistent =
                members.first().is_some_and(|key| self.members[key].is_persistent());
            if !is_persistent {
                continue;
            }
            if !is_there(&name) {
                self.ask(&name, members, out);
                continue;
            }
            if let Some(channel) = self.channels.get_mut(&name) {
                channel.is_active = true;
            }
            for key in members {
                self.become_active(key, (true, false), out);
            }
        }
    }

    /// Returns the channels that the broker knows of, in the order of the subscriptions, with theirs.
    fn shared_subscriptions(&self) -> Vec<(Arc<str>, Vec<Key>)> {
        let mut all = Vec::new();
        for (key, member) in &self.members {
            let Some(channel) = self.channels.get(&member.channel) else { continue };
            if self.wired(channel).next() == Some(*key) {
                all.push((Arc::clone(&member.channel), self.wired(channel).collect()));
            }
        }
        all
    }

    /// Notes that the connection is gone.
    pub(crate) fn on_lost(&mut self, out: &mut Outlet<T>) {
        self.receipts.on_lost();
        self.unclaimed.on_lost();
        self.asked_count = 0;
        for channel in self.channels.values_mut() {
            channel.asked.clear();
            channel.is_active = false;
            channel.retry_at = None;
            for _ in 0..channel.leaving.len() {
                let Some(leaver) = channel.leaving.pop_front() else { break };
                if leaver.is_lasting {
                    channel.leaving.push_back(leaver);
                    self.asked_count += 1;
                } else if let Some(ticket) = leaver.ticket {
                    out.answer(ticket, Ok(Ack::default()));
                }
            }
        }
        self.channels.retain(|_, channel| !channel.is_idle());
        let keys: Vec<Key> = self.members.keys().copied().collect();
        for key in keys {
            let member = &self.members[&key];
            if !member.listens && member.state == SubscriptionState::Active {
                self.change(key, SubscriptionState::Waiting, (false, false), out);
            }
        }
    }

    /// Returns when a subscription is asked for again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.has_retries {
            return None;
        }
        self.channels.values().filter_map(|channel| channel.retry_at).min()
    }

    /// Asks again for what the broker could not do before. Only while online.
    pub(crate) fn on_time(&mut self, now: Instant, out: &mut Outlet<T>) {
        if !self.has_retries {
            return;
        }
        for (name, members) in self.shared_subscriptions() {
            if self.channels[&name].retry_at.is_some_and(|at| at <= now) {
                self.ask(&name, members, out);
            }
        }
        self.has_retries = self.channels.values().any(|channel| channel.retry_at.is_some());
    }

    /// Ends non-persistent subscriptions at the broker, and takes nothing more (K-61).
    pub(crate) fn drain(&mut self, line: Line<'_>, out: &mut Outlet<T>) {
        self.is_draining = true;
        let keys: Vec<Key> = self.members.keys().copied().collect();
        for key in keys {
            let member = &self.members[&key];
            let is_last = self
                .channels
                .get(&member.channel)
                .is_some_and(|channel| self.wired(channel).all(|other| other == key));
            let is_temporary = !member.listens && !member.is_persistent() && is_last;
            let name = Arc::clone(&member.channel);
            self.end(key, SubscriptionEnd::Closed, &RequestError::Withdrawn, out);
            self.clear(key, line, out);
            if is_temporary {
                self.unsubscribe(&name, Leaver { ticket: None, is_lasting: false }, line, out);
            }
        }
    }

    /// Drops what a subscription has not given out.
    fn clear(&mut self, key: Key, line: Line<'_>, out: &mut Outlet<T>) {
        let Some(member) = self.members.get_mut(&key) else { return };
        self.full_count -= usize::from(member.inbox.is_full());
        while let Some(item) = member.inbox.take() {
            self.bytes -= item.bytes();
            if let Some(receipt) = item.receipt {
                self.receipts.close(&receipt, true, line, out);
            }
        }
    }

    /// Ends everything, because the client has ended. What has arrived can still be read.
    pub(crate) fn end_all(&mut self, error: &RequestError, out: &mut Outlet<T>) {
        for channel in self.channels.values_mut() {
            for leaver in channel.leaving.drain(..) {
                if let Some(ticket) = leaver.ticket {
                    out.answer(ticket, Err(error.clone()));
                }
            }
        }
        let keys: Vec<Key> = self.members.keys().copied().collect();
        for key in keys {
            self.end(key, SubscriptionEnd::Closed, error, out);
        }
        self.channels.clear();
        self.asked_count = 0;
    }

    fn tidy(&mut self, name: &str) {
        if self.channels.get(name).is_some_and(Channel::is_idle) {
            self.channels.remove(name);
        }
    }
}
