//! What PubSubX's bytes mean to a client.

use std::fmt::Write as _;
use std::io;

use rialto_wire::pubsubx::{Command, FrameSplitter, payload_of, put_command};
use serde_json::value::RawValue;

use crate::message::{Push, Qos};

use super::codec::{Decode, Encode};
use super::demand::{Demand, Greeting, Received};

/// Bytes that a message may have; a server has 10 KiB, and one of another make may have more.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Says demands.
pub(super) struct PubsubxEncoder;

/// Appends what opens a session (P-11, P-41).
///
/// # Errors
/// Why such a name cannot be said.
pub(super) fn put_connect(
    client: &str,
    token: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let token = token.unwrap_or_default();
    put_command(out, &Command::Connect { name: client, token }).map_err(|error| error.to_string())
}

impl Encode for PubsubxEncoder {
    fn put(&self, demand: &Demand, out: &mut Vec<u8>) -> Result<(), String> {
        let put = match demand {
            Demand::Publish { channel, payload } => {
                let text: Option<String> = serde_json::from_str(payload.get()).ok();
                let data = text.as_deref().unwrap_or(payload.get());
                put_command(out, &Command::Publish { topic: channel, data })
            }
            Demand::Subscribe(topic) => put_command(out, &Command::Subscribe(topic)),
            Demand::Unsubscribe(topic) => put_command(out, &Command::Unsubscribe(topic)),
            Demand::Leave => put_command(out, &Command::Disconnect),
            Demand::Close => return Ok(()),
            Demand::Ask(_) => return Err("PubSubX has no questions".to_owned()),
        };
        put.map_err(|error| error.to_string())
    }

    fn is_answered(&self, _: &Demand) -> bool {
        false
    }
}

/// Reads what a server says.
pub(super) struct PubsubxReader {
    splitter: FrameSplitter,
    phase: Phase,
}

/// How far the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    /// `RESTORED` was said, and the topics are not.
    Topics,
    Open,
}

impl PubsubxReader {
    pub(super) fn new() -> Self {
        let splitter = FrameSplitter::of_server(MESSAGE_BYTES_MAX);
        PubsubxReader { splitter, phase: Phase::Greeting }
    }
}

impl Decode for PubsubxReader {
    fn take(&mut self, bytes: &[u8], received: &mut Vec<Received>) -> io::Result<()> {
        for frame in self.splitter.push(bytes) {
            let text = text_of(frame);
            match self.phase {
                Phase::Greeting if text.starts_with("RESTORED ") => self.phase = Phase::Topics,
                Phase::Greeting => {
                    self.phase = Phase::Open;
                    let greeting = match text.strip_prefix("ERROR: ") {
                        Some(problem) => Err(problem.to_owned()),
                        None if text.starts_with("OK:") => Ok(Greeting::New { id: None }),
                        None => return Err(io::Error::other("the server says no word of PubSubX")),
                    };
                    received.push(Received::Greeting(greeting));
                }
                Phase::Topics => {
                    self.phase = Phase::Open;
                    let channels = text.split(' ').filter(|topic| !topic.is_empty());
                    let channels = channels.map(str::to_owned).collect();
                    received.push(Received::Greeting(Ok(Greeting::Restored { channels })));
                }
                Phase::Open if text.is_empty() => {}
                Phase::Open => received.push(Received::Message(message(&text)?)),
            }
        }
        Ok(())
    }
}

fn message(text: &str) -> io::Result<Push> {
    let (topic, data) = text.split_once(' ').unwrap_or((text, ""));
    let payload = String::from_utf8(payload_of(data)).map_err(io::Error::other)?;
    Ok(Push {
        channel: topic.to_owned(),
        payload: RawValue::from_string(payload).map_err(io::Error::other)?,
        publisher: String::new(),
        qos: Qos::AtMostOnce,
        id: None,
        retained: false,
    })
}

/// Returns a message as text. Bytes that are none, which an original server passes on, become escapes
/// such as `\xff`.
fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("memory takes it");
        }
    }
    text
}

#[cfg(test)]
mod tests;
