//! What a loss leaves of the subscriptions, and how a new connection gets them back (K-23).

use std::sync::Arc;

use rialto_wire::jmqt::ClientPacket;

use crate::event::SubscriptionState;
use crate::message::Ack;

use super::super::channel::Key;
use super::super::outlet::Outlet;
use super::{Channels, Line};

impl<T> Channels<T> {
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
    pub(super) fn shared_subscriptions(&self) -> Vec<(Arc<str>, Vec<Key>)> {
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
}
