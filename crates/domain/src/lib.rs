//! The words that Rialto's crates share: who and what is named, what is carried, what is stored, why
//! something is refused, and what a client may do.
//!
//! Types and traits only. It decides nothing, does no I/O and knows neither the engine
//! (`rialto-broker`) nor a dialect, so that stores, access, applications and webhooks are built and
//! tested without them. A type belongs here when two crates that do not know each other speak of it.
//!
//! Read [`name`](ChannelName) first, then [`durable`] for what outlives a restart, then [`Rights`].
//!
//! Tested by its users: stores by the conformance suite, the rest by the engine's tests; what
//! computes something, such as [`Stretches`], has unit tests of its own.

pub mod bus;
pub mod durable;

mod certificate;
mod close_reason;
mod explanation;
mod name;
mod network;
mod packet_id;
mod payload;
mod qos;
mod refused;
mod reject;
mod rights;
mod stretches;

pub use certificate::Certificate;
pub use close_reason::CloseReason;
pub use durable::*;
pub use explanation::{DecidedBy, Explanation, RuleStep};
pub use name::{ChannelKind, ChannelName, ClientId, EVENTS_PREFIX, channel_kind, is_event_channel};
pub use network::network_of;
pub use packet_id::PacketId;
pub use payload::{Payloads, PayloadsBuilder};
pub use qos::Qos;
pub use refused::{AUDIT_TARGET, Asked, Cause, Refused};
pub use reject::{RefusalStatus, Reject};
pub use rights::{
    Action, Admission, Announcement, DeniedBy, ForcedSubscription, Grant, Permit, Refusal, Rights,
};
pub use stretches::Stretches;
