//! What a policy that hashes goes by: the client's address, or the client id in its first packet.
//!
//! The parsing is pure; reading is bounded in bytes here and in time by its caller.

use std::{hash::BuildHasher as _, io, net::IpAddr};

use foldhash::fast::FixedState;
use percent_encoding::percent_decode_str;
use rialto_domain::network_of;
use rialto_net::Stream;
use rialto_wire::{
    jmqt::{self, ClientPacket, DecodeLimits},
    pubsubx::{self, Command},
};
use tokio::io::AsyncReadExt as _;

/// Bytes that a first packet may have; a longer one goes by the client's address.
const BYTES_MAX: usize = 16 << 10;
/// Bytes read at a time.
const READ_BYTES: usize = 1024;
/// Nesting that a first packet may have.
const JSON_DEPTH_MAX: usize = 128;
/// Names under which a WebSocket's query may have the client id.
const QUERY_NAMES: [&str; 3] = ["client", "client_id", "cl"];
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const END_OF_PUBSUBX: &[u8] = b"\n\nx";

/// Returns what stands for the network of an address, in every process the same.
pub(crate) fn key_of_address(address: IpAddr) -> u64 {
    FixedState::default().hash_one(network_of(address))
}

/// Reads the first packet of a connection, and returns what stands for the client id in it, in every process the
/// same; `None` where there is none. What was read is appended to `early`, and is to be passed on.
///
/// # Errors
/// When the connection ends or fails.
pub(crate) async fn key_of_client(
    stream: &mut Stream,
    early: &mut Vec<u8>,
) -> io::Result<Option<u64>> {
    loop {
        match client_in(early) {
            Found::Client(client) => return Ok(Some(FixedState::default().hash_one(client))),
            Found::Nobody => return Ok(None),
            Found::TooLittle if BYTES_MAX <= early.len() => return Ok(None),
            Found::TooLittle => {}
        }
        early.reserve(READ_BYTES);
        if stream.read_buf(early).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What the first bytes of a connection say of its client.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Its id.
    Client(String),
    /// Nothing, whatever comes.
    Nobody,
    /// Nothing yet.
    TooLittle,
}

fn client_in(early: &[u8]) -> Found {
    let end = |pattern: &[u8]| memchr::memmem::find(early, pattern);
    let found = match early {
        [] => return Found::TooLittle,
        [b'{', ..] => end(b"\0").map(|end| client_of_jmqt(&early[..end])),
        _ if early.starts_with(b"CONNECT ") && !early.contains(&b'\r') => {
            end(END_OF_PUBSUBX).map(|end| client_of_pubsubx(&early[..end]))
        }
        [b'A'..=b'Z', ..] => end(END_OF_HEAD).map(|end| client_of_request(&early[..end])),
        _ => return Found::Nobody,
    };
    match found {
        Some(Some(client)) if !client.is_empty() => Found::Client(client),
        Some(_) => Found::Nobody,
        None => Found::TooLittle,
    }
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
