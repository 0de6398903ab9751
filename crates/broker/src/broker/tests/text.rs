//! A dialect for tests: one line of readable text for each delivery and reply.

use std::io::Write as _;

use rialto_domain::{ChannelName, Reject};

use crate::{Encoder, Format, Mark, Reply, Source};

/// Writes what the core says as lines. Formats other than 0 put their number before each.
#[derive(Debug)]
pub(super) struct TextEncoder;

impl Encoder for TextEncoder {
    type Envelope = (Format, String, String);

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

    fn reply(&self, format: Format, reply: &Reply<'_>, out: &mut Vec<u8>) {
        let line = match reply {
            Reply::Connected { timeout_s } => format!("connected {timeout_s}"),
            Reply::Subscribed { channel, result } => {
                format!("subscribed {channel}{}", outcome(*result))
            }
            Reply::Unsubscribed { channel, result } => {
                format!("unsubscribed {channel}{}", outcome(*result))
            }
            Reply::Published { request, result } => {
                let request = request.unwrap_or("-");
                match result {
                    Ok(Some(answer)) => format!("published {request} = {answer}"),
                    other => format!("published {request}{}", outcome(other.map(|_| ()))),
                }
            }
        };
        put_line(format, &line, out);
    }
}

fn outcome(result: Result<(), &Reject>) -> String {
    result.map_or_else(|reject| format!(": {reject:?}"), |()| String::new())
}

fn put_line(format: Format, line: &str, out: &mut Vec<u8>) {
    if format.0 != 0 {
        write!(out, "[{}] ", format.0).unwrap();
    }
    writeln!(out, "{line}").unwrap();
}
