//! Where a server of another dialect is: `coremq://host:port` and its siblings.

use std::fmt;
use std::str::FromStr;

use crate::endpoint::{Endpoint, EndpointError, Protocol, Scheme};

/// A dialect beside JMQT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// JSON objects in queues.
    Coremq,
    /// Texts on topics.
    Pubsubx,
}

/// The address of a server that speaks another dialect, as a URL.
///
/// `coremq://` is a plain socket (port 6747 unless given), `coremqs://` one with TLS, `coremq+ws://` the
/// WebSocket gateway (9000), `coremq+wss://` the same with TLS, `pubsubx://` a plain socket (12000) and
/// `pubsubxs://` one with TLS. Those with TLS have no port of their own: it must be given.
///
/// # Example
/// ```
/// use rialto_client::dialects::{Address, Dialect};
///
/// let address: Address = "coremq+ws://broker.example".parse()?;
/// assert_eq!((address.dialect(), address.port()), (Dialect::Coremq, 9000));
/// # Ok::<(), rialto_client::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Endpoint);

impl Address {
    /// Returns what is spoken there.
    pub fn dialect(&self) -> Dialect {
        match self.0.protocol() {
            Protocol::Pubsubx => Dialect::Pubsubx,
            Protocol::Coremq | Protocol::Jmqt => Dialect::Coremq,
        }
    }

    /// Returns the name or IP address of the host, without brackets.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Returns whether a text has the scheme of another dialect, be the rest an address or not.
    pub fn is_meant(text: &str) -> bool {
        protocol_of(text).is_some()
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.0
    }

    pub(super) fn is_websocket(&self) -> bool {
        matches!(self.0.scheme(), Scheme::WebSocket | Scheme::WebSocketTls)
    }
}

fn protocol_of(text: &str) -> Option<Protocol> {
    let (scheme, _) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        _ if scheme.starts_with("coremq") => Some(Protocol::Coremq),
        _ if scheme.starts_with("pubsubx") => Some(Protocol::Pubsubx),
        _ => None,
    }
}

impl FromStr for Address {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        // Without such a scheme it is refused as an address of CoreMQ is.
        let protocol = protocol_of(text).unwrap_or(Protocol::Coremq);
        Endpoint::parse(text, protocol).map(Address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
