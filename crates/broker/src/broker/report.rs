//! What the server's operator and its application ask: who is there, and what channels hold.

use std::{sync::Arc, time::Duration};

use rialto_domain::{ClientId, CloseReason, Retained, Rights, UnixMs};

use crate::{ClientKey, ConnectionKey, Encoder, client::Connection};

use super::{Broker, count::ChannelCount};

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

/// What an open session goes by.
#[derive(Debug, Clone)]
pub struct SessionReport {
    /// The connection that it is on.
    pub connection: ConnectionKey,
    /// What its client may do; without, everything.
    pub rights: Option<Arc<dyn Rights>>,
    /// Within which time its client has to give a sign of life, if it has to.
    pub heartbeat: Option<Duration>,
}

impl<E: Encoder> Broker<E> {
    /// Returns what a client's session goes by; `None` if it has no open one.
    pub fn session_report(&self, client: &str) -> Option<SessionReport> {
        let connection = self.clients[*self.client_keys.get(client)?].connection?;
        let Connection { profile, rights, .. } = &self.connections[connection];
        let heartbeat = profile.has_heartbeat.then_some(self.settings.heartbeat_timeout);
        Some(SessionReport { connection, rights: rights.clone(), heartbeat })
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

    /// Returns what is known of a client.
    pub fn client_report(&self, id: &str) -> Option<ClientReport> {
        self.client_keys.get(id).map(|&key| self.report_client(key))
    }

    /// Returns what is known of a channel that is in use.
    pub fn channel_report(&self, name: &str) -> Option<ChannelReport> {
        self.count_channel(name).map(ChannelReport::from)
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
            subscription_count: client.subscription_count(),
        }
    }
}

impl From<ChannelCount> for ChannelReport {
    fn from(count: ChannelCount) -> Self {
        ChannelReport {
            name: count.name.as_str().to_owned(),
            subscriber_count: count.subscriber_count as usize,
            persistent_count: count.persistent_count as usize,
            has_retained: count.has_retained,
            history_count: count.history_count as usize,
            log_count: count.log_count,
            log_bytes: count.log_bytes,
        }
    }
}
