//! JMQT 1.0: JSON packets, each a frame that ends in NUL (TCP) or a WebSocket text message.

mod decode;
mod encode;
mod frame;
pub mod original;
mod packet;
mod reply;
mod request;
mod scan;

pub use decode::{DecodeLimits, Malformed, decode};
pub use encode::{Carrier, PushEnvelope, PushMark, encode_packet, put_push};
pub use frame::{FrameSplitter, FrameTooLong, Frames};
pub use packet::{AckKind, ClientPacket, Publish, status};
pub use reply::{AuthAck, ChannelAck, ConnAck, PubAck, Push, ServerPacket, Unreadable};

#[cfg(test)]
mod tests;
