//! Choices of events.

use serde::{Deserialize, Serialize};

choice! {
    /// What happened.
    pub enum EventKind {
        /// A client opened a session.
        Connected = "connected",
        /// The connection of a client ended.
        Disconnected = "disconnected",
        /// A client subscribed to a channel.
        Subscribed = "subscribed",
        /// Something was refused.
        Refused = "refused",
        /// A client does not read as fast as it is written to.
        SlowConsumer = "slow-consumer",
        /// The store fails, is slow, or works again.
        Store = "store",
    }
}

impl EventKind {
    /// All of them, in their order.
    pub const ALL: [EventKind; 6] = [
        EventKind::Connected,
        EventKind::Disconnected,
        EventKind::Subscribed,
        EventKind::Refused,
        EventKind::SlowConsumer,
        EventKind::Store,
    ];
}
