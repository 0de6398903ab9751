//! A message on its way out.

use rialto_wire::jmqt::{ClientPacket, Publish};
use serde_json::value::RawValue;

use crate::error::RequestError;
use crate::message::{Ack, PublishOptions, Qos};

/// A message to be published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publication<'a> {
    pub(crate) channel: &'a str,
    pub(crate) payload: &'a RawValue,
    pub(crate) options: PublishOptions,
    /// Whether others wait for room, whom it may not overtake (K-45).
    pub(crate) is_behind: bool,
}

impl Publication<'_> {
    /// Returns about how long its packet is.
    pub(super) fn bytes(&self) -> usize {
        self.channel.len() + self.payload.get().len()
    }

    /// Returns the packet, with an id if there is a number.
    pub(super) fn packet(&self, number: Option<u64>) -> ClientPacket<'_> {
        ClientPacket::Pub(Publish {
            channel: self.channel.into(),
            payload: self.payload.get(),
            acknowledged: self.options.qos == Qos::AtLeastOnce,
            retain: self.options.retain,
            id: number.map(|number| number.to_string().into()),
        })
    }
}

/// What became of a publish.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Its ticket is answered later; the number withdraws it.
    Taken(u64),
    /// It is over, and has no ticket.
    Done(Result<Ack, RequestError>),
    /// There is no room; it may be tried again when there is.
    NoRoom,
}
