//! Where a broker is, in whichever dialect.

use std::fmt;
use std::str::FromStr;

use rialto_client::{Endpoint, EndpointError, dialects};

/// The address of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Jmqt(Endpoint),
    /// Of CoreMQ or PubSubX.
    Other(dialects::Address),
}

impl FromStr for Address {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        match dialects::Address::is_meant(text) {
            true => text.parse().map(Address::Other),
            false => text.parse().map(Address::Jmqt),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Jmqt(endpoint) => endpoint.fmt(f),
            Address::Other(address) => address.fmt(f),
        }
    }
}
