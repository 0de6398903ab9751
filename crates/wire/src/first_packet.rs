//! Which client the first bytes of a connection name, in whichever dialect.
//!
//! For whoever passes connections on and has to know whose they are, such as a balancer. The only module
//! that knows several dialects.

use percent_encoding::percent_decode_str;

use crate::{
    jmqt::{self, ClientPacket, DecodeLimits},
    pubsubx::{self, Command},
};

/// Nesting that a first packet may have.
const JSON_DEPTH_MAX: usize = 128;
/// Names under which a WebSocket's query may have the client id.
const QUERY_NAMES: [&str; 3] = ["client", "client_id", "cl"];
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const END_OF_PUBSUBX: &[u8] = b"\n\nx";

/// What the first bytes of a connection say of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstPacket {
    /// Its id: of JMQT's `conn`, of PubSubX's `CONNECT`, or of a WebSocket's query.
    Client(String),
    /// Nothing, whatever comes.
    Nobody,
    /// Nothing yet. The caller bounds how much it waits for.
    TooLittle,
}

/// Returns what the first bytes of a connection, as many as have come, say of its client. What follows the first
/// packet changes nothing.
pub fn read(early: &[u8]) -> FirstPacket {
    let end = |pattern: &[u8]| memchr::memmem::find(early, pattern);
    let found = match early {
        [] => return FirstPacket::TooLittle,
        [b'{', ..] => end(b"\0").map(|end| client_of_jmqt(&early[..end])),
        _ if is_pubsubx(early) => end(END_OF_PUBSUBX).map(|end| client_of_pubsubx(&early[..end])),
        [b'A'..=b'Z', ..] => end(END_OF_HEAD).map(|end| client_of_request(&early[..end])),
        _ => return FirstPacket::Nobody,
    };
    match found {
        Some(Some(client)) if !client.is_empty() => FirstPacket::Client(client),
        Some(_) => FirstPacket::Nobody,
        None => FirstPacket::TooLittle,
    }
}

/// Tells `CONNECT` of PubSubX from that of HTTP, whose line ends with a carriage return.
fn is_pubsubx(early: &[u8]) -> bool {
    let end = memchr::memmem::find(early, END_OF_PUBSUBX).unwrap_or(early.len());
    early.starts_with(b"CONNECT ") && !early[..end].contains(&b'\r')
}

fn client_of_jmqt(frame: &[u8]) -> Option<String> {
    match jmqt::decode(frame, DecodeLimits { json_depth_max: JSON_DEPTH_MAX }) {
        Ok(ClientPacket::Conn { client, .. }) => Some(client.into_owned()),
        _ => None,
    }
}

fn client_of_pubsubx(message: &[u8]) -> Option<String> {
    match pubsubx::decode(message) {
        Command::Connect { name, .. } => Some(name.to_owned()),
        _ => None,
    }
}

/// Takes the client id out of the query of a WebSocket's request.
fn client_of_request(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let target = head.lines().next()?.split(' ').nth(1)?;
    let (_, query) = target.split_once('?')?;
    let mut members = query.split('&').filter_map(|member| member.split_once('='));
    let (_, client) = members.find(|(name, _)| QUERY_NAMES.contains(name))?;
    Some(percent_decode_str(client).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests;
