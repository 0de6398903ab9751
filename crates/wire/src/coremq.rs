//! CoreMQ: frames of a length, a queue and a JSON object over TCP, and JSON objects over WebSocket.

mod decode;
mod encode;
mod frame;
mod link;
mod members;
mod payload;

pub use decode::{Frame, Malformed, Options, Request, decode, decode_text};
pub use encode::{Answer, Carrier, Envelope, put_answer, put_history, put_message};
pub use frame::{FrameError, FrameSplitter, Frames, first_frame_bytes};
pub use link::{
    LinkAnswer, LinkOffer, Relay, RelayEnvelope, ServerFrame, Share, decode_server, put_past,
    put_relay, put_request,
};

#[cfg(test)]
mod tests;
