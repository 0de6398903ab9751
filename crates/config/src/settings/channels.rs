//! Channels: their history, and what differs on some of them.

use serde::{Deserialize, Serialize};

use crate::choice::LogFull;
use crate::quantity::{ByteSize, Period};
use crate::section::section;

section! {
    /// The last messages of each channel, which CoreMQ clients can ask for.
    pub struct History {
        /// Messages that are kept of each channel; 0 keeps none. See channels.rules for single
        /// channels.
        messages: usize = "10" in "0" to "100000",
        /// Whether they are kept over a restart, in the store. After a crash, messages of the last
        /// tenth of a second may be missing.
        persistent: bool = "false",
        /// Memory for the histories of all channels together, including about 500 bytes for each
        /// channel and 100 for each message. When it is full, the histories of the channels that
        /// were not published to for longest are dropped.
        bytes_max: ByteSize = "64MiB" in "0" to "1024GiB",
    }
}

section! {
    /// Retained messages: the last message of each channel that was published with the retain
    /// flag. Both limits are for all channels together. A new retained message beyond them is
    /// refused with status 5; one that replaces another of at least its size is always accepted.
    pub struct Retained {
        /// Most channels with a retained message.
        count_max: usize = "1000000" in "0" to "100000000",
        /// Memory for retained messages, including about 700 bytes for each with its channel.
        bytes_max: ByteSize = "256MiB" in "0" to "1024GiB",
    }
}

section! {
    /// Settings of single channels.
    pub struct Channels {
        /// Rules, as a list: [[channels.rules]] with pattern = "sensors.*" (where * stands for any
        /// text and ? for one character), and the settings of the channels whose names match:
        /// history_messages, history_persistent; echo, as delivery.echo; log_messages_max,
        /// log_bytes_max, log_age_max and log_full, as in the store section; payload_bytes_max,
        /// the largest data of a message; publish_rate_max, the messages that one client may
        /// publish each second to all channels of the rule together. Each setting is taken from
        /// the first matching rule that has it.
        rules: Vec<ChannelRule> = "[]",
    }
}

/// What differs on the channels whose names fit a pattern.
#[derive(Debug, Clone, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Which channels: `*` stands for any characters, also none, `?` for one.
    pub pattern: String,
    /// Messages kept as history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_messages: Option<usize>,
    /// Whether the history is kept over a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_persistent: Option<bool>,
    /// Whether a publisher that is subscribed gets its own messages back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<bool>,
    /// Messages the log of one channel may hold; 0 is unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_messages_max: Option<u64>,
    /// Bytes the log of one channel may hold; 0 is unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_bytes_max: Option<ByteSize>,
    /// Age at which messages leave the log, read or not; 0 is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_age_max: Option<Period>,
    /// What happens when the log is at its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_full: Option<LogFull>,
    /// Largest data of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_bytes_max: Option<ByteSize>,
    /// Messages one client may publish in a second to all channels of the rule together; at
    /// least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_rate_max: Option<u32>,
}
