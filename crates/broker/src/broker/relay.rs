//! Messages of other servers' clients on their way in, each only once.

use std::sync::Arc;

use rialto_domain::{
    ChannelKind, ClientId, LogicalMs, MessageId, UnixMs, channel_kind, is_event_channel,
};

use crate::{
    ChannelKey, ConnectionKey, Encoder, Source,
    run::{Author, Origin},
};

use super::Broker;

/// Names of messages that other servers gave none are counted from here.
const UNNAMED_FIRST: u64 = 1 << 63;

/// A message of another server's client.
#[derive(Debug, Clone, Copy)]
pub struct Relayed<'a> {
    /// Where to.
    pub channel: &'a str,
    /// One valid JSON text.
    pub payload: &'a [u8],
    /// Who published it there.
    pub publisher: &'a str,
    /// The server that took it in.
    pub server: &'a str,
    /// When that was.
    pub at: UnixMs,
    /// Its name, if that server gives names.
    pub id: Option<MessageId>,
    /// Its place among the others in a history, if that server has said it.
    pub logical: Option<LogicalMs>,
}

impl<E: Encoder> Broker<E> {
    /// Takes in a message of another server's client: QoS 0, for the clients of this server.
    ///
    /// With `through`, the connection of a server that speaks to this one alone, it goes to the
    /// other observers as well.
    pub fn relay(&mut self, message: &Relayed<'_>, through: Option<ConnectionKey>) {
        if !self.tails.is_empty() {
            self.tail_relayed(message, through);
        }
        let logical = message.logical.unwrap_or(self.clocks.logical());
        // Our own messages from now on stand behind it, as those who have both expect.
        self.see_logical(logical);
        if let ChannelKind::Direct(client) = channel_kind(message.channel) {
            return self.relay_directly(client, message);
        }
        if self.check_topic(message.channel).is_err() || is_event_channel(message.channel) {
            self.stats.rejected += 1;
            return;
        }
        self.stats.relayed += 1;
        let is_own = through.is_some();
        let found = self.find_channel(None, message.channel);
        let found = found.or_else(|| self.new_channel_to_publish(message.channel, false));
        let Some(key) = found else {
            self.stats.discarded += 1;
            return;
        };
        if !self.continues_relay(key, message, is_own) {
            self.finish_run();
            let author = Author {
                from: through,
                publisher: ClientId::from(message.publisher),
                at: message.at,
                logical: if is_own { self.clocks.logical() } else { logical },
                server: Some(Arc::from(message.server)),
                on_behalf_of: None,
            };
            let origin =
                if is_own { Origin::Own } else { Origin::Relayed(self.relayed_id(message.id)) };
            self.begin_run(key, author, origin, false);
        }
        self.push_to_run(message.payload);
    }

    fn relay_directly(&mut self, client: &str, message: &Relayed<'_>) {
        self.finish_run();
        self.stats.relayed += 1;
        let receiver = self.client_keys.get(client).and_then(|&key| self.clients[key].connection);
        let Some(receiver) = receiver else {
            self.stats.discarded += 1;
            return;
        };
        self.stats.routed += 1;
        let publisher = ClientId::from(message.publisher);
        let source =
            Source { at: message.at, server: Some(message.server), ..Source::of(&publisher) };
        self.send_directly(receiver, message.channel, source, message.payload);
    }

    fn continues_relay(&self, key: ChannelKey, message: &Relayed<'_>, is_own: bool) -> bool {
        self.run.as_deref().is_some_and(|run| {
            let author = &run.author;
            let is_next = is_own || message.id == Some(run.next_id());
            run.takes(key, false)
                && is_next
                && author.server.as_deref() == Some(message.server)
                && author.publisher.as_str() == message.publisher
                && author.at == message.at
                && (is_own || message.logical == Some(author.logical))
        })
    }

    fn relayed_id(&mut self, given: Option<MessageId>) -> MessageId {
        given.unwrap_or_else(|| {
            self.replication.unnamed += 1;
            let sequence = UNNAMED_FIRST + self.replication.unnamed;
            MessageId { origin: self.settings.replication.origin, sequence }
        })
    }

    /// Notes that the messages of a server come in over a connection of our own, or that they do
    /// not any more. What comes from it by another way meanwhile is to be left out.
    pub fn set_linked(&mut self, server: &str, is_linked: bool) {
        if is_linked {
            self.replication.linked.insert(server.to_owned());
        } else {
            self.replication.linked.remove(server);
        }
    }

    /// Says whether the messages of a server come in over a connection of our own.
    pub fn is_linked(&self, server: &str) -> bool {
        self.replication.linked.contains(server)
    }

    /// Returns the names of the servers whose messages come in over connections of our own.
    pub fn linked(&self) -> impl Iterator<Item = &str> {
        self.replication.linked.iter().map(String::as_str)
    }

    /// Counts messages of other servers that cannot be had any more.
    pub fn note_missed(&mut self, count: u64) {
        self.stats.relay_missed += count;
    }
}
