//! The configuration's words in the words of the parts.

mod access;
mod proxies;
mod webhook;

use std::time::Duration;

use rialto_broker::{
    ChannelRule, HistorySettings, InboxLimits, LogLimits, ReplicationSettings, RetainedLimits,
};
use rialto_config::{BusKind, ByteSize, LogFull, ResumeFull, Settings};
use rialto_session::{
    DialectSettings,
    coremq::{self, Credentials},
};

use crate::{connection_limits::ConnectionLimits, machine};

/// The part of the memory there is that may be taken by what waits, unless that is configured.
const WAITING_PART: u64 = 4;

pub(crate) use access::{access, action, throttle};
pub(crate) use proxies::trusted_proxies;
pub(crate) use webhook::webhook;

/// `origin` is this run of the server, a random number; `reports_session_ends` says whether an
/// application is to hear of sessions that end.
pub(crate) fn broker(
    settings: &Settings,
    origin: u64,
    reports_session_ends: bool,
) -> rialto_broker::Settings {
    let presence = &settings.access.presence_channel;
    let (store, history, cluster) = (&settings.store, &settings.history, &settings.cluster);
    let others = [&cluster.nodes, &cluster.allowed_replicants, &cluster.replicants];
    let is_clustered = others.iter().any(|names| !names.is_empty());
    rialto_broker::Settings {
        echo: settings.delivery.echo,
        heartbeat_timeout: settings.session.heartbeat_timeout.get(),
        authenticate_timeout: settings.limits.authenticate_timeout.get(),
        subscriptions_max: settings.limits.subscriptions_max,
        packet_bytes_max: settings.limits.packet_bytes_max.as_usize(),
        json_depth_max: settings.limits.json_depth_max,
        channel_name_bytes_max: settings.limits.channel_name_bytes_max,
        unacknowledged_max: u32::try_from(settings.limits.unacknowledged_max).unwrap_or(u32::MAX),
        // Half of the outbox: the other half is for what comes besides.
        window_bytes_max: settings.limits.outbox_bytes_max.as_usize() / 2,
        log: LogLimits {
            messages_max: store.log_messages_max,
            bytes_max: store.log_bytes_max.nonzero().unwrap_or(0),
            age_max: store.log_age_max.nonzero().unwrap_or(Duration::ZERO),
            drop_oldest: store.log_full == LogFull::DropOldest,
        },
        history: HistorySettings {
            count_max: count(history.messages),
            persistent: history.persistent,
            bytes_max: history.bytes_max.as_usize(),
        },
        inbox: InboxLimits {
            bytes_max: settings.session.resume_bytes_max.as_usize(),
            drop_oldest: settings.session.resume_full == ResumeFull::DropOldest,
        },
        retained: RetainedLimits {
            count_max: settings.retained.count_max,
            bytes_max: settings.retained.bytes_max.as_usize(),
        },
        channel_rules: settings.channels.rules.iter().map(channel_rule).collect(),
        replication: ReplicationSettings {
            origin,
            format: is_clustered.then_some(coremq::LINK),
            backlog_bytes_max: cluster.backlog_bytes_max.as_usize(),
        },
        forget_after: settings.session.forget_after.get(),
        presence_channel: (!presence.is_empty()).then(|| presence.as_str().into()),
        event_readers: settings.events.readers.clone(),
        // Whatever is told: who reads it is known by its subscription.
        reports_subscriptions: !settings.events.publish.is_empty(),
        reports_session_ends,
        is_shared: store.shared,
        has_bus: store.shared && settings.bus.kind != BusKind::None,
    }
}

fn channel_rule(rule: &rialto_config::ChannelRule) -> ChannelRule {
    ChannelRule {
        pattern: rule.pattern.clone(),
        history_count_max: rule.history_messages.map(count),
        history_persistent: rule.history_persistent,
        echo: rule.echo,
        log_messages_max: rule.log_messages_max,
        log_bytes_max: rule.log_bytes_max.map(|bytes| bytes.nonzero().unwrap_or(0)),
        log_age_max: rule.log_age_max.map(|age| age.nonzero().unwrap_or(Duration::ZERO)),
        log_drop_oldest: rule.log_full.map(|full| full == LogFull::DropOldest),
        payload_bytes_max: rule.payload_bytes_max.map(ByteSize::as_usize),
        publish_rate_max: rule.publish_rate_max,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns what opens a session on other servers, if they ask for that.
pub(crate) fn credentials(settings: &Settings) -> Option<Credentials> {
    let cluster = &settings.cluster;
    let token = cluster.token.expose();
    (!token.is_empty())
        .then(|| Credentials { client: cluster.client.clone(), token: token.to_owned() })
}

/// Returns the bytes that may wait, over all connections: as configured, or a part of what memory
/// there is.
pub(crate) fn waiting_bytes_max(settings: &Settings) -> usize {
    let configured = settings.limits.waiting_bytes_max.nonzero();
    let bytes = configured.unwrap_or_else(|| machine::memory_bytes() / WAITING_PART);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

pub(crate) fn connection(settings: &Settings) -> ConnectionLimits {
    ConnectionLimits {
        json_depth_max: settings.limits.json_depth_max,
        publisher_stall_max: settings.delivery.publisher_stall_max.get(),
        unread_max: settings.session.heartbeat_timeout.get(),
        // J-45: one that says nothing is given no more time than a session that falls silent.
        greeting_timeout: settings
            .limits
            .authenticate_timeout
            .get()
            .min(settings.session.heartbeat_timeout.get()),
        dialects: DialectSettings {
            packet_bytes_max: settings.limits.packet_bytes_max.as_usize(),
            jmqt_resume_for: settings.session.resume_time.get(),
            pubsubx_resume_for: settings.pubsubx.resume_time.get(),
            pubsubx_request_bytes_max: settings.pubsubx.request_bytes_max.as_usize(),
            pubsubx_notes_messages: settings.pubsubx.log_messages,
        },
    }
}
