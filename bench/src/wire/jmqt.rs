//! JMQT 1.0: JSON texts, each ended by a NUL byte on a socket.
//!
//! Fields are found by searching for their names, which is enough for frames whose only free text
//! is our own payload, and keeps the client far quicker than any server it measures.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use memchr::{memchr, memmem};

use super::{Dialect, Event};
use crate::payload::{self, MARK, PAYLOAD_BYTES, PLACEHOLDER, Template};
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::websocket::Carriage;

const NUL: u8 = 0;

/// One JMQT connection.
#[derive(Debug)]
pub(crate) struct Jmqt {
    session: Session,
    /// Deliveries carry an id that must be acknowledged.
    is_durable: bool,
    /// Where the payload stood in the last push; the next one's is most likely there too.
    payload_at: usize,
}

impl Dialect for Jmqt {
    const CARRIAGE: Carriage = Carriage::TextMessages { terminator: NUL };

    fn new(session: Session) -> Self {
        let is_durable = match &session.role {
            Role::Publisher { .. } => false,
            Role::Subscriber { subscription, .. } => *subscription != Subscription::Live,
        };
        Jmqt { session, is_durable, payload_at: 0 }
    }

    fn open(&self, out: &mut Vec<u8>) {
        let name = &self.session.name;
        put(out, &format!(r#"{{"auth":{{"dt":{{"client_name":"{name}"}}}}}}"#));
    }

    fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'a>)>> {
        let Some(end) = memchr(NUL, bytes) else { return Ok(None) };
        let frame = &bytes[..end];
        let event = if frame.starts_with(br#"{"push":"#) {
            self.on_push(frame)?
        } else if frame.starts_with(br#"{"pubAck":"#) {
            accepted(frame)?
        } else {
            self.on_session(frame, out)?
        };
        Ok(Some((end + 1, event)))
    }

    fn template(&self, index: usize) -> Template {
        let Role::Publisher { channel, acknowledged } = &self.session.role else {
            unreachable!("only publishers publish")
        };
        let payload = payload::payload(index);
        let quality = match acknowledged {
            Acknowledged::No => String::new(),
            Acknowledged::Yes => format!(r#","q":1,"id":"{PLACEHOLDER}""#),
        };
        Template::new(format!("{{\"pub\":{{\"cn\":\"{channel}\",\"dt\":{payload}{quality}}}}}\0"))
    }

    fn acknowledge(receipt: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"pushAck":{"id":""#);
        out.extend_from_slice(receipt);
        out.extend_from_slice(b"\",\"st\":1}}\0");
    }

    fn keep_alive(out: &mut Vec<u8>) {
        put(out, r#"{"hb":{}}"#);
    }

    fn prepare_durable(_server: SocketAddr, _channel: &str) -> Result<()> {
        Ok(())
    }
}

impl Jmqt {
    fn on_push<'a>(&mut self, frame: &'a [u8]) -> Result<Event<'a>> {
        let is_ours = |at: usize| frame.get(at..).is_some_and(|rest| rest.starts_with(MARK));
        if !is_ours(self.payload_at) {
            // The server may push presence and the like: not ours, not counted.
            let Some(at) = memmem::find(frame, MARK) else { return Ok(Event::Other) };
            self.payload_at = at;
        }
        let Some(payload) = frame.get(self.payload_at..self.payload_at + PAYLOAD_BYTES) else {
            bail!("push with a short payload: {}", shown(frame));
        };
        let receipt = if self.is_durable { text(frame, br#""id":""#)? } else { &[] };
        Ok(Event::Delivery { payload, receipt })
    }

    /// Goes one step further: auth, conn and, for a new subscription, sub.
    fn on_session<'a>(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<Event<'a>> {
        if frame.starts_with(br#"{"hbAck":"#) {
            return Ok(Event::Other);
        }
        ensure!(memmem::find(frame, br#""st":1"#).is_some(), "refused: {}", shown(frame));
        let name = &self.session.name;
        if frame.starts_with(br#"{"authAck":"#) {
            let token = shown(text(frame, br#""at":""#)?);
            put(out, &format!(r#"{{"conn":{{"at":"{token}","cl":"{name}"}}}}"#));
            return Ok(Event::Other);
        }
        if frame.starts_with(br#"{"subAck":"#) {
            return Ok(Event::Ready);
        }
        ensure!(frame.starts_with(br#"{"connAck":"#), "unknown frame: {}", shown(frame));
        let Role::Subscriber { channel, subscription } = &self.session.role else {
            return Ok(Event::Ready);
        };
        match subscription {
            Subscription::Live => put(out, &format!(r#"{{"sub":{{"cn":"{channel}"}}}}"#)),
            Subscription::Durable => {
                put(out, &format!(r#"{{"sub":{{"cn":"{channel}","pr":1}}}}"#));
            }
            Subscription::Resumed => return Ok(Event::Ready),
        }
        Ok(Event::Other)
    }
}

fn accepted<'a>(frame: &[u8]) -> Result<Event<'a>> {
    ensure!(memmem::find(frame, br#""st":1"#).is_some(), "publish refused: {}", shown(frame));
    let number = payload::decimal(text(frame, br#""id":""#)?)?;
    Ok(Event::Accepted { number })
}

/// Returns the text between `opening` and the next quote.
fn text<'a>(frame: &'a [u8], opening: &[u8]) -> Result<&'a [u8]> {
    let value = memmem::find(frame, opening).map(|at| &frame[at + opening.len()..]);
    match value.and_then(|value| memchr(b'"', value).map(|end| &value[..end])) {
        Some(text) => Ok(text),
        None => bail!("no {} in {}", shown(opening), shown(frame)),
    }
}

fn put(out: &mut Vec<u8>, frame: &str) {
    out.extend_from_slice(frame.as_bytes());
    out.push(NUL);
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
