//! Other servers, as `cluster.nodes` names them.

use std::net::IpAddr;
use std::str::FromStr;

/// The port of a node that is listed without one.
pub const NODE_PORT: u16 = 6747;

/// What stands before a node that is reached over TLS.
const TLS: &str = "coremqs://";

/// Another server: `host`, `host:port` or `[address]:port`, behind `coremqs://` for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name or address, without brackets.
    pub host: String,
    /// The port of its CoreMQ listener.
    pub port: u16,
    /// Whether TLS is spoken there.
    pub has_tls: bool,
}

/// What is wrong with a node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a host, host:port or coremqs://host:port")]
pub struct ParseNodeError;

impl FromStr for Node {
    type Err = ParseNodeError;

    fn from_str(text: &str) -> Result<Self, ParseNodeError> {
        let (has_tls, rest) = match text.strip_prefix(TLS) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let has_no_port = rest.parse::<IpAddr>().is_ok() || rest.ends_with(']');
        let (host, port) = match rest.rsplit_once(':').filter(|_| !has_no_port) {
            Some((host, port)) => (host, port.parse().map_err(|_| ParseNodeError)?),
            None => (rest, NODE_PORT),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_strange = |it: char| it.is_whitespace() || "/@[]?#".contains(it);
        let has_colon = host.contains(':') && host.parse::<IpAddr>().is_err();
        if host.is_empty() || host.contains(is_strange) || has_colon || port == 0 {
            return Err(ParseNodeError);
        }
        Ok(Node { host: host.to_owned(), port, has_tls })
    }
}

#[cfg(test)]
mod tests;
