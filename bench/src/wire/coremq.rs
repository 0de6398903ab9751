//! CoreMQ: `+`, a length, a queue and a JSON object; every message is answered.
//!
//! Parts of a frame are found by their places, which is enough for frames whose only free text is our
//! own payload.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use memchr::{memchr, memmem};

use super::{Dialect, Event};
use crate::payload::{self, MARK, PAYLOAD_BYTES, Template};
use crate::session::{Role, Session};
use crate::websocket::Carriage;

/// What the server answers each message with.
const SENT: &[u8] = br#" {"response":"OK: Message sent"}"#;

/// One CoreMQ connection.
#[derive(Debug)]
pub(crate) struct Coremq {
    session: Session,
    /// Where the payload stood in the last message; the next one's is most likely there too.
    payload_at: usize,
}

impl Dialect for Coremq {
    const CARRIAGE: Carriage = Carriage::TextMessages { terminator: 0 };

    fn new(session: Session) -> Self {
        Coremq { session, payload_at: 0 }
    }

    /// Says nothing: the server speaks first.
    fn open(&self, _out: &mut Vec<u8>) {}

    fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'a>)>> {
        let Some(blank) = memchr(b' ', bytes) else { return Ok(None) };
        ensure!(bytes[0] == b'+', "no frame: {}", shown(&bytes[..blank]));
        let length = payload::decimal(&bytes[1..blank])? as usize;
        let end = blank + 1 + length;
        let Some(frame) = bytes.get(blank + 1..end) else { return Ok(None) };
        let event = if frame.ends_with(SENT) { Event::Other } else { self.on_frame(frame, out)? };
        Ok(Some((end, event)))
    }

    fn template(&self, index: usize) -> Template {
        let Role::Publisher { channel, .. } = &self.session.role else {
            unreachable!("only publishers publish")
        };
        let payload = payload::payload(index);
        Template::new(frame(channel, &format!("{{\"data\":{payload}}}")))
    }

    fn acknowledge(_receipt: &[u8], _out: &mut Vec<u8>) {}

    fn keep_alive(_out: &mut Vec<u8>) {}

    fn prepare_durable(_server: SocketAddr, _channel: &str) -> Result<()> {
        bail!("CoreMQ stores nothing")
    }
}

impl Coremq {
    fn on_frame<'a>(&mut self, frame: &'a [u8], out: &mut Vec<u8>) -> Result<Event<'a>> {
        let is_ours = |at: usize| frame.get(at..).is_some_and(|rest| rest.starts_with(MARK));
        if !is_ours(self.payload_at) {
            let Some(at) = memmem::find(frame, MARK) else { return self.on_answer(frame, out) };
            self.payload_at = at;
        }
        let Some(payload) = frame.get(self.payload_at..self.payload_at + PAYLOAD_BYTES) else {
            bail!("message with a short payload: {}", shown(frame));
        };
        Ok(Event::Delivery { payload, receipt: &[] })
    }

    /// Goes one step further: after the welcome a subscriber subscribes.
    fn on_answer<'a>(&self, answer: &[u8], out: &mut Vec<u8>) -> Result<Event<'a>> {
        let has = |text: &str| memmem::find(answer, text.as_bytes()).is_some();
        ensure!(has("\"OK: "), "refused: {}", shown(answer));
        match &self.session.role {
            Role::Subscriber { channel, .. } if has("OK: Welcome") => {
                let request = format!("{{\"coremq_subscribe\":\"{channel}\"}}");
                out.extend_from_slice(frame("-", &request).as_bytes());
                Ok(Event::Other)
            }
            _ => Ok(Event::Ready),
        }
    }
}

fn frame(queue: &str, json: &str) -> String {
    format!("+{} {queue} {json}", queue.len() + 1 + json.len())
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
