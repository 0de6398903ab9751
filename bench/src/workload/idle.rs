//! Many connections that only listen: what one costs the server's memory.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::Client;
use crate::connection::Endpoint;
use crate::outcome::Outcome;
use crate::server::Server;
use crate::session::{Role, Session, Subscription};
use crate::wire::Dialect;

/// Lets the server finish what the last subscription started.
const SETTLE: Duration = Duration::from_millis(500);

/// Opens `connections`, each subscribed to a channel of its own, and weighs the server.
///
/// # Errors
/// When the server refuses or closes a connection.
pub(crate) fn run<D: Dialect>(
    server: &Server,
    endpoint: Endpoint,
    connections: u64,
) -> Result<Outcome> {
    let before = server.resident_bytes()?;
    let started = Instant::now();
    let mut client = Client::<D>::new(endpoint)?;
    client.open_all((0..connections).map(listener).collect())?;
    let connect_seconds = started.elapsed().as_secs_f64();
    client.rest(SETTLE)?;
    let gained = server.resident_bytes()?.saturating_sub(before);
    Ok(Outcome {
        rate: Some(connections as f64 / connect_seconds),
        seconds: connect_seconds,
        connect_seconds: Some(connect_seconds),
        connection_bytes: Some(gained as f64 / connections as f64),
        ..Outcome::default()
    })
}

fn listener(index: u64) -> Session {
    let channel = format!("room/{index}");
    let role = Role::Subscriber { channel, subscription: Subscription::Live };
    Session { name: format!("bench-{index}"), role }
}
