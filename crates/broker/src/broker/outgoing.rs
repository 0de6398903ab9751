//! What dialects keep of what they sent single connections: the numbers that deliveries have there.

use std::collections::HashMap;

use bytes::Bytes;

use crate::{ConnectionKey, Encoder, Format, hasher::Hasher, receivers::Receiver, tally::Tally};

use super::Broker;

/// What is kept for connections that frames are made out to; most dialects have none.
#[derive(Debug)]
pub(super) struct Outgoing<E: Encoder>(HashMap<ConnectionKey, E::Outgoing, Hasher>);

impl<E: Encoder> Default for Outgoing<E> {
    fn default() -> Self {
        Outgoing(HashMap::default())
    }
}

impl<E: Encoder> Outgoing<E> {
    /// Begins to keep something for a connection.
    pub(super) fn open(&mut self, connection: ConnectionKey) {
        self.0.insert(connection, E::Outgoing::default());
    }

    /// Forgets what is kept for a connection.
    pub(super) fn close(&mut self, connection: ConnectionKey) {
        self.0.remove(&connection);
    }

    /// Makes frames out to a connection for which something is kept.
    pub(super) fn address(
        &mut self,
        encoder: &E,
        (connection, format): (ConnectionKey, Format),
        shared: &[u8],
    ) -> Vec<u8> {
        let mut frames = Vec::with_capacity(shared.len());
        if let Some(outgoing) = self.0.get_mut(&connection) {
            encoder.address(format, outgoing, shared, &mut frames);
        }
        frames
    }

    /// Returns frames that receivers share as one of them gets them.
    pub(super) fn frames_for(
        &mut self,
        encoder: &E,
        tally: &Tally,
        (connection, receiver): (ConnectionKey, Receiver),
        shared: Bytes,
    ) -> Bytes {
        if receiver.is_addressed {
            tally.frames(self.address(encoder, (connection, receiver.format), &shared))
        } else {
            shared
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Makes deliveries out to a connection, if its dialect numbers them for each receiver.
    pub(super) fn addressed(&mut self, connection: ConnectionKey, frames: Vec<u8>) -> Vec<u8> {
        let profile = self.connections[connection].profile;
        if profile.is_addressed {
            self.outgoing.address(&self.encoder, (connection, profile.format), &frames)
        } else {
            frames
        }
    }

    /// Takes a client's acknowledgement of a delivery by the name that it has on its connection, where
    /// the dialect [names](Encoder::address) deliveries for each receiver.
    pub fn acknowledge_addressed(&mut self, connection: ConnectionKey, name: &str) {
        let Some(format) = self.format_of(connection) else { return };
        let Some(outgoing) = self.outgoing.0.get_mut(&connection) else { return };
        if let Some(id) = self.encoder.resolve(format, outgoing, name) {
            self.acknowledge_id(connection, id);
        }
    }
}
