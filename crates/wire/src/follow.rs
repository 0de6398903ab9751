//! Messages as those read them who follow channels by HTTP: objects of JSON, as Server-Sent Events or
//! one a line.
//!
//! Each message has an id that says where it stands, so that a follower whose connection broke can be
//! sent what came behind it.

mod encode;
mod position;

pub use encode::{
    About, Carrier, Envelope, put_end, put_gap, put_heartbeat, put_message, put_open,
};
pub use position::{NoPosition, Position};

#[cfg(test)]
mod tests;
