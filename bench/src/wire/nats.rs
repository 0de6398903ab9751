//! NATS: text lines, each message's payload counted out; core publishes and JetStream's.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use memchr::{memchr, memmem};

use super::{Dialect, Event, jetstream};
use crate::payload::{self, PAYLOAD_BYTES, PLACEHOLDER, Template};
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::websocket::Carriage;

/// What a message that reaches this connection must be.
#[derive(Debug, Clone, Copy)]
enum Expects {
    /// A core delivery: nothing but its payload matters.
    Delivery,
    /// A JetStream delivery: its reply subject is the receipt.
    StoredDelivery,
    /// A `PubAck`: the last token of its subject is the number.
    PublishAck,
}

/// One NATS connection.
#[derive(Debug)]
pub(crate) struct Nats {
    session: Session,
    expects: Expects,
    is_ready: bool,
}

impl Dialect for Nats {
    const CARRIAGE: Carriage = Carriage::BinaryStream;

    fn new(session: Session) -> Self {
        let expects = match &session.role {
            Role::Publisher { .. } => Expects::PublishAck,
            Role::Subscriber { subscription: Subscription::Live, .. } => Expects::Delivery,
            Role::Subscriber { .. } => Expects::StoredDelivery,
        };
        Nats { session, expects, is_ready: false }
    }

    fn open(&self, _out: &mut Vec<u8>) {
        // The server speaks first: see `INFO` below.
    }

    fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'a>)>> {
        let Some(newline) = memchr(b'\n', bytes) else { return Ok(None) };
        let line = bytes[..newline].strip_suffix(b"\r").context("a line that ends without CR")?;
        if !line.starts_with(b"MSG ") {
            return Ok(Some((newline + 1, self.on_control(line, out)?)));
        }
        let payload_at = newline + 1;
        let payload_end = payload_at + payload_bytes(line)?;
        if bytes.len() < payload_end + 2 {
            return Ok(None);
        }
        let event = self.on_message(line, &bytes[payload_at..payload_end])?;
        Ok(Some((payload_end + 2, event)))
    }

    fn template(&self, index: usize) -> Template {
        let Role::Publisher { channel, acknowledged } = &self.session.role else {
            unreachable!("only publishers publish")
        };
        let payload = payload::payload(index);
        let reply = match acknowledged {
            Acknowledged::No => String::new(),
            Acknowledged::Yes => format!("{}{PLACEHOLDER} ", self.inbox()),
        };
        Template::new(format!("PUB {channel} {reply}{PAYLOAD_BYTES}\r\n{payload}\r\n"))
    }

    fn acknowledge(receipt: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"PUB ");
        out.extend_from_slice(receipt);
        out.extend_from_slice(b" 4\r\n+ACK\r\n");
    }

    fn keep_alive(_out: &mut Vec<u8>) {
        // The server asks by PING when it wants to know.
    }

    fn prepare_durable(server: SocketAddr, channel: &str) -> Result<()> {
        jetstream::prepare(server, channel)
    }
}

impl Nats {
    /// Subject prefix of this publisher's acknowledgements.
    fn inbox(&self) -> String {
        format!("_INBOX.{}.", self.session.name)
    }

    fn on_message<'a>(&self, line: &'a [u8], payload: &'a [u8]) -> Result<Event<'a>> {
        match self.expects {
            Expects::Delivery => Ok(Event::Delivery { payload, receipt: &[] }),
            Expects::StoredDelivery => {
                let receipt = token(line, 3).context("stored delivery without a reply subject")?;
                Ok(Event::Delivery { payload, receipt })
            }
            Expects::PublishAck => {
                ensure!(
                    memmem::find(payload, b"\"error\"").is_none(),
                    "publish refused: {}",
                    shown(payload)
                );
                let subject = token(line, 1).context("message without a subject")?;
                let last = subject.rsplit(|&byte| byte == b'.').next().unwrap_or(subject);
                Ok(Event::Accepted { number: payload::decimal(last)? })
            }
        }
    }

    fn on_control<'a>(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Event<'a>> {
        if line == b"PING" {
            out.extend_from_slice(b"PONG\r\n");
        } else if line == b"PONG" {
            if !self.is_ready {
                self.is_ready = true;
                return Ok(Event::Ready);
            }
        } else if line.starts_with(b"INFO ") {
            // A later INFO tells of a change in the cluster; only the first opens the session.
            if !self.is_ready {
                self.introduce(out);
            }
        } else if line.starts_with(b"-ERR") {
            bail!("refused: {}", shown(line));
        } else {
            ensure!(line == b"+OK", "unknown line: {}", shown(line));
        }
        Ok(Event::Other)
    }

    fn introduce(&self, out: &mut Vec<u8>) {
        let subject = match &self.session.role {
            Role::Publisher { acknowledged: Acknowledged::No, .. } => None,
            Role::Publisher { acknowledged: Acknowledged::Yes, .. } => {
                Some(format!("{}*", self.inbox()))
            }
            Role::Subscriber { channel, subscription: Subscription::Live } => Some(channel.clone()),
            Role::Subscriber { .. } => Some(jetstream::DELIVER_SUBJECT.to_owned()),
        };
        let name = &self.session.name;
        let connect = format!(
            r#"CONNECT {{"verbose":false,"pedantic":false,"name":"{name}","lang":"rust","version":"1","protocol":1}}"#
        );
        let subscribe = subject.map(|subject| format!("SUB {subject} 1\r\n")).unwrap_or_default();
        out.extend_from_slice(format!("{connect}\r\n{subscribe}PING\r\n").as_bytes());
    }
}

/// Reads the last token of a `MSG` line.
fn payload_bytes(line: &[u8]) -> Result<usize> {
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    ensure!(0 < digits, "message without a length: {}", shown(line));
    Ok(payload::decimal(&line[line.len() - digits..])? as usize)
}

/// Returns token `index` of a line that has more tokens behind it.
fn token(line: &[u8], index: usize) -> Option<&[u8]> {
    let mut rest = line;
    for _ in 0..index {
        rest = &rest[memchr(b' ', rest)? + 1..];
    }
    Some(&rest[..memchr(b' ', rest)?])
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
