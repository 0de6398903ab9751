//! PubSubX: a command or a topic, a blank and text, each message ended by a mark.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use memchr::memmem;

use super::{Dialect, Event};
use crate::payload::{self, MARK, PAYLOAD_BYTES, Template};
use crate::session::{Role, Session};
use crate::websocket::Carriage;

/// Ends every message.
const END: &str = "\n\nx";

/// What a subscriber publishes to itself.
const PROBE: &str = "am I subscribed?";

/// One PubSubX connection.
#[derive(Debug)]
pub(crate) struct Pubsubx {
    session: Session,
}

impl Dialect for Pubsubx {
    const CARRIAGE: Carriage = Carriage::TextMessages { terminator: 0 };

    fn new(session: Session) -> Self {
        Pubsubx { session }
    }

    fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("CONNECT {}{END}", self.session.name).as_bytes());
    }

    fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'a>)>> {
        let Some(length) = memmem::find(bytes, END.as_bytes()) else { return Ok(None) };
        let message = &bytes[..length];
        let event = match memmem::find(message, MARK) {
            Some(at) => {
                let Some(payload) = message.get(at..at + PAYLOAD_BYTES) else {
                    bail!("message with a short payload: {}", shown(message));
                };
                Event::Delivery { payload, receipt: &[] }
            }
            None if message.ends_with(PROBE.as_bytes()) => Event::Ready,
            None => self.on_answer(message, out)?,
        };
        Ok(Some((length + END.len(), event)))
    }

    fn template(&self, index: usize) -> Template {
        let Role::Publisher { channel, .. } = &self.session.role else {
            unreachable!("only publishers publish")
        };
        Template::new(format!("PUBLISH {channel} {}{END}", payload::payload(index)))
    }

    fn acknowledge(_receipt: &[u8], _out: &mut Vec<u8>) {}

    fn keep_alive(_out: &mut Vec<u8>) {}

    fn prepare_durable(_server: SocketAddr, _channel: &str) -> Result<()> {
        bail!("PubSubX stores nothing")
    }
}

impl Pubsubx {
    /// Goes one step further: a session that is open subscribes, which has no answer; the server
    /// takes what follows in order.
    fn on_answer<'a>(&self, answer: &[u8], out: &mut Vec<u8>) -> Result<Event<'a>> {
        ensure!(answer == b"OK: Conn accepted", "refused: {}", shown(answer));
        let Role::Subscriber { channel, .. } = &self.session.role else { return Ok(Event::Ready) };
        // Subscribing has no answer. What it publishes to itself comes once it is subscribed.
        let own = &self.session.name;
        let commands = [
            format!("SUBSCRIBE {channel}{END}"),
            format!("SUBSCRIBE {own}{END}"),
            format!("PUBLISH {own} {PROBE}{END}"),
        ];
        out.extend_from_slice(commands.concat().as_bytes());
        Ok(Event::Other)
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
