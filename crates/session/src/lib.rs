//! One connection's session: a state machine a dialect, between packets and the broker.
//!
//! Pure: packets come in, commands go to the broker, and all answers leave as bytes through it.
//! This crate does not read sockets, keep time or decide who may come in (a
//! [`Gate`](rialto_broker::Gate) does). No dialect knows another.
//!
//! Read [`jmqt::Session`] for what a packet leads to, then [`Dialects`] for how the broker's words
//! become bytes.
//!
//! Tested by dialogues in text: what each peer sends, and what each is sent.

pub mod coremq;
mod dialects;
mod inquiry;
pub mod jmqt;
pub mod pubsubx;
mod trace;

pub use dialects::{Dialects, Envelope};
pub use inquiry::{Inquiry, Matter};

#[cfg(test)]
mod tests;
