//! PubSubX: text messages of a command, a topic and data, each ended by the same three characters.

mod client;
mod command;
mod encode;
mod frame;

pub use client::{Unsayable, put_command};
pub use command::{Command, decode};
pub use encode::{Envelope, NAME_BYTES_MAX, payload_of, put_message, put_restored, put_text};
pub use frame::{FrameSplitter, Frames, MESSAGE_BYTES_MAX, first_frame_bytes};

#[cfg(test)]
mod tests;
