//! Rialto's heart: routing, subscriptions, delivery and retained messages.
//!
//! Synchronous, without I/O, clock or task: commands and the time come in as arguments, everything
//! for the outside leaves as [`Effect`]s, "store, then acknowledge" is an effect and later a
//! completion. It knows no dialect (an [`Encoder`] turns its words into bytes), no socket and no SQL.
//!
//! Read [`Broker`] first, then [`Effect`], then `rialto-domain` for the words of both.
//!
//! Tested without sockets: each capability by its effects, all together by random operations
//! against a simple reference model, crashes and refused commits included.

mod settings;
mod stats;

mod connection_profile;
mod effect;
mod encoder;
mod profile;
mod rate;

mod bused;
mod channel;
mod client;
mod cursor;
mod deliveries;
mod detached;
mod hasher;
mod history;
mod inbox;
mod incoming;
mod log;
mod memory;
mod output;
mod passed;
mod receivers;
mod retained;
mod roster;
mod run;
mod sorted_map;
mod tail;
mod tally;

mod broker;

pub use broker::{
    Answer, BacklogReport, Broker, ChannelCount, ChannelCounting, ChannelReport, ClientCount,
    ClientCounting, ClientReport, Command, CommandOutcome, Connect, Entry, Issuer,
    ObserverPosition, Publish, Relayed, Remembered, Replicant, SessionReport, Straggler,
    SubscriberCount, SubscriberCounting, SubscriptionCount,
};
pub use client::Now;
pub use connection_profile::ConnectionProfile;
pub use deliveries::Deliveries;
pub use effect::{
    BusEffect, ChannelKey, ClientKey, ConnectionKey, Effect, LoadRequest, LogRequest, ReadRequest,
    SessionEnded,
};
pub use encoder::{
    Answered, CommandAnswer, Encoder, FORMAT_COUNT_MAX, Format, Mark, SessionOpened, Source,
};
pub use inbox::InboxLimits;
pub use memory::Held;
pub use passed::Passed;
pub use retained::RetainedLimits;
pub use settings::{ChannelRule, HistorySettings, LogLimits, ReplicationSettings, Settings};
pub use stats::{COUNTERS, Counter, CounterKind, Stats};
pub use tail::{Decision, Happened, Passing, Reach, TailId, TailScope, TailSink};
