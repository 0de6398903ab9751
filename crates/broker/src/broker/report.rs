//! What the server's operator and its application ask: who is there, and what channels hold.

use std::time::Duration;

use rialto_domain::{ClientId, CloseReason, Retained, UnixMs};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, client::Subscription};

use super::Broker;

/// What is known of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientReport {
    /// Its id.
    pub id: ClientId,
    /// The connection of its session, while it has one.
    pub connection: Option<ConnectionKey>,
    /// The name it goes by in rules, while it has a session.
    pub account: Option<String>,
    /// How long its connection has been there.
    pub connected_for: Option<Duration>,
    /// When it was there last; now, while it is.
    pub last_seen: UnixMs,
    /// Whether its connection was lost and it may come back to its session.
    pub is_lost: bool,
    /// Channels it is subscribed to, its own direct one left out.
    pub subscription_count: usize,
}

/// What is known of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelReport {
    /// Its name.
    pub name: String,
    /// Connected subscribers.
    pub subscriber_count: usize,
    /// Persistent subscribers, connected or not.
    pub persistent_count: usize,
    /// Whether it has a retained message.
    pub has_retained: bool,
    /// Messages of its history.
    pub history_count: usize,
    /// Stored messages that not all persistent subscribers have acknowledged.
    pub log_count: u64,
    /// Bytes of these.
    pub log_bytes: u64,
}

impl<E: Encoder> Broker<E> {
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

    /// Returns what is known of a client.
    pub fn client_report(&self, id: &str) -> Option<ClientReport> {
        self.client_keys.get(id).map(|&key| self.report_client(key))
    }

    /// Returns the first clients behind the id `after`, by id, that have a session, or all.
    ///
    /// # Cost
    /// All clients are looked at.
    pub fn client_reports(
        &self,
        after: &str,
        only_online: bool,
        count_max: usize,
    ) -> Vec<ClientReport> {
        let behind = self.clients.iter().filter(|(_, client)| after < client.id.as_str());
        let wanted = behind.filter(|(_, client)| !only_online || client.connection.is_some());
        let keys = first_by(wanted.map(|(key, client)| (client.id.as_str(), key)), count_max);
        keys.into_iter().map(|key| self.report_client(key)).collect()
    }

    /// Returns the channels a client is subscribed to, its own direct one left out, each with whether
    /// the subscription is persistent.
    pub fn subscription_reports(&self, client: &str) -> Option<Vec<(&str, bool)>> {
        let client = &self.clients[*self.client_keys.get(client)?];
        let topics =
            client.subscriptions.iter().filter(|(key, _)| Some(*key) != client.direct_channel);
        let report = |(key, kind): (ChannelKey, &Subscription)| {
            (self.channels[key].name.as_str(), matches!(kind, Subscription::Persistent(_)))
        };
        Some(topics.map(report).collect())
    }

    /// Returns what is known of a channel that is in use.
    pub fn channel_report(&self, name: &str) -> Option<ChannelReport> {
        self.channel_keys.get(name).map(|&key| self.report_channel(key))
    }

    /// Returns the first channels in use behind the name `after`, by name.
    ///
    /// # Cost
    /// All channels are looked at.
    pub fn channel_reports(&self, after: &str, count_max: usize) -> Vec<ChannelReport> {
        let behind = self.channels.iter().filter(|(_, channel)| after < channel.name.as_str());
        let keys = first_by(behind.map(|(key, channel)| (channel.name.as_str(), key)), count_max);
        keys.into_iter().map(|key| self.report_channel(key)).collect()
    }

    /// Returns a channel's retained message.
    pub fn retained(&self, channel: &str) -> Option<&Retained> {
        let channel = &self.channels[*self.channel_keys.get(channel)?];
        channel.retained.as_deref().map(|retained| &retained.message)
    }

    /// Ends the connection of a client's session; says whether it had one. Where it may have no
    /// session any more, one that is lost ends too, with all that was kept for it.
    pub fn close_client(&mut self, client: &str, reason: CloseReason) -> bool {
        let Some(&key) = self.client_keys.get(client) else { return false };
        match self.clients[key].connection {
            Some(connection) => self.close(connection, reason),
            None if reason.ends_session() => self.forget_lost(key),
            None => return false,
        }
        self.clients.get(key).is_some_and(|client| client.connection.is_some())
    }

    fn report_client(&self, key: ClientKey) -> ClientReport {
        let client = &self.clients[key];
        let connection = client.connection.map(|key| &self.connections[key]);
        let account = connection.map(|connection| {
            let rights = connection.rights.as_ref();
            rights.map_or(client.id.as_str(), |rights| rights.account()).to_owned()
        });
        ClientReport {
            id: client.id.clone(),
            connection: client.connection,
            account,
            connected_for: connection.map(|it| self.now.uptime.saturating_sub(it.opened)),
            last_seen: if connection.is_some() { self.now.unix_ms } else { client.last_seen.at },
            is_lost: connection.is_none() && client.detached.is_some(),
            subscription_count: self.subscriptions(&client.id).len(),
        }
    }

    fn report_channel(&self, key: ChannelKey) -> ChannelReport {
        let channel = &self.channels[key];
        let log = channel.log.as_ref().map(|log| (log.count(), log.bytes()));
        let (log_count, log_bytes) = log.unwrap_or_default();
        ChannelReport {
            name: channel.name.as_str().to_owned(),
            subscriber_count: channel.receivers.len(),
            persistent_count: channel.reader_count(),
            has_retained: channel.retained.is_some(),
            history_count: channel.history.as_ref().map_or(0, |history| history.iter().count()),
            log_count,
            log_bytes,
        }
    }
}

/// Returns what stands behind the first so many names, in their order.
fn first_by<'a, K>(named: impl Iterator<Item = (&'a str, K)>, count_max: usize) -> Vec<K> {
    let mut named: Vec<(&str, K)> = named.collect();
    if count_max < named.len() {
        named.select_nth_unstable_by(count_max, |one, other| one.0.cmp(other.0));
        named.truncate(count_max);
    }
    named.sort_unstable_by(|one, other| one.0.cmp(other.0));
    named.into_iter().map(|(_, key)| key).collect()
}
