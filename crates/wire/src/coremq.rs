//! CoreMQ: frames of a length, a queue and a JSON object over TCP, and JSON objects over WebSocket.

mod client;
mod decode;
mod encode;
mod frame;
mod link;
mod members;
mod payload;
mod words;

pub use client::{Unsayable, put_ask, put_publish, read_gateway};
pub use decode::{Frame, Options, Request, decode, decode_text};
pub use encode::{Answer, Envelope, put_answer, put_history, put_message};
pub use frame::{FrameError, FrameSplitter, Frames, first_frame_bytes};
pub use link::{
    LinkAnswer, Relay, RelayEnvelope, ServerFrame, decode_server, put_past, put_relay, put_request,
};
pub use words::{Carrier, LinkOffer, Malformed, Share};

#[cfg(test)]
mod tests;
