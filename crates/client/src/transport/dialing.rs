//! A socket to the first address of a host that takes it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::endpoint::{Endpoint, Protocol};
use crate::error::ConnectError;

use super::stage::Stage;

/// How long an address may take that is not the last one: one that swallows everything, as IPv6
/// sometimes does, must leave time for the others.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a peer may be silent before it is asked for a sign of life, where the dialect has no heartbeat.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(20);
/// How long an answer to that is waited for, and how often it is asked again.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 3;
/// How long what was sent may stay without a sign that it arrived.
#[cfg(target_os = "linux")]
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(50);

/// Connects a socket to the first address of the host that takes it.
pub(super) async fn connect(
    endpoint: &Endpoint,
    stage: &mut Stage,
) -> Result<TcpStream, ConnectError> {
    let unknown =
        |error| ConnectError::UnknownHost { endpoint: endpoint.clone(), source: Arc::new(error) };
    let unreachable =
        |error| ConnectError::Unreachable { endpoint: endpoint.clone(), source: Arc::new(error) };
    *stage = Stage::LookingUp;
    let found = lookup_host((endpoint.host(), endpoint.port())).await.map_err(unknown)?;
    let addresses: Vec<_> = found.collect();
    *stage = Stage::Connecting;
    let stream = connect_to_any(&addresses).await.map_err(unreachable)?;
    prepare(&stream, endpoint.protocol()).map_err(unreachable)?;
    Ok(stream)
}

/// Prepares a socket: one of a dialect without heartbeats is watched over by the system, so that a server
/// that is gone without a word is noticed.
fn prepare(stream: &TcpStream, protocol: Protocol) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if protocol == Protocol::Jmqt {
        return Ok(());
    }
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_COUNT);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(ARRIVAL_TIMEOUT))?;
    Ok(())
}

async fn connect_to_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let Some((last, others)) = addresses.split_last() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    };
    for address in others {
        if let Ok(Ok(stream)) = timeout(ADDRESS_TIMEOUT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    TcpStream::connect(last).await
}

#[cfg(test)]
mod tests;
