//! A dialect for tests: one line of readable text for each delivery and answer.

use std::io::Write as _;

use rialto_domain::{ChannelName, PacketId};

use crate::{Answered, CommandAnswer, Encoder, Format, Mark, SessionOpened, Source};

/// Writes what the core says as lines. Formats other than 0 put their number before each.
#[derive(Debug)]
pub(super) struct TextEncoder;

impl Encoder for TextEncoder {
    type Envelope = (Format, String, String);
    type Outgoing = ();

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
        (format, channel, publisher): &Self::Envelope,
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

    fn address(&self, _: Format, (): &mut (), shared: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(shared);
    }

    fn resolve(&self, _: Format, (): &mut (), _: &str) -> Option<PacketId> {
        None
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
