//! Rialto's heart: routing, subscriptions, delivery and retained messages.
//!
//! Synchronous, without I/O, clock or task: commands and the time come in as arguments, everything
//! for the outside leaves as [`Effect`]s, "store, then acknowledge" is an effect and later a
//! completion. It knows no dialect (an [`Encoder`] turns its words into bytes), no socket and no SQL.
//!
//! Read [`Broker`] first, then [`Effect`], then [`durable`] for what outlives a restart.
//!
//! Tested without sockets: each capability by its effects, all together by random operations
//! against a simple reference model, crashes and refused commits included.

pub mod durable;
mod name;
mod payload;
mod reject;
mod settings;
mod stats;

mod effect;
mod encoder;
mod gate;
mod manners;
mod packet_id;
mod profile;
mod rate;

mod channel;
mod client;
mod cursor;
mod deliveries;
mod history;
mod inbox;
mod memory;
mod output;
mod receivers;
mod retained;
mod sorted_map;
mod stretches;
mod tally;

mod broker;

pub use broker::{
    Broker, ChannelReport, ClientReport, Entry, Observed, Publish, Qos, Relayed, Replicant, Resume,
};
pub use client::Now;
pub use deliveries::Deliveries;
pub use durable::*;
pub use effect::{ChannelKey, ClientKey, ConnectionKey, Departed, Effect, ReadRequest};
pub use encoder::{Encoder, FORMAT_COUNT_MAX, Format, Mark, Reply, Source};
pub use gate::{
    Action, Admission, Asked, Cause, DeniedBy, ForcedSubscription, Gate, Grant, Permit, Refusal,
    Refused, Rights,
};
pub use inbox::InboxLimits;
pub use manners::Manners;
pub use memory::Held;
pub use name::{ChannelKind, ChannelName, ClientId, channel_kind};
pub use packet_id::PacketId;
pub use payload::{Payloads, PayloadsBuilder};
pub use reject::{CloseReason, Reject};
pub use retained::RetainedLimits;
pub use settings::{ChannelRule, HistorySettings, LogLimits, ReplicationSettings, Settings};
pub use stats::{COUNTERS, Counter, CounterKind, Stats};
pub use stretches::Stretches;
