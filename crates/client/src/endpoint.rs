//! Where a broker is: `jmqt://host:port` and its three siblings.

use std::fmt;
use std::str::FromStr;

/// How to speak to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `jmqt`: a plain socket, port 8010 unless given.
    Tcp,
    /// `jmqts`: a socket with TLS, port 8011 unless given.
    Tls,
    /// `ws`: plain WebSocket, port 8012 unless given.
    WebSocket,
    /// `wss`: WebSocket with TLS, port 8013 unless given.
    WebSocketTls,
}

/// What is spoken to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Jmqt,
    Coremq,
    Pubsubx,
}

/// The name of a scheme, what it stands for, and its port; without one an address must have it.
type Known = (&'static str, Scheme, Option<u16>);

const JMQT: &[Known] = &[
    ("jmqt", Scheme::Tcp, Some(8010)),
    ("jmqts", Scheme::Tls, Some(8011)),
    ("ws", Scheme::WebSocket, Some(8012)),
    ("wss", Scheme::WebSocketTls, Some(8013)),
];
const COREMQ: &[Known] = &[
    ("coremq", Scheme::Tcp, Some(6747)),
    ("coremqs", Scheme::Tls, None),
    ("coremq+ws", Scheme::WebSocket, Some(9000)),
    ("coremq+wss", Scheme::WebSocketTls, None),
];
const PUBSUBX: &[Known] =
    &[("pubsubx", Scheme::Tcp, Some(12_000)), ("pubsubxs", Scheme::Tls, None)];

impl Protocol {
    /// Returns the protocol's own name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Jmqt => "JMQT",
            Protocol::Coremq => "CoreMQ",
            Protocol::Pubsubx => "PubSubX",
        }
    }

    fn schemes(self) -> &'static [Known] {
        match self {
            Protocol::Jmqt => JMQT,
            Protocol::Coremq => COREMQ,
            Protocol::Pubsubx => PUBSUBX,
        }
    }
}

impl Scheme {
    /// Returns whether the connection is encrypted.
    pub fn has_tls(self) -> bool {
        matches!(self, Scheme::Tls | Scheme::WebSocketTls)
    }
}

/// The address of a broker, as a URL.
///
/// # Example
/// ```
/// use rialto_client::Endpoint;
///
/// let endpoint: Endpoint = "wss://broker.example/mq".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port()), ("broker.example", 8013));
/// # Ok::<(), rialto_client::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    protocol: Protocol,
    scheme: Scheme,
    host: String,
    port: u16,
    /// Only WebSocket has one; begins with a slash.
    path: String,
}

/// A text that is no address of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not the address of a broker: {problem}; write jmqt://HOST:PORT for a plain \
     socket, jmqts:// for TLS, ws:// or wss:// for WebSocket"
)]
pub struct EndpointError {
    text: String,
    problem: &'static str,
}

impl Endpoint {
    /// Returns how to speak to the broker.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the name or IP address of the host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether JMQT is spoken there; an error of a client of another dialect has an address where
    /// it is not.
    pub fn is_of_jmqt(&self) -> bool {
        self.protocol == Protocol::Jmqt
    }

    /// Returns what is spoken there.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the address as WebSocket has it.
    #[cfg(feature = "websocket")]
    pub(crate) fn websocket_url(&self) -> String {
        let jmqt = Endpoint { protocol: Protocol::Jmqt, ..self.clone() };
        jmqt.to_string()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        Endpoint::parse(text, Protocol::Jmqt)
    }
}

impl Endpoint {
    /// Reads the address of somebody who speaks `protocol`.
    pub(crate) fn parse(text: &str, protocol: Protocol) -> Result<Self, EndpointError> {
        let fail = |problem| EndpointError { text: text.to_owned(), problem };
        let plain = protocol.schemes()[0].0;
        let (scheme, rest) = text.split_once("://").unwrap_or((plain, text));
        let &(_, scheme, default_port) = protocol
            .schemes()
            .iter()
            .find(|(name, _, _)| name.eq_ignore_ascii_case(scheme))
            .ok_or_else(|| fail("its scheme is unknown"))?;

        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let is_socket = matches!(scheme, Scheme::Tcp | Scheme::Tls);
        if is_socket && !matches!(path, "" | "/") {
            return Err(fail("a socket has no path"));
        }
        let (host, port) =
            split_port(authority).ok_or_else(|| fail("an IPv6 address needs brackets"))?;
        if host.is_empty() || host.contains(['@', ' ', '[', ']']) {
            return Err(fail("its host is not a name or IP address"));
        }
        let port = match port {
            None => default_port.ok_or_else(|| fail("its port is missing"))?,
            Some(digits) => match digits.parse() {
                Ok(0) | Err(_) => return Err(fail("its port is not a number from 1 to 65535")),
                Ok(port) => port,
            },
        };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Endpoint { protocol, scheme, host: host.to_owned(), port, path: path.to_owned() })
    }
}

/// Splits `[::1]:80` and `host:80`; an IPv6 address needs its brackets.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((_, rest)) if rest.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut schemes = self.protocol.schemes().iter();
        let name = schemes.find(|(_, scheme, _)| *scheme == self.scheme);
        let name = name.map_or("", |(name, _, _)| name);
        let path = if self.path == "/" { "" } else { &self.path };
        if self.host.contains(':') {
            write!(f, "{name}://[{}]:{}{path}", self.host, self.port)
        } else {
            write!(f, "{name}://{}:{}{path}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests;
