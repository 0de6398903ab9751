//! Asking who is there, and what channels hold.

use std::{net::SocketAddr, time::Duration};

use rialto_broker::{ChannelReport, ClientReport};

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
        let report = hub.round(|broker| broker.client_report(id));
        let report = report.or_else(|| hub.archive.client_report(id))?;
        Some(self.status(report))
    }

    /// Returns the first clients behind the id `after`, by id: those that are online, or all that
    /// are known.
    #[must_use]
    pub fn clients(&self, after: &str, only_online: bool, count_max: usize) -> Vec<ClientStatus> {
        let hub = &self.reloadable.hub;
        let mut reports = hub.round(|broker| broker.client_reports(after, only_online, count_max));
        if !only_online {
            // Those in memory first: what is stored of one of them is older.
            reports.extend(hub.archive.client_reports(after, count_max));
            reports.sort_by(|one, other| one.id.cmp(&other.id));
            reports.dedup_by(|later, first| later.id == first.id);
            reports.truncate(count_max);
        }
        reports.into_iter().map(|report| self.status(report)).collect()
    }

    /// Returns the channels a client is subscribed to; `None` if the client is not known.
    #[must_use]
    pub fn subscriptions(&self, client: &str) -> Option<Vec<Subscription>> {
        let hub = &self.reloadable.hub;
        let in_memory = hub.round(|broker| {
            let subscriptions = broker.subscription_reports(client)?;
            let subscription = |(channel, persistent): (&str, bool)| Subscription {
                channel: channel.to_owned(),
                persistent,
            };
            Some(subscriptions.into_iter().map(subscription).collect())
        });
        in_memory.or_else(|| {
            let stored = hub.archive.subscriptions(client)?.into_iter();
            Some(stored.map(|channel| Subscription { channel, persistent: true }).collect())
        })
    }

    /// Returns the first channels in use behind the name `after`, by name.
    #[must_use]
    pub fn channels(&self, after: &str, count_max: usize) -> Vec<ChannelStatus> {
        self.reloadable.hub.round(|broker| broker.channel_reports(after, count_max))
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

    fn status(&self, report: ClientReport) -> ClientStatus {
        let ClientReport { id, connection, account, connected_for, last_seen, is_lost, .. } =
            report;
        let peer = connection.and_then(|connection| self.reloadable.hub.peer(connection));
        ClientStatus {
            id: id.as_str().to_owned(),
            account,
            is_online: connection.is_some(),
            is_lost,
            last_seen_ms: last_seen,
            connected_for,
            address: peer.as_ref().map(|peer| peer.address),
            protocol: peer.map(|peer| peer.protocol.as_str()),
            subscription_count: report.subscription_count,
        }
    }
}

fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).into_owned()
}
