//! A server behind the load balancer, as `balancer.routes` names it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Largest weight of a server.
const WEIGHT_MAX: u32 = 1000;

/// A server behind the load balancer: `host:port`, perhaps with `weight=N` and `backup` behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its share of the connections beside the others; 1 at least.
    pub weight: u32,
    /// Whether it gets connections only while no other server can have them.
    pub is_backup: bool,
}

/// What is wrong with the text for a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no server; expected host:port, perhaps with weight=2 or backup behind it")]
pub struct ParseBackendError(String);

impl FromStr for Backend {
    type Err = ParseBackendError;

    fn from_str(text: &str) -> Result<Self, ParseBackendError> {
        parse(text).ok_or_else(|| ParseBackendError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Backend> {
    let mut words = text.split_ascii_whitespace();
    let (host, port) = words.next()?.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_strange = |it: char| "/@[]?#".contains(it);
    // An IPv6 address has brackets; without them its last group would pass for a port.
    let is_address = bare.is_some_and(|host| host.parse::<IpAddr>().is_ok_and(|it| it.is_ipv6()));
    let is_name = !host.is_empty() && !host.contains(is_strange) && !host.contains(':');
    if !is_address && !is_name {
        return None;
    }
    let mut backend =
        Backend { host: bare.unwrap_or(host).to_owned(), port, weight: 1, is_backup: false };
    for word in words {
        match word.strip_prefix("weight=") {
            Some(weight) => {
                backend.weight =
                    weight.parse().ok().filter(|weight| (1..=WEIGHT_MAX).contains(weight))?;
            }
            None if word == "backup" => backend.is_backup = true,
            None => return None,
        }
    }
    Some(backend)
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Backend { host, port, weight, is_backup } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}")?,
            false => write!(f, "{host}:{port}")?,
        }
        if *weight != 1 {
            write!(f, " weight={weight}")?;
        }
        if *is_backup { f.write_str(" backup") } else { Ok(()) }
    }
}

impl Serialize for Backend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Backend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
