//! Where a listener listens: an IP address or a host name, and a port.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest host name and longest part of one between two dots, in bytes (RFC 1035).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenAddress {
    /// One IP address and a port; port 0 takes any that is free.
    Socket(SocketAddr),
    /// A host name, which is resolved when the listener is opened, and a port. Every address of the
    /// name is listened on.
    Name {
        /// The host name, as it was written.
        host: String,
        /// The port; 0 takes any that is free.
        port: u16,
    },
}

/// A text that is not where a listener could listen, with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseListenAddressError(String);

impl ListenAddress {
    pub(crate) const EXPECTED: &str = "an IP address or a host name and a port such as \
         \"127.0.0.1:8010\", \"[::1]:8010\" or \"localhost:8010\"";

    /// Returns the port.
    pub const fn port(&self) -> u16 {
        match self {
            ListenAddress::Socket(socket) => socket.port(),
            ListenAddress::Name { port, .. } => *port,
        }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(socket: SocketAddr) -> Self {
        ListenAddress::Socket(socket)
    }
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, ParseListenAddressError> {
        if let Ok(socket) = text.parse() {
            return Ok(ListenAddress::Socket(socket));
        }
        let (host, port) = host_and_port(text)?;
        let instead = match host {
            "" => on_loopback_or_all(port),
            "*" => format!(
                "write [::]:{port} for all addresses of this machine, or 0.0.0.0:{port} for those \
                 of IPv4"
            ),
            host if host.parse::<Ipv6Addr>().is_ok() => {
                format!("write an IPv6 address in brackets, [{host}]:{port}")
            }
            _ if text.contains("://") => "leave out what stands before the host".to_owned(),
            host if !is_name(host) => "it has no valid IP address or host name".to_owned(),
            host => return Ok(ListenAddress::Name { host: host.to_owned(), port }),
        };
        Err(wrong(text, &instead))
    }
}

/// Splits a text, and says what to write where it has only one of the two.
fn host_and_port(text: &str) -> Result<(&str, u16), ParseListenAddressError> {
    if let Ok(port) = text.parse() {
        return Err(wrong(text, &on_loopback_or_all(port)));
    }
    let in_brackets = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if in_brackets.unwrap_or(text).parse::<Ipv6Addr>().is_ok() {
        let instead = "write an IPv6 address in brackets with the port behind it, as in [::1]:8010";
        return Err(wrong(text, instead));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        let is_host = text.parse::<Ipv4Addr>().is_ok() || is_name(text);
        let host = if is_host { text } else { "127.0.0.1" };
        return Err(wrong(text, &format!("add the port, as in {host}:8010")));
    };
    let port =
        port.parse().map_err(|_| wrong(text, "its port must be a number from 0 to 65535"))?;
    Ok((host, port))
}

fn on_loopback_or_all(port: u16) -> String {
    format!(
        "name a host: write 127.0.0.1:{port} for this machine only, or [::]:{port} for all of its \
         addresses"
    )
}

fn wrong(text: &str, instead: &str) -> ParseListenAddressError {
    ParseListenAddressError(format!("{text:?}: {instead}"))
}

/// Says whether a text can be a host name. One that ends in a number would be an IPv4 address that
/// is mistyped.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= NAME_BYTES_MAX
        && name.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Socket(socket) => socket.fmt(f),
            ListenAddress::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
