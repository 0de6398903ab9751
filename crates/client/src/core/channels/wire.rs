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

    fn tidy(&mut self, name: &str) {
        if self.channels.get(name).is_some_and(Channel::is_idle) {
            self.channels.remove(name);
        }
    }
}
