//! What CoreMQ's bytes mean to a client.

use std::io;

use rialto_wire::coremq::{
    Carrier, FrameSplitter, ServerFrame, decode_server, put_ask, put_publish, read_gateway,
};
use serde_json::json;
use serde_json::value::RawValue;

use crate::message::{Push, Qos};

use super::codec::{Decode, Encode};
use super::demand::{Demand, Greeting, Question, Received};

/// Characters that a frame may have: the longest packet that a broker can be set to let through.
const FRAME_CHARS_MAX: usize = 256 << 20;
/// Levels of nesting that are read.
const DEPTH_MAX: usize = 512;
/// The queue of requests, where it makes no difference.
const NO_QUEUE: &str = "-";

/// Says demands over TCP or to a WebSocket gateway.
pub(super) struct CoremqEncoder {
    carrier: Carrier,
}

impl CoremqEncoder {
    pub(super) fn new(is_websocket: bool) -> Self {
        CoremqEncoder { carrier: if is_websocket { Carrier::WebSocket } else { Carrier::Tcp } }
    }

    /// Appends the options that open a session with a token (C-48).
    pub(super) fn put_token(&self, client: &str, token: &str, out: &mut Vec<u8>) {
        let options = json!({ "coremq_options": { "client": client, "token": token } });
        put_ask(out, self.carrier, NO_QUEUE, &options.to_string()).expect("it can be said");
    }
}

impl Encode for CoremqEncoder {
    fn put(&self, demand: &Demand, out: &mut Vec<u8>) -> Result<(), String> {
        let (queue, request) = match demand {
            Demand::Publish { channel, payload } => {
                let put = put_publish(out, self.carrier, channel, payload.get());
                return put.map_err(|error| error.to_string());
            }
            // A gateway takes a subscription without a queue only (C-35).
            Demand::Subscribe(channel) if self.carrier == Carrier::WebSocket => {
                ("", json!({ "coremq_subscribe": [channel] }))
            }
            Demand::Subscribe(channel) => (NO_QUEUE, json!({ "coremq_subscribe": [channel] })),
            Demand::Unsubscribe(channel) => (NO_QUEUE, json!({ "coremq_unsubscribe": [channel] })),
            Demand::Ask(Question::Status) => (NO_QUEUE, json!({ "coremq_status": 1 })),
            Demand::Ask(Question::History(queues)) => {
                (NO_QUEUE, json!({ "coremq_gethistory": queues }))
            }
            Demand::Leave | Demand::Close => return Ok(()),
        };
        put_ask(out, self.carrier, queue, &request.to_string()).map_err(|error| error.to_string())
    }

    fn is_answered(&self, demand: &Demand) -> bool {
        match demand {
            Demand::Subscribe(_) => self.carrier == Carrier::Tcp,
            Demand::Leave | Demand::Close => false,
            Demand::Publish { .. } | Demand::Unsubscribe(_) | Demand::Ask(_) => true,
        }
    }
}

/// Reads a TCP stream.
pub(super) struct CoremqReader {
    splitter: FrameSplitter,
    /// The connection's id, once the server has said it.
    id: Option<String>,
}

impl CoremqReader {
    pub(super) fn new() -> Self {
        CoremqReader { splitter: FrameSplitter::new(FRAME_CHARS_MAX), id: None }
    }
}

impl Decode for CoremqReader {
    fn take(&mut self, bytes: &[u8], received: &mut Vec<Received>) -> io::Result<()> {
        for frame in self.splitter.push(bytes) {
            let frame = frame.map_err(io::Error::other)?;
            let frame = decode_server(frame, DEPTH_MAX).map_err(io::Error::other)?;
            match frame {
                ServerFrame::Welcome { id, .. } if self.id.is_none() => {
                    self.id = Some(id.to_owned());
                    let id = self.id.clone();
                    received.push(Received::Greeting(Ok(Greeting::New { id })));
                }
                frame => {
                    let id = self.id.as_deref().unwrap_or_default();
                    received.extend(meaning(frame, |queue| queue == id)?);
                }
            }
        }
        Ok(())
    }
}

/// Reads a WebSocket, which has no greeting.
pub(super) struct GatewayReader;

impl Decode for GatewayReader {
    fn take(&mut self, bytes: &[u8], received: &mut Vec<Received>) -> io::Result<()> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        // What no server has taken in is an answer, for the connection's id or for nobody.
        let read = read_gateway(text, DEPTH_MAX, |frame| meaning(frame, |_| true));
        received.extend(read.map_err(io::Error::other)??);
        Ok(())
    }
}

/// Returns what a frame means: one for our own queue that nobody has sent is an answer (C-11, C-13).
fn meaning(frame: ServerFrame<'_>, is_own: impl Fn(&str) -> bool) -> io::Result<Option<Received>> {
    Ok(match frame {
        ServerFrame::Response(text, _) => Some(Received::Answer(verdict(&text))),
        ServerFrame::Message { queue, payload, sender, .. }
            if sender.is_empty() && is_own(queue) =>
        {
            let data = RawValue::from_string(payload.into_owned()).map_err(io::Error::other)?;
            Some(Received::Answer(refusal_in(&data).map_or(Ok(Some(data)), Err)))
        }
        ServerFrame::Message { queue, payload, sender, .. } => {
            let payload = RawValue::from_string(payload.into_owned()).map_err(io::Error::other)?;
            Some(Received::Message(Push {
                channel: queue.to_owned(),
                payload,
                publisher: sender.into_owned(),
                qos: Qos::AtMostOnce,
                id: None,
                retained: false,
            }))
        }
        // What servers say to each other.
        ServerFrame::Welcome { .. }
        | ServerFrame::Relay(..)
        | ServerFrame::Past(..)
        | ServerFrame::Done(..) => None,
    })
}

fn verdict(text: &str) -> Result<Option<Box<RawValue>>, String> {
    match text.strip_prefix("ERROR: ") {
        Some(problem) => Err(problem.to_owned()),
        None => Ok(None),
    }
}

/// Returns why a gateway refuses (C-44).
fn refusal_in(data: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_str::<Refusal>(data.get()).ok().map(|refusal| refusal.error)
}
