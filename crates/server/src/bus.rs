//! The bus between nodes that share a store: what the broker gives to it, and what comes.

#[cfg(feature = "bus")]
mod inbox;
#[cfg(not(feature = "bus"))]
#[path = "bus/lacking_inbox.rs"]
mod inbox;
#[cfg(feature = "bus")]
mod link;
#[cfg(not(feature = "bus"))]
#[path = "bus/lacking.rs"]
mod link;
#[cfg(feature = "bus")]
mod open;

use rialto_stopwatch::Durations;

pub(crate) use inbox::keep;
pub(crate) use link::{BusLink, check};

/// What is counted of a bus, besides what the broker counts.
#[derive(Debug, Default)]
pub(crate) struct BusTimes {
    /// From being queued to being taken by the bus.
    pub(crate) published: Durations,
    /// From a commit on another node to its arrival here, by the clocks of both.
    pub(crate) late: Durations,
}

/// How a bus does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BusState {
    pub(crate) is_up: bool,
    pub(crate) queue_bytes: u64,
    /// What was left out: pages of doorbells, messages that were nowhere else, doorbells.
    pub(crate) dropped: [(&'static str, u64); 3],
}
