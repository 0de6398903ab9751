//! How large an answer will be, before it is made; so that whoever serves a connection can have it
//! wait until there is room.
//!
//! What is said here is about right for large answers, and may be too little by the frame around an
//! answer. Answers not mentioned are about as large as what is asked.

use crate::{ConnectionKey, Encoder};

use super::{Broker, observers::CATCH_UP_BYTES};

/// What a subscription takes in a list of them, besides twice its channel's name.
const LISTED_BYTES: usize = 32;

impl<E: Encoder> Broker<E> {
    /// Returns the bytes of answers that were made in this round, for whomever.
    pub fn answered_bytes(&self) -> usize {
        self.outputs.answered_bytes()
    }

    /// Returns the memory of all frames that were made and that somebody holds, wherever they wait.
    pub fn frame_bytes(&self) -> usize {
        self.outputs.tally().bytes()
    }

    /// Returns the bytes that follow the answer to a subscribe.
    pub fn retained_bytes(&self, channel: &str) -> usize {
        let channel = self.channel_keys.get(channel).map(|&key| &self.channels[key]);
        let retained = channel.and_then(|channel| channel.retained.as_ref());
        retained.map_or(0, |retained| retained.message.payload.len())
    }

    /// Returns the bytes of a channel's history.
    pub fn history_bytes(&self, channel: &str) -> usize {
        let channel = self.channel_keys.get(channel).map(|&key| &self.channels[key]);
        let history = channel.and_then(|channel| channel.history.as_ref());
        history.map_or(0, |history| history.bytes())
    }

    /// Returns the bytes of a list of the subscriptions of the client of a connection.
    pub fn subscription_list_bytes(&self, connection: ConnectionKey) -> usize {
        let Some(client) = self.session(connection) else { return 0 };
        let names = self.clients[client].subscriptions.keys();
        names.map(|key| LISTED_BYTES + 2 * self.channels[key].name.as_str().len()).sum()
    }

    /// Returns about how many bytes an observer is sent when it asks for more.
    #[must_use]
    pub fn share_bytes(&self) -> usize {
        CATCH_UP_BYTES
    }

    /// Says whether answers of a connection's client are still to come: to its subscribes and
    /// unsubscribes, from the store, and what is [due](Self::deliver_due) at the beginning of its
    /// session.
    pub fn is_answer_under_way(&self, connection: ConnectionKey) -> bool {
        let client = self.session(connection).map(|client| &self.clients[client]);
        client.is_some_and(|client| !client.changing.is_empty()) || self.is_due(connection)
    }
}
