//! What a policy that hashes goes by: the client's address, or the client id in its first packet.
//!
//! Reading is bounded in bytes here and in time by its caller.

use std::{hash::BuildHasher as _, io, net::IpAddr};

use foldhash::fast::FixedState;
use rialto_domain::network_of;
use rialto_net::Stream;
use rialto_wire::first_packet::{self, FirstPacket};
use tokio::io::AsyncReadExt as _;

/// Bytes that a first packet may have; a longer one goes by the client's address.
const BYTES_MAX: usize = 16 << 10;
/// Bytes read at a time.
const READ_BYTES: usize = 1024;

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
        match first_packet::read(early) {
            FirstPacket::Client(client) => return Ok(Some(FixedState::default().hash_one(client))),
            FirstPacket::Nobody => return Ok(None),
            FirstPacket::TooLittle if BYTES_MAX <= early.len() => return Ok(None),
            FirstPacket::TooLittle => {}
        }
        early.reserve(READ_BYTES);
        if stream.read_buf(early).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
