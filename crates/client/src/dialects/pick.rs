//! The codec of an address.

use super::address::{Address, Dialect};
use super::codec::{Decode, Encode};
use super::coremq::{CoremqEncoder, CoremqReader, GatewayReader};
use super::pubsubx::{PubsubxEncoder, PubsubxReader};

/// Returns what says demands at an address.
pub(super) fn encoder(address: &Address) -> Box<dyn Encode> {
    match address.dialect() {
        Dialect::Coremq => Box::new(CoremqEncoder::new(address.is_websocket())),
        Dialect::Pubsubx => Box::new(PubsubxEncoder),
    }
}

/// Returns what reads a new connection to an address.
pub(super) fn decoder(address: &Address) -> Box<dyn Decode> {
    match address.dialect() {
        Dialect::Coremq if address.is_websocket() => Box::new(GatewayReader),
        Dialect::Coremq => Box::new(CoremqReader::new()),
        Dialect::Pubsubx => Box::new(PubsubxReader::new()),
    }
}
