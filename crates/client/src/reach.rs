//! Whether a broker is there, without opening a session.

use std::time::Duration;

use rialto_wire::jmqt::{Carrier, ClientPacket, Publish, ServerPacket, status};
use tokio::time::{Instant, timeout};

use crate::error::ConnectError;
use crate::incoming::Incoming;
use crate::options::Options;
use crate::reason::Reason;
use crate::status::{Refusal, Status};
use crate::transport::{Stage, Transport};

/// A broker that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// How long it took to connect, from the name lookup to where packets can be sent.
    pub connected_in: Duration,
    /// How long the answer to one packet took.
    pub answered_in: Duration,
}

/// Connects to the broker of `options`, asks it something, and leaves when it has answered.
///
/// Needs no credentials, and those of `options` are not used: a request without a session is answered
/// by a refusal, which shows as well that a broker is there. No session is opened or ended by it.
///
/// # Errors
/// [`ConnectError`], within [`Options::connect_timeout`].
///
/// # Spec
/// J-40: requests before a session are answered with status 7.
///
/// # Example
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rialto_client::{Credentials, Options, reach};
///
/// let options = Options::new("jmqt://127.0.0.1".parse()?, Credentials::named("nobody"));
/// println!("the broker answers within {:?}", reach(&options).await?.answered_in);
/// # Ok(())
/// # }
/// ```
pub async fn reach(options: &Options) -> Result<Reached, ConnectError> {
    let limit = options.connect_timeout;
    let mut stage = Stage::LookingUp;
    let reached = timeout(limit, reach_unhurried(options, &mut stage)).await;
    reached.unwrap_or_else(|_| Err(stage.timed_out(options.endpoint.clone(), limit)))
}

async fn reach_unhurried(options: &Options, stage: &mut Stage) -> Result<Reached, ConnectError> {
    let started = Instant::now();
    let mut transport = Transport::dial(&options.endpoint, &options.tls, stage).await?;
    let connected_in = started.elapsed();

    let asked = Instant::now();
    transport.send(question());
    let mut frames = Vec::new();
    while frames.is_empty() {
        transport.exchange_greeting(&options.endpoint, stage, &mut frames).await?;
    }
    let answered_in = asked.elapsed();
    if let Some(Incoming::Frame(frame)) = frames.first()
        && let Ok(ServerPacket::ConnAck(ack)) = ServerPacket::decode(frame)
        && ack.st != status::OK
    {
        let reason = Reason::of_packet(ack.st, ack.rs.as_deref(), ack.mg.as_deref());
        let refusal = Refusal { status: Status(ack.st), message: ack.mg.map(Into::into) };
        return Err(ConnectError::TurnedAway {
            endpoint: options.endpoint.clone(),
            reason,
            refusal,
        });
    }
    Ok(Reached { connected_in, answered_in })
}

/// Returns a packet that is answered whoever sends it, and does nothing.
fn question() -> Vec<u8> {
    let mut packet = Vec::new();
    let question = ClientPacket::Pub(Publish {
        channel: "$time".into(),
        payload: "null",
        acknowledged: false,
        retain: false,
        id: Some("1".into()),
    });
    question.encode(&mut packet, Carrier::Tcp);
    packet
}
