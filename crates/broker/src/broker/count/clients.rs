//! Clients that are known, and what one is subscribed to.

use std::time::Duration;

use rialto_domain::{ChannelName, ClientId, UnixMs};

use super::{ENTRY, NOTHING, SUBSCRIPTION, Step};
use crate::{
    Broker, ChannelKey, ClientKey, ConnectionKey, Encoder,
    channel::Channel,
    client::{Client, Subscription},
};

/// A client in memory, as it was when it was counted.
#[derive(Debug, Clone)]
pub struct ClientCount {
    /// Names it as long as it is in memory.
    pub key: ClientKey,
    /// Its id.
    pub id: ClientId,
    /// The connection of its session, while it has one.
    pub connection: Option<ConnectionKey>,
    /// Whether its connection was lost and it may come back to its session.
    pub is_lost: bool,
    /// Channels it is subscribed to, its own direct one left out.
    pub subscription_count: u32,
    /// Stored messages behind the last one up to which it has acknowledged all, over its persistent
    /// subscriptions.
    pub lag: u64,
    /// Messages that it published on this connection, refused ones included.
    pub published_count: u64,
    /// How long its connection has been there.
    pub connected_for: Option<Duration>,
    /// How long ago its connection was heard.
    pub heard_ago: Option<Duration>,
    /// When it was there last; now, while it is.
    pub last_seen: UnixMs,
}

/// A channel that a client is subscribed to.
#[derive(Debug, Clone)]
pub struct SubscriptionCount {
    /// The channel.
    pub channel: ChannelName,
    /// Whether it outlives the session.
    pub is_persistent: bool,
    /// Stored messages behind the last one up to which all are acknowledged.
    pub lag: u64,
    /// Messages that it was sent and has not acknowledged.
    pub unacknowledged: u64,
}

/// Where a count of clients goes on.
#[derive(Debug, Default)]
pub struct ClientCounting {
    place: usize,
    /// Of the client there: the subscription behind which its lag is counted on, and its lag so far.
    begun: Option<(ClientKey, ChannelKey)>,
    lag: u64,
}

impl<E: Encoder> Broker<E> {
    /// Takes a step of a count of all clients in memory, and says whether there are more. `take` gets
    /// each, not in the order of their names, and maybe one more than once.
    ///
    /// # Cost
    /// At most 256 clients are looked at, or 512 of their subscriptions, and fewer once `has_time`, which is
    /// asked after each sixteenth of that, says no.
    pub fn count_clients(
        &self,
        counting: &mut ClientCounting,
        has_time: impl FnMut() -> bool,
        mut take: impl FnMut(ClientCount),
    ) -> bool {
        let mut step = Step::new(has_time);
        while let Some(key) = self.client_roster.get(counting.place) {
            let client = self.clients.get(key);
            if !step.take(if client.is_some() { ENTRY } else { NOTHING }) {
                return true;
            }
            if let Some(client) = client {
                if !self.count_lag((key, client), counting, &mut step) {
                    return true;
                }
                take(self.client_count((key, client), counting.lag));
            }
            *counting = ClientCounting { place: counting.place + 1, ..ClientCounting::default() };
        }
        false
    }

    /// Takes a step of the count of one client; `None` if it is not in memory, and nothing in it as long as there
    /// are more steps to take with the same `counting`.
    ///
    /// # Cost
    /// At most 512 subscriptions are looked at.
    pub fn count_client(
        &self,
        id: &str,
        counting: &mut ClientCounting,
    ) -> Option<Option<ClientCount>> {
        let &key = self.client_keys.get(id)?;
        let client = &self.clients[key];
        let is_whole = self.count_lag((key, client), counting, &mut Step::new(|| true));
        Some(is_whole.then(|| self.client_count((key, client), counting.lag)))
    }

    /// Adds up how far a client is behind; says whether the step had room for all of it.
    fn count_lag(
        &self,
        (key, client): (ClientKey, &Client),
        counting: &mut ClientCounting,
        step: &mut Step<impl FnMut() -> bool>,
    ) -> bool {
        // Another client may be in the place by now.
        let after = counting.begun.filter(|(begun, _)| *begun == key).map(|(_, channel)| channel);
        if after.is_none() {
            counting.lag = 0;
        }
        for (channel, subscription) in client.subscriptions.iter_behind(after) {
            if !step.take(SUBSCRIPTION) {
                return false;
            }
            counting.lag += subscription.lag(&self.channels[channel]);
            counting.begun = Some((key, channel));
        }
        true
    }

    fn client_count(&self, (key, client): (ClientKey, &Client), lag: u64) -> ClientCount {
        let connection = client.connection.map(|key| &self.connections[key]);
        let since = |then: Duration| self.now.uptime.saturating_sub(then);
        ClientCount {
            key,
            id: client.id.clone(),
            connection: client.connection,
            is_lost: connection.is_none() && client.detached.is_some(),
            subscription_count: client.subscription_count() as u32,
            lag,
            published_count: connection.map_or(0, |it| it.published_count),
            connected_for: connection.map(|it| since(it.opened)),
            heard_ago: connection.map(|it| since(it.last_heard)),
            last_seen: if connection.is_some() { self.now.unix_ms } else { client.last_seen.at },
        }
    }

    /// Takes a step of a count of the channels that a client in memory is subscribed to, its own direct one left out,
    /// and returns where the next goes on, if there are more; `None` if the client is not in memory.
    ///
    /// # Cost
    /// At most 256 subscriptions are looked at.
    pub fn count_subscriptions(
        &self,
        client: &str,
        after: Option<ChannelKey>,
        mut take: impl FnMut(SubscriptionCount),
    ) -> Option<Option<ChannelKey>> {
        let client = &self.clients[*self.client_keys.get(client)?];
        let mut step = Step::new(|| true);
        let mut last = after;
        for (key, subscription) in client.subscriptions.iter_behind(after) {
            if !step.take(ENTRY) {
                return Some(last);
            }
            last = Some(key);
            if Some(key) == client.direct_channel {
                continue;
            }
            let channel = &self.channels[key];
            let cursor = subscription.cursor();
            take(SubscriptionCount {
                channel: channel.name.clone(),
                is_persistent: cursor.is_some(),
                lag: subscription.lag(channel),
                unacknowledged: cursor.map_or(0, |cursor| cursor.in_flight()),
            });
        }
        Some(None)
    }
}

impl Subscription {
    /// Returns how many messages of the channel's log stand behind the last one up to which all are
    /// acknowledged.
    pub(super) fn lag(&self, channel: &Channel) -> u64 {
        let (Some(cursor), Some(log)) = (self.cursor(), &channel.log) else { return 0 };
        log.last.saturating_sub(cursor.floor().max(log.floor()))
    }
}
