//! The core's limits and habits.

use std::time::Duration;

use rialto_domain::ChannelName;

use crate::{Format, InboxLimits, RetainedLimits};

/// What the core is configured to do. All limits hold per broker unless they say otherwise.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether a publisher that is subscribed gets its own messages back. Default: no.
    pub echo: bool,
    /// Silence after which a connection is closed, as told to the client in whole seconds.
    pub heartbeat_timeout: Duration,
    /// Time a new connection has to open a session.
    pub authenticate_timeout: Duration,
    /// Subscriptions a client may have, its own direct channel not counted.
    pub subscriptions_max: usize,
    /// Bytes a packet may have; the carriers hold to it, `$limits` tells it.
    pub packet_bytes_max: usize,
    /// Nesting a payload may have; the decoders hold to it, `$limits` tells it.
    pub json_depth_max: usize,
    /// Bytes a channel's name may have.
    pub channel_name_bytes_max: usize,
    /// QoS 1 pushes a client may leave unacknowledged: a persistent subscription waits in the log
    /// beyond it, a client without one is closed.
    pub unacknowledged_max: u32,
    /// Bytes of stored messages on their way to one connection at a time.
    pub window_bytes_max: usize,
    /// Limits of each channel's log.
    pub log: LogLimits,
    /// The last messages of each channel.
    pub history: HistorySettings,
    /// What differs on single channels.
    pub channel_rules: Vec<ChannelRule>,
    /// What is kept for each lost client.
    pub inbox: InboxLimits,
    /// How much channels may retain together.
    pub retained: RetainedLimits,
    /// Passing messages on to other servers.
    pub replication: ReplicationSettings,
    /// Time after which a client without persistent subscriptions, not seen since, is forgotten.
    pub forget_after: Duration,
    /// Where it is published who comes and goes.
    pub presence_channel: Option<ChannelName>,
    /// Accounts that may read the channels on which the server tells what happens; `*` is all.
    pub event_readers: Vec<String>,
    /// Whether the world is told of subscriptions that clients make.
    pub reports_subscriptions: bool,
    /// Whether the world is told when sessions end, those that a crash ended included.
    pub reports_session_ends: bool,
    /// Whether other nodes use the store, too.
    pub is_shared: bool,
    /// Whether this node and the others tell each other over a bus what they take in.
    pub has_bus: bool,
}

/// How far a channel's log may grow; 0 means without limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogLimits {
    /// Messages.
    pub messages_max: u64,
    /// Bytes of payload.
    pub bytes_max: u64,
    /// Age of the oldest message; older ones are dropped.
    pub age_max: Duration,
    /// At the limit: drop the oldest messages instead of refusing new ones.
    pub drop_oldest: bool,
}

/// How much history channels have.
#[derive(Debug, Clone, Copy)]
pub struct HistorySettings {
    /// Messages kept of each channel; 0 keeps none.
    pub count_max: u32,
    /// Whether they outlive a restart.
    pub persistent: bool,
    /// Memory for the history of all channels; those not published to for long go first.
    pub bytes_max: usize,
}

/// What differs on the channels whose names fit a pattern. Of several rules that fit, the first that
/// says something holds.
#[derive(Debug, Clone, Default)]
pub struct ChannelRule {
    /// Which channels: `*` stands for any characters, `?` for one.
    pub pattern: String,
    /// Messages kept as history.
    pub history_count_max: Option<u32>,
    /// Whether the history outlives a restart.
    pub history_persistent: Option<bool>,
    /// Whether publishers get their own messages back, where their dialect leaves that open.
    pub echo: Option<bool>,
    /// As [`LogLimits::messages_max`].
    pub log_messages_max: Option<u64>,
    /// As [`LogLimits::bytes_max`].
    pub log_bytes_max: Option<u64>,
    /// As [`LogLimits::age_max`].
    pub log_age_max: Option<Duration>,
    /// As [`LogLimits::drop_oldest`].
    pub log_drop_oldest: Option<bool>,
    /// Bytes a payload may have.
    pub payload_bytes_max: Option<usize>,
    /// Messages a second that one client may publish to all channels of this rule together.
    pub publish_rate_max: Option<u32>,
}

/// How messages are passed on to other servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplicationSettings {
    /// A random number that names this run of the server.
    pub origin: u64,
    /// The format in which other servers get messages that they may have missed; without one
    /// nothing is remembered for them.
    pub format: Option<Format>,
    /// Memory for what others have not fetched yet.
    pub backlog_bytes_max: usize,
}

impl Default for HistorySettings {
    fn default() -> Self {
        HistorySettings { count_max: 10, persistent: false, bytes_max: 64 << 20 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            echo: false,
            heartbeat_timeout: Duration::from_secs(15),
            authenticate_timeout: Duration::from_secs(15),
            subscriptions_max: 1000,
            packet_bytes_max: 1 << 20,
            json_depth_max: 128,
            channel_name_bytes_max: 255,
            unacknowledged_max: 10_000,
            window_bytes_max: 8 << 20,
            log: LogLimits::default(),
            history: HistorySettings::default(),
            channel_rules: Vec::new(),
            inbox: InboxLimits { bytes_max: 10 << 10, drop_oldest: true },
            retained: RetainedLimits::default(),
            replication: ReplicationSettings::default(),
            forget_after: Duration::from_secs(30 * 24 * 3600),
            presence_channel: None,
            event_readers: Vec::new(),
            reports_subscriptions: false,
            reports_session_ends: false,
            is_shared: false,
            has_bus: false,
        }
    }
}
