//! A dialect for tests: one line of readable text for each delivery and answer.

use std::{collections::HashMap, io::Write as _};

use rialto_domain::{ChannelName, PacketId};

use crate::{Answered, CommandAnswer, Encoder, Format, Mark, SessionOpened, Source};

/// The numbers that deliveries have on one connection, each with what is acknowledged by it.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: u64,
    owed: HashMap<u64, PacketId>,
}

/// Writes what the core says as lines. For connections that are addressed it puts a number of their own before each
/// delivery.
/// Formats other than 0 put their number before each.
#[derive(Debug)]
pub(super) struct TextEncoder;

impl Encoder for TextEncoder {
    type Envelope = (Format, String, String);
    type Outgoing = Numbers;

    fn envelope(
        &self,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Self::Envelope {
        let publisher = source.publisher.as_str();
        let publisher = if publisher.is_empty() { "server" } else { publisher };
        (format, channel.to_string(), publisher.to_owned())
    }

    fn delivery(
        &self,
        (format, channel, publisher): &mut Self::Envelope,
        payload: &[u8],
        mark: Mark,
        out: &mut Vec<u8>,
    ) {
        let payload = std::str::from_utf8(payload).unwrap();
        let mark = match mark {
            Mark::Plain => String::new(),
            Mark::Retained => " retained".to_owned(),
            Mark::Acknowledged(id) => format!(" id {id}"),
        };
        put_line(*format, &format!("push {channel} {payload} by {publisher}{mark}"), out);
    }

    fn address(&self, _: Format, numbers: &mut Numbers, shared: &[u8], out: &mut Vec<u8>) {
        for line in std::str::from_utf8(shared).unwrap().lines() {
            numbers.last += 1;
            let id = line.split_once(" id ").and_then(|(_, id)| PacketId::parse(id));
            numbers.owed.extend(id.map(|id| (numbers.last, id)));
            writeln!(out, "#{} {line}", numbers.last).unwrap();
        }
    }

    fn resolve(&self, _: Format, numbers: &mut Numbers, name: &str) -> Option<PacketId> {
        numbers.owed.remove(&name.strip_prefix('#')?.parse().ok()?)
    }

    fn session_opened(&self, format: Format, session: SessionOpened, out: &mut Vec<u8>) {
        let resumed = if session.resumed { " resumed" } else { "" };
        put_line(format, &format!("connected {}{resumed}", session.silence_max.as_secs()), out);
    }

    fn ping(&self, format: Format, out: &mut Vec<u8>) {
        put_line(format, "ping", out);
    }

    fn command_answer(&self, format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        let command = match answer.command {
            Answered::Subscribe(channel) => format!("subscribed {channel}"),
            Answered::Unsubscribe(channel) => format!("unsubscribed {channel}"),
            Answered::Publish => format!("published {}", answer.request.unwrap_or("-")),
        };
        let outcome = match answer.result {
            Ok(None) => String::new(),
            Ok(Some(answer)) => format!(" = {answer}"),
            Err(reject) => format!(": {reject:?}"),
        };
        put_line(format, &(command + &outcome), out);
    }
}

fn put_line(format: Format, line: &str, out: &mut Vec<u8>) {
    if format.0 != 0 {
        write!(out, "[{}] ", format.0).unwrap();
    }
    writeln!(out, "{line}").unwrap();
}
