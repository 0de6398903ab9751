//! What the client needs of a protocol; one module a dialect.
//!
//! A dialect sees byte streams only. What WebSocket adds is [`crate::websocket`]'s business, told
//! by [`Dialect::CARRIAGE`].

pub(crate) mod coremq;
pub(crate) mod jetstream;
pub(crate) mod jmqt;
pub(crate) mod nats;
pub(crate) mod pubsubx;

use std::fmt;
use std::net::SocketAddr;

use anyhow::Result;

use crate::payload::Template;
use crate::session::Session;
use crate::websocket::Carriage;

/// What one frame of the server means to the client.
#[derive(PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// The session is open and, for a subscriber, its subscription is in force.
    Ready,
    /// A message arrived. `receipt` is what an acknowledgement must name; empty if none is due.
    Delivery { payload: &'a [u8], receipt: &'a [u8] },
    /// The server took responsibility for the publish with this number.
    Accepted { number: u64 },
    /// Nothing a workload has to know of.
    Other,
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Ready => write!(f, "session opening"),
            Event::Delivery { payload, receipt } => {
                let [payload, receipt] = [payload, receipt].map(|it| String::from_utf8_lossy(it));
                write!(f, "delivery {} [{receipt}]", payload.split(':').next().unwrap_or_default())
            }
            Event::Accepted { number } => write!(f, "acknowledgement of {number}"),
            Event::Other => write!(f, "other"),
        }
    }
}

/// One side of one connection: writes what a client says, reads what a server says.
///
/// # Duties
/// 1. **Equal care:** nothing on the path of a message is formatted, allocated or parsed as a tree.
/// 2. **Honest:** a refusal or an error of the server is an `Err`, never [`Event::Other`].
/// 3. **Split-proof:** [`next`](Self::next) consumes whole frames only and can be called again with more bytes.
pub(crate) trait Dialect: Sized {
    /// How the protocol's byte stream travels in WebSocket messages.
    const CARRIAGE: Carriage;

    fn new(session: Session) -> Self;

    /// Appends what the client says first.
    fn open(&self, out: &mut Vec<u8>);

    /// Takes the first whole frame of `bytes`: its length and its meaning, or `None` if there is none.
    ///
    /// Answers that the protocol itself demands are appended to `out`.
    ///
    /// # Errors
    /// When the server refused something, or said what the protocol does not allow.
    fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'a>)>>;

    /// Returns the publish frame of publisher `index`; the session must be a publisher's.
    fn template(&self, index: usize) -> Template;

    /// Appends the acknowledgement of a delivery.
    fn acknowledge(receipt: &[u8], out: &mut Vec<u8>);

    /// Appends a sign of life, if the protocol wants one of a silent client.
    fn keep_alive(out: &mut Vec<u8>);

    /// Prepares a freshly started server to store what is published on `channel`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    fn prepare_durable(server: SocketAddr, channel: &str) -> Result<()>;
}
