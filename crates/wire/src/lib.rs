//! Bytes to packets and back: the wire codecs of Rialto's dialects.
//!
//! Pure functions and small buffers. This crate knows no sockets, no clock and no broker: it does
//! not decide what a packet may do, only what it says. One module a dialect; no module uses another
//! dialect's, but for [`first_packet`], which tells them apart.
//!
//! Read [`jmqt::FrameSplitter`] first (bytes to frames), then [`jmqt::decode`] (frame to packet)
//! and [`jmqt::put_push`] (packet to bytes).
//!
//! Tested by the vectors in `spec/vectors`, by splitting every stream at every byte, and by
//! comparing the quick scanner with the general JSON parser on random input.

mod json;

pub mod coremq;
pub mod first_packet;
pub mod follow;
pub mod jmqt;
pub mod pubsubx;
pub mod websocket;

pub use json::depth as json_depth;

#[cfg(test)]
mod tests;
