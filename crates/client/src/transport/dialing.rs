//! A socket to the first address of a host that takes it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::error::ConnectError;

use super::stage::Stage;

/// How long an address may take that is not the last one: one that swallows everything, as IPv6
/// sometimes does, must leave time for the others.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(2);

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
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
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
