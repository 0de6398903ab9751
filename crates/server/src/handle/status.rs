//! Asking who is there, and what channels hold.

use std::{net::SocketAddr, time::Duration};

use rialto_application::Peer;
use rialto_broker::{ChannelReport, ClientReport, SubscriptionCount};
use rialto_domain::ClientId;

use super::Handle;

/// What is known of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientStatus {
    /// Its id.
    pub id: String,
    /// The name it goes by in rules, while it is online.
    pub account: Option<String>,
    /// Whether it has an open session.
    pub is_online: bool,
    /// Whether its connection was lost and its session waits for it.
    pub is_lost: bool,
    /// When it was there last, in milliseconds since the Unix epoch; now, while it is.
    pub last_seen_ms: u64,
    /// How long it has been connected.
    pub connected_for: Option<Duration>,
    /// Where it is connected from.
    pub address: Option<SocketAddr>,
    /// What it speaks.
    pub protocol: Option<&'static str>,
    /// Whether its connection is inside TLS.
    pub is_tls: bool,
    /// Channels it is subscribed to.
    pub subscription_count: usize,
}

/// A channel that a client is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The channel.
    pub channel: String,
    /// Whether it outlives the session.
    pub persistent: bool,
}

/// What is known of a channel.
pub type ChannelStatus = ChannelReport;

/// A channel's retained message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedMessage {
    /// Who published it; empty for the server.
    pub publisher: String,
    /// The message: one JSON text.
    pub payload: String,
}

/// A message of a channel's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryMessage {
    /// Who published it; empty for the server.
    pub publisher: String,
    /// When a server took it in, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The message: one JSON text.
    pub payload: String,
}

impl Handle {
    /// Returns what is known of a client; `None` if nothing is.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<ClientStatus> {
        let hub = &self.reloadable.hub;
        match hub.show_clients([id]).pop().flatten() {
            Some((report, peer)) => Some(ClientStatus::new(report, peer.as_deref())),
            None => Some(ClientStatus::new(hub.archive.client_report(id)?, None)),
        }
    }

    /// Returns the first clients behind the id `after`, by id: those that are online, or all that
    /// are known.
    ///
    /// All clients are looked at, in steps that hold nobody else up, so that this may take a part of a second where
    /// there are very many.
    #[must_use]
    pub fn clients(&self, after: &str, only_online: bool, count_max: usize) -> Vec<ClientStatus> {
        let hub = &self.reloadable.hub;
        let mut ids = Vec::new();
        hub.walk_clients(|count, _| {
            let is_wanted = !only_online || count.connection.is_some();
            if is_wanted && after < count.id.as_str() {
                ids.push(count.id);
            }
        });
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(count_max);
        let shown = hub.show_clients(ids.iter().map(ClientId::as_str)).into_iter().flatten();
        let shown = shown.map(|(report, peer)| ClientStatus::new(report, peer.as_deref()));
        let mut clients: Vec<_> = shown.filter(|status| !only_online || status.is_online).collect();
        if !only_online {
            // Those in memory first: what is stored of one of them is older.
            let stored = hub.archive.client_reports(after, count_max).into_iter();
            clients.extend(stored.map(|report| ClientStatus::new(report, None)));
            clients.sort_by(|one, other| one.id.cmp(&other.id));
            clients.dedup_by(|later, first| later.id == first.id);
            clients.truncate(count_max);
        }
        clients
    }

    /// Returns the channels a client is subscribed to; `None` if the client is not known.
    #[must_use]
    pub fn subscriptions(&self, client: &str) -> Option<Vec<Subscription>> {
        let hub = &self.reloadable.hub;
        let in_memory = hub.walk_subscriptions(client).map(|counts| {
            let subscription = |count: SubscriptionCount| Subscription {
                channel: count.channel.as_str().to_owned(),
                persistent: count.is_persistent,
            };
            counts.into_iter().map(subscription).collect()
        });
        in_memory.or_else(|| {
            let stored = hub.archive.subscriptions(client)?.into_iter();
            Some(stored.map(|channel| Subscription { channel, persistent: true }).collect())
        })
    }

    /// Returns the first channels in use behind the name `after`, by name. As
    /// [`clients`](Self::clients) it looks at all of them in steps.
    #[must_use]
    pub fn channels(&self, after: &str, count_max: usize) -> Vec<ChannelStatus> {
        let mut counts = Vec::new();
        self.reloadable.hub.walk_channels(|count| {
            if after < count.name.as_str() {
                counts.push(count);
            }
        });
        counts.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        counts.dedup_by(|later, first| later.name == first.name);
        counts.truncate(count_max);
        counts.into_iter().map(ChannelStatus::from).collect()
    }

    /// Returns what is known of a channel; `None` if it is not in use.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<ChannelStatus> {
        self.reloadable.hub.round(|broker| broker.channel_report(name))
    }

    /// Returns a channel's retained message.
    #[must_use]
    pub fn retained(&self, channel: &str) -> Option<RetainedMessage> {
        self.reloadable.hub.round(|broker| {
            let retained = broker.retained(channel)?;
            let publisher = retained.publisher.as_str().to_owned();
            Some(RetainedMessage { publisher, payload: text(&retained.payload) })
        })
    }

    /// Returns the last messages of a channel, oldest first.
    #[must_use]
    pub fn history(&self, channel: &str) -> Vec<HistoryMessage> {
        self.latest(channel, usize::MAX)
    }

    /// Returns the last messages of a channel, so many at most, oldest first.
    #[must_use]
    pub fn latest(&self, channel: &str, count_max: usize) -> Vec<HistoryMessage> {
        self.reloadable.hub.round(|broker| {
            broker.settle();
            let latest = broker.latest(channel, count_max);
            let messages = latest.map(|(source, payload)| HistoryMessage {
                publisher: source.publisher.as_str().to_owned(),
                at_ms: source.at,
                payload: text(payload),
            });
            messages.collect()
        })
    }
}

impl ClientStatus {
    /// Puts together what is known of a client and of who is at the other end of its connection.
    pub(crate) fn new(report: ClientReport, peer: Option<&Peer>) -> Self {
        let ClientReport { id, connection, account, connected_for, last_seen, is_lost, .. } =
            report;
        ClientStatus {
            id: id.as_str().to_owned(),
            account,
            is_online: connection.is_some(),
            is_lost,
            last_seen_ms: last_seen,
            connected_for,
            address: peer.map(|peer| peer.address),
            protocol: peer.map(|peer| peer.protocol.as_str()),
            is_tls: peer.is_some_and(|peer| peer.is_tls),
            subscription_count: report.subscription_count,
        }
    }
}

fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).into_owned()
}
