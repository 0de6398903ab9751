//! A message on its way in: what is published, by whom, and how it was taken.

use rialto_domain::Qos;

use crate::ConnectionKey;

/// A message on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// Where to.
    pub channel: &'a str,
    /// One valid JSON text.
    pub payload: &'a [u8],
    /// How surely.
    pub qos: Qos,
    /// Whether it becomes the channel's retained message; without effect on direct channels.
    pub retain: bool,
    /// The publisher's id of this request. QoS 1 has one; a QoS 0 publish that has one is told of
    /// refusals by it.
    pub request: Option<&'a str>,
}

/// Who a message is from: a connection, for itself or for another client, or the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Publisher<'a> {
    pub(super) connection: Option<ConnectionKey>,
    pub(super) on_behalf_of: Option<&'a str>,
}

impl Publisher<'_> {
    pub(super) const SERVER: Publisher<'static> =
        Publisher { connection: None, on_behalf_of: None };

    pub(super) fn on(connection: ConnectionKey) -> Self {
        Publisher { connection: Some(connection), on_behalf_of: None }
    }
}

/// When a message that was taken is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublishOutcome {
    /// It is on its way; the answer can go.
    Done,
    /// It waits for the store; the answer comes with the commit.
    AwaitsCommit,
}

/// How a message goes through the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoreRoute {
    /// Whether persistent subscribers need it in the log.
    pub(super) logged: bool,
    /// Whether its sender is to hear that the receiver is offline.
    pub(super) offline: bool,
}
