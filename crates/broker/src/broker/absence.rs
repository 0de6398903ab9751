//! Lost clients: their connection ended without a goodbye, and they have some time to come back to
//! their subscriptions and to what came meanwhile.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rialto_domain::{ClientId, Rights};

use crate::{
    ChannelKey, ClientKey, ConnectionKey, Encoder, Manners, Mark,
    client::Subscription,
    inbox::{Inbox, Missed},
    memory::allocated,
    output::Delivery,
};

use super::Broker;

/// A client that is lost, or that is back and has not got what it missed yet.
#[derive(Debug)]
pub(crate) struct Absence {
    manners: Manners,
    /// When it is forgotten.
    until: Duration,
    /// What it may do: its session ends when it may have none.
    rights: Option<Arc<dyn Rights>>,
    inbox: Inbox,
}

impl Absence {
    /// Returns what the client may do, if that is limited.
    pub(super) fn rights(&self) -> Option<&Arc<dyn Rights>> {
        self.rights.as_ref()
    }

    /// Sets what the client may do, and returns what it might before.
    pub(super) fn set_rights(&mut self, rights: Arc<dyn Rights>) -> Option<Arc<dyn Rights>> {
        self.rights.replace(rights)
    }
}

/// Who is lost, and who is back.
#[derive(Debug, Default)]
pub(super) struct Absences {
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

impl Absences {
    fn note(&mut self, absence: &Absence) {
        self.bytes += absence.bytes();
        self.waiting += absence.inbox.count();
    }

    fn unnote(&mut self, absence: &Absence) {
        self.bytes -= absence.bytes();
        self.waiting -= absence.inbox.count();
    }
}

impl Absence {
    /// Returns how many messages wait for the client.
    pub(super) fn waiting(&self) -> u64 {
        self.inbox.count()
    }

    pub(super) fn bytes(&self) -> usize {
        allocated(size_of::<Self>()) + self.inbox.bytes()
    }
}

impl<E: Encoder> Broker<E> {
    /// Says whether a client is lost, and may come back to its subscriptions.
    pub fn is_lost(&self, client: &str) -> bool {
        let client = self.client_keys.get(client).map(|&key| &self.clients[key]);
        client.is_some_and(|client| client.absence.is_some() && client.connection.is_none())
    }

    /// Says whether a client has an open session.
    pub fn is_online(&self, client: &str) -> bool {
        let key = self.client_keys.get(client);
        key.is_some_and(|&key| self.clients[key].connection.is_some())
    }

    /// Returns the names of the channels a client is subscribed to, its own direct one left out.
    pub fn subscriptions(&self, client: &ClientId) -> Vec<&str> {
        let Some(&key) = self.client_keys.get(client) else { return Vec::new() };
        let client = &self.clients[key];
        let keys = client.subscriptions.keys().filter(|key| Some(*key) != client.direct_channel);
        keys.map(|key| self.channels[key].name.as_str()).collect()
    }

    /// Returns the lost clients that were forgotten since this was last asked.
    pub fn take_forgotten(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.absences.forgotten)
    }

    /// Keeps the subscriptions of a client whose connection was lost, and what comes for them.
    pub(super) fn lose(&mut self, key: ClientKey, connection: ConnectionKey, manners: Manners) {
        let until = self.now.uptime + manners.resume_for;
        let rights = self.connections[connection].rights.clone();
        // There is one if it was back and did not get what it missed.
        let inbox = self.take_absence(key).map_or_else(Inbox::default, |absence| absence.inbox);
        let absence = Absence { manners, until, rights, inbox };
        self.absences.note(&absence);
        self.clients[key].absence = Some(Box::new(absence));
        self.absences.lost.insert((until, key));
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
    /// What it missed comes at once, or after the pause that its manners want.
    pub(super) fn welcome_back(&mut self, key: ClientKey, connection: ConnectionKey) -> bool {
        let Some(absence) = &mut self.clients[key].absence else { return false };
        // Those of its new session count.
        absence.rights = None;
        self.absences.lost.remove(&(absence.until, key));
        self.stats.sessions_restored += 1;
        let pause = self.connections[connection].manners.resume_pause;
        if pause.is_zero() {
            self.end_absence(key, connection);
        } else {
            self.absences.returning.insert((self.now.uptime + pause, key, connection));
        }
        true
    }

    /// Ends an absence: what was missed goes out, and from now on everything goes directly.
    fn end_absence(&mut self, key: ClientKey, connection: ConnectionKey) {
        let Some(absence) = self.take_absence(key) else { return };
        for channel in self.clients[key].subscriptions.keys().collect::<Vec<_>>() {
            if self.channels[channel].absent.swap_remove(&key) {
                self.add_receiver(channel, connection, key);
            }
        }
        self.deliver_missed(connection, absence.inbox);
    }

    /// Takes what is known of a client as one that is lost.
    pub(super) fn take_absence(&mut self, key: ClientKey) -> Option<Box<Absence>> {
        let absence = self.clients.get_mut(key)?.absence.take()?;
        self.absences.unnote(&absence);
        Some(absence)
    }

    fn deliver_missed(&mut self, connection: ConnectionKey, mut inbox: Inbox) {
        let Manners { format, acknowledges, .. } = self.connections[connection].manners;
        let mut owed = 0;
        while let Some(message) = inbox.pop() {
            let about = &message.about;
            let is_owed = about.acknowledged && acknowledges;
            let mark = if is_owed { Mark::Acknowledged(self.live_id()) } else { Mark::Plain };
            owed += u32::from(is_owed);
            let source = about.source(message.stamp);
            let envelope = self.encoder.envelope(format, &about.channel, source);
            let mut frames = Vec::new();
            self.encoder.delivery(&envelope, &message.payload, mark, &mut frames);
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
            let Some(absence) = &mut client.absence else { continue };
            let echo = absence.manners.echo.unwrap_or(self.channels[channel].profile.echo);
            if !echo && missed.about().publisher == client.id {
                continue;
            }
            self.stats.deliveries += missed.count() as u64;
            if is_short {
                self.stats.dropped_absent += missed.count() as u64;
            } else {
                self.absences.unnote(absence);
                self.stats.dropped_absent += absence.inbox.push(missed, limits);
                self.absences.note(absence);
            }
        }
    }

    /// Ends what is due: absences that lasted too long, and pauses of those who are back.
    pub(super) fn end_absences(&mut self) {
        while let Some(&(due, key, connection)) = self.absences.returning.first()
            && due <= self.now.uptime
        {
            self.absences.returning.pop_first();
            let is_there =
                self.clients.get(key).is_some_and(|it| it.connection == Some(connection));
            // One that was sent away meanwhile gets nothing more.
            if is_there && !self.is_closing(connection) {
                self.end_absence(key, connection);
            }
        }
        while let Some(&(until, key)) = self.absences.lost.first()
            && until <= self.now.uptime
        {
            self.forget_lost(key);
        }
    }

    /// Returns the clients that are lost.
    pub(super) fn lost_clients(&self) -> impl Iterator<Item = ClientKey> {
        self.absences.lost.iter().map(|&(_, client)| client)
    }

    /// Ends the session of a lost client, with all that was kept for it.
    pub(super) fn forget_lost(&mut self, key: ClientKey) {
        self.settle();
        let Some(absence) = self.take_absence(key) else { return };
        self.stats.dropped_expired += absence.inbox.count();
        self.absences.lost.remove(&(absence.until, key));
        self.expect_no_end(key, absence.rights.as_deref());
        let name = self.clients[key].id.clone();
        self.drop_session_subscriptions(key);
        self.absences.forgotten.push(name);
    }

    /// Forgets subscriptions that end with the session, and a client that does.
    pub(super) fn drop_session_subscriptions(&mut self, key: ClientKey) {
        let client = &mut self.clients[key];
        let is_transient = client.is_transient;
        let channels: Vec<ChannelKey> = client.subscriptions.keys().collect();
        client.subscriptions.retain(|kind| matches!(kind, Subscription::Persistent(_)));
        client.keep_forced_where_subscribed();
        for channel in channels {
            self.channels[channel].absent.swap_remove(&key);
            self.drop_if_idle(channel);
        }
        if is_transient {
            self.client_keys.remove(&self.clients[key].id);
            self.clients.remove(key);
        }
    }

    /// Forgets what a client missed on a channel that it wants no more of.
    pub(super) fn forget_missed(&mut self, client: ClientKey, channel: ChannelKey) {
        let name = &self.channels[channel].name;
        if let Some(absence) = &mut self.clients[client].absence {
            self.absences.unnote(absence);
            let before = absence.inbox.count();
            absence.inbox.forget(|about| about.channel == *name);
            self.stats.dropped_expired += before - absence.inbox.count();
            self.absences.note(absence);
        }
    }

    /// Says whether somebody is to get later what is published to a channel now.
    pub(super) fn has_absent(&self, channel: ChannelKey) -> bool {
        !self.channels[channel].absent.is_empty()
    }
}
