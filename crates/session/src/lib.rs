//! One connection's session: a state machine a dialect, between packets and the broker.
//!
//! Pure: packets come in, commands go to the broker, and all answers leave as bytes through it.
//! This crate does not read sockets, keep time or decide who may come in: it makes an
//! [`AuthorizationRequest`](rialto_application::AuthorizationRequest) of a packet that needs a
//! decision, and takes the packet with the [`Verdict`] on it. No dialect knows another.
//!
//! Read [`Dialect`] for what the server needs of each, then [`jmqt::Session`] for what a packet leads
//! to, and [`Dialects`] for how the broker's words become bytes.
//!
//! Tested by dialogues in text: what each peer sends, and what each is sent.

mod authorization;
mod close;
pub mod coremq;
mod dialect;
mod dialects;
pub mod follow;
pub mod jmqt;
mod journal;
pub mod pubsubx;
mod verdict;

pub use authorization::Requester;
pub use close::{close_code, close_text};
pub use dialect::{
    Blocks, Deliveries, Dialect, DialectSettings, Framer, Opening, ServerName, Units,
    WordForStrangers,
};
pub use dialects::{All, Both, Dialects, Either, Encoders};
pub use journal::{Journal, Notice};
pub use verdict::Verdict;

// The dialect of the tests is written as any other crate would write it: the server serves the same file.
#[cfg(test)]
extern crate self as rialto_session;

#[cfg(test)]
mod tests;
