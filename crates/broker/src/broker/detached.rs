//! Lost clients: their connection ended without a goodbye, and they have some time to come back to
//! their subscriptions and to what came meanwhile.

use std::{collections::BTreeSet, time::Duration};

use rialto_domain::ClientId;

use crate::{
    ChannelKey, ClientKey, ConnectionKey, ConnectionProfile, Encoder, Mark,
    client::Subscription,
    detached::Detached,
    inbox::{Inbox, Missed},
    output::Delivery,
};

use super::Broker;

/// Who is lost, and who is back.
#[derive(Debug, Default)]
pub(super) struct DetachedSessions {
    /// Lost clients by when they are forgotten.
    lost: BTreeSet<(Duration, ClientKey)>,
    /// Clients that are back, by when they get what they missed.
    returning: BTreeSet<(Duration, ClientKey, ConnectionKey)>,
    /// Clients that were forgotten since somebody asked.
    forgotten: Vec<ClientId>,
    /// Memory of all absences, about.
    pub(super) bytes: usize,
    /// Messages that wait in their inboxes.
    pub(super) waiting: u64,
}

impl DetachedSessions {
    fn note(&mut self, detached: &Detached) {
        self.bytes += detached.bytes();
        self.waiting += detached.inbox.count();
    }

    fn unnote(&mut self, detached: &Detached) {
        self.bytes -= detached.bytes();
        self.waiting -= detached.inbox.count();
    }
}

impl<E: Encoder> Broker<E> {
    /// Says whether a client is lost, and may come back to its subscriptions.
    pub fn is_lost(&self, client: &str) -> bool {
        let client = self.client_keys.get(client).map(|&key| &self.clients[key]);
        client.is_some_and(|client| client.detached.is_some() && client.connection.is_none())
    }

    /// Says whether a client that comes back now goes on with a session of which nothing was dropped.
    pub(super) fn can_resume(&self, client: ClientKey) -> bool {
        self.clients[client].detached.as_ref().is_some_and(|detached| !detached.missed_some)
    }

    /// Returns the lost clients that were forgotten since this was last asked.
    pub fn take_forgotten(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.detached.forgotten)
    }

    /// Keeps the subscriptions of a client whose connection was lost, and what comes for them.
    pub(super) fn detach(
        &mut self,
        key: ClientKey,
        connection: ConnectionKey,
        profile: ConnectionProfile,
    ) {
        let until = self.now.uptime + profile.resume_for;
        let rights = self.connections[connection].rights.clone();
        // There is one if it was back and did not get what it missed.
        let before = self.take_detached(key).map(|before| (before.inbox, before.missed_some));
        let (inbox, missed_some) = before.unwrap_or_default();
        let detached = Detached { profile, until, rights, inbox, missed_some };
        self.detached.note(&detached);
        self.clients[key].detached = Some(Box::new(detached));
        self.detached.lost.insert((until, key));
        self.stats.sessions_lost += 1;
        for channel in self.clients[key].subscriptions.keys().collect::<Vec<_>>() {
            self.channels[channel].receivers.remove(connection);
            if matches!(self.clients[key].subscriptions.get(&channel), Some(Subscription::Session))
            {
                self.channels[channel].absent.insert(key);
            }
        }
    }

    /// Lets a lost client go on with its session on a new connection; says whether it was lost.
    ///
    /// What it missed comes at once, or after the pause that its profile wants.
    pub(super) fn welcome_back(&mut self, key: ClientKey, connection: ConnectionKey) -> bool {
        let Some(detached) = &mut self.clients[key].detached else { return false };
        // Those of its new session count.
        detached.rights = None;
        self.detached.lost.remove(&(detached.until, key));
        self.stats.sessions_restored += 1;
        let pause = self.connections[connection].profile.resume_pause;
        if pause.is_zero() {
            self.attach(key, connection);
        } else {
            self.detached.returning.insert((self.now.uptime + pause, key, connection));
        }
        true
    }

    /// Attaches a client that is back: what it missed goes out, and from now on everything goes directly.
    fn attach(&mut self, key: ClientKey, connection: ConnectionKey) {
        let Some(detached) = self.take_detached(key) else { return };
        for channel in self.clients[key].subscriptions.keys().collect::<Vec<_>>() {
            if self.channels[channel].absent.swap_remove(&key) {
                self.add_receiver(channel, connection, key);
            }
        }
        self.deliver_missed(connection, detached.inbox);
    }

    /// Takes what is known of a client as one that is lost.
    pub(super) fn take_detached(&mut self, key: ClientKey) -> Option<Box<Detached>> {
        let detached = self.clients.get_mut(key)?.detached.take()?;
        self.detached.unnote(&detached);
        Some(detached)
    }

    fn deliver_missed(&mut self, connection: ConnectionKey, mut inbox: Inbox) {
        let ConnectionProfile { format, acknowledges, .. } = self.connections[connection].profile;
        let mut owed = 0;
        while let Some(message) = inbox.pop() {
            let about = &message.about;
            let is_owed = about.acknowledged && acknowledges;
            let mark =
                if is_owed { Mark::Acknowledged(self.live_ids.next_id()) } else { Mark::Plain };
            owed += u32::from(is_owed);
            let source = about.source(message.stamp);
            let mut envelope = self.encoder.envelope(format, &about.channel, source);
            let mut frames = Vec::new();
            self.encoder.delivery(&mut envelope, &message.payload, mark, &mut frames);
            let frames = self.addressed(connection, frames);
            let frames = self.outputs.tally().frames(frames);
            self.stats.dropped_dialect += u64::from(frames.is_empty());
            let count = u32::from(!frames.is_empty());
            let delivery = Delivery { connection, frames, count, droppable: !is_owed };
            self.outputs.deliver_begun(delivery);
        }
        if let Err(reason) =
            self.connections[connection].owe(owed, self.settings.unacknowledged_max)
        {
            self.close(connection, reason);
        }
    }

    /// Keeps messages for the lost clients of their channel.
    pub(super) fn keep_for_absent(&mut self, channel: ChannelKey, missed: &Missed) {
        let is_short = self.is_short_of_memory;
        let limits = self.settings.inbox;
        for &key in &self.channels[channel].absent {
            let client = &mut self.clients[key];
            let Some(detached) = &mut client.detached else { continue };
            let echo = detached.profile.echo.unwrap_or(self.channels[channel].profile.echo);
            if !echo && missed.about().publisher == client.id {
                continue;
            }
            self.stats.deliveries += missed.count() as u64;
            let dropped = if is_short {
                missed.count() as u64
            } else {
                self.detached.unnote(detached);
                let dropped = detached.inbox.push(missed, limits);
                self.detached.note(detached);
                dropped
            };
            detached.missed_some |= 0 < dropped;
            self.stats.dropped_absent += dropped;
        }
    }

    /// Ends what is due: absences that lasted too long, and pauses of those who are back.
    pub(super) fn end_detached(&mut self) {
        while let Some(&(due, key, connection)) = self.detached.returning.first()
            && due <= self.now.uptime
        {
            self.detached.returning.pop_first();
            let is_there =
                self.clients.get(key).is_some_and(|it| it.connection == Some(connection));
            // One that was sent away meanwhile gets nothing more.
            if is_there && !self.is_closing(connection) {
                self.attach(key, connection);
            }
        }
        while let Some(&(until, key)) = self.detached.lost.first()
            && until <= self.now.uptime
        {
            self.forget_lost(key);
        }
    }

    /// Returns the clients that are lost.
    pub(super) fn lost_clients(&self) -> impl Iterator<Item = ClientKey> {
        self.detached.lost.iter().map(|&(_, client)| client)
    }

    /// Tells nobody that a client was forgotten.
    pub(super) fn unnote_forgotten(&mut self, id: &ClientId) {
        self.detached.forgotten.retain(|forgotten| forgotten != id);
    }

    /// Ends the session of a lost client, with all that was kept for it.
    pub(super) fn forget_lost(&mut self, key: ClientKey) {
        self.settle();
        let Some(detached) = self.take_detached(key) else { return };
        self.stats.dropped_expired += detached.inbox.count();
        self.detached.lost.remove(&(detached.until, key));
        self.expect_no_end(key, detached.rights.as_deref());
        let name = self.clients[key].id.clone();
        self.drop_session_subscriptions(key);
        self.may_leave(key);
        self.detached.forgotten.push(name);
    }

    /// Forgets subscriptions that end with the session, and a client that does.
    pub(super) fn drop_session_subscriptions(&mut self, key: ClientKey) {
        let client = &mut self.clients[key];
        let is_transient = client.is_transient;
        let channels: Vec<ChannelKey> = client.subscriptions.keys().collect();
        client.subscriptions.retain(|kind| matches!(kind, Subscription::Persistent(_)));
        client.keep_server_assigned_where_subscribed();
        for channel in channels {
            self.channels[channel].absent.swap_remove(&key);
            self.drop_if_idle(channel);
        }
        if is_transient && let Some(client) = self.clients.remove(key) {
            self.client_keys.remove(&client.id);
            // Or its session would not have begun; nothing was stored since.
            self.know_new(&client.id);
            self.note_absent(&client.id, client.epoch);
        }
    }

    /// Forgets what a client missed on a channel that it wants no more of.
    pub(super) fn forget_missed(&mut self, client: ClientKey, channel: ChannelKey) {
        let name = &self.channels[channel].name;
        if let Some(detached) = &mut self.clients[client].detached {
            self.detached.unnote(detached);
            let before = detached.inbox.count();
            detached.inbox.forget(|about| about.channel == *name);
            self.stats.dropped_expired += before - detached.inbox.count();
            self.detached.note(detached);
        }
    }

    /// Says whether somebody is to get later what is published to a channel now.
    pub(super) fn has_absent(&self, channel: ChannelKey) -> bool {
        !self.channels[channel].absent.is_empty()
    }
}
