//! What tails are told of messages, from each place where something is decided about one. Nothing of
//! this is called while nobody looks.

use std::sync::Arc;

use rialto_domain::{ChannelKind, ClientId, Qos, Reject, Sequence, StoredPage, channel_kind};

use crate::{
    ChannelKey, ConnectionKey, Decision, Encoder, Passing, Reach, TailId, TailSink,
    channel::Channel,
};

use super::{
    Broker,
    message::{Publish, Publisher},
    page::PendingPage,
    relay::Relayed,
};

impl<E: Encoder> Broker<E> {
    /// Tells somebody of messages from now on.
    pub fn add_tail(&mut self, sink: Arc<dyn TailSink>) -> TailId {
        self.tails.add(sink)
    }

    /// Tells somebody of messages no longer.
    pub fn remove_tail(&mut self, id: TailId) {
        self.tails.remove(id);
    }

    /// Tells tails that deliveries to a connection were dropped.
    pub fn tail_dropped(&self, connection: ConnectionKey, count: u32) {
        if self.tails.is_empty() || count == 0 {
            return;
        }
        if let Some(client) = self.session(connection) {
            self.tails.tell_dropped(&self.clients[client].id, count, self.now.unix_ms);
        }
    }

    /// Tells of a message that was refused, or that waits for no store.
    #[cold]
    pub(super) fn tail_published(
        &self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
        refused: Option<&Reject>,
    ) {
        let decision = match refused {
            Some(reject) => Decision::Refused(reject),
            None => {
                let reach = self.live_reach(publisher.connection, publish.channel);
                Decision::Routed(Reach { is_retained: publish.retain, ..reach })
            }
        };
        let source = self.source(publisher.connection);
        self.tell_tails(&Passing {
            channel: publish.channel,
            publisher: source.as_str(),
            server: None,
            on_behalf_of: publisher.on_behalf_of,
            at: self.now.unix_ms,
            qos: publish.qos,
            payload: publish.payload,
            decision,
        });
    }

    /// Tells of a message that came from another server.
    #[cold]
    pub(super) fn tail_relayed(&self, message: &Relayed<'_>, through: Option<ConnectionKey>) {
        self.tell_tails(&Passing {
            channel: message.channel,
            publisher: message.publisher,
            server: Some(message.server),
            on_behalf_of: None,
            at: self.now.unix_ms,
            qos: Qos::AtMostOnce,
            payload: message.payload,
            decision: Decision::Routed(self.live_reach(through, message.channel)),
        });
    }

    /// Tells of the messages of a page that the store has answered.
    #[cold]
    pub(super) fn tail_page(&self, page: &PendingPage, result: Result<Reach, &Reject>) {
        let channel = &self.channels[page.channel].name;
        for (index, payload) in page.payloads.iter().enumerate() {
            let decision = match result {
                Ok(reach) => {
                    let stored = reach.stored.map(|first| first + index as u64);
                    // Only the last of them stays retained; all of them were to be.
                    let is_retained = page.retained.is_some();
                    Decision::Routed(Reach { stored, is_retained, ..reach })
                }
                Err(reject) => Decision::Refused(reject),
            };
            self.tell_tails(&Passing {
                channel: channel.as_str(),
                publisher: page.publisher.as_str(),
                server: None,
                on_behalf_of: None,
                at: self.now.unix_ms,
                qos: Qos::AtLeastOnce,
                payload,
                decision,
            });
        }
    }

    /// Tells of the messages of a page that the store refused, and returns why.
    pub(super) fn refused_page(&self, page: &PendingPage, reject: Reject) -> Reject {
        if !self.tails.is_empty() {
            self.tail_page(page, Err(&reject));
        }
        reject
    }

    /// Tells of a message that a subscriber gets from the log.
    #[cold]
    pub(super) fn tail_replayed(
        &self,
        (client, channel): (&ClientId, ChannelKey),
        page: &StoredPage,
        (sequence, payload): (Sequence, &[u8]),
    ) {
        let decision = Decision::ReplayedTo(client, sequence);
        let publisher = page.publisher.as_str();
        self.tell_of_delivery(channel, publisher, (Qos::AtLeastOnce, payload), decision);
    }

    /// Tells of a retained message that a new subscriber gets.
    #[cold]
    pub(super) fn tail_retained(&self, channel: ChannelKey, connection: ConnectionKey) {
        let Some(retained) = &self.channels[channel].retained else { return };
        let Some(client) = self.session(connection) else { return };
        let decision = Decision::RetainedTo(&self.clients[client].id);
        let message = &retained.message;
        let publisher = message.publisher.as_str();
        self.tell_of_delivery(channel, publisher, (Qos::AtMostOnce, &message.payload), decision);
    }

    fn tell_of_delivery(
        &self,
        channel: ChannelKey,
        publisher: &str,
        (qos, payload): (Qos, &[u8]),
        decision: Decision<'_>,
    ) {
        self.tell_tails(&Passing {
            channel: self.channels[channel].name.as_str(),
            publisher,
            server: None,
            on_behalf_of: None,
            at: self.now.unix_ms,
            qos,
            payload,
            decision,
        });
    }

    fn tell_tails(&self, message: &Passing<'_>) {
        let key = self.channel_keys.get(message.channel).copied();
        self.tails.tell(message, |client| match message.decision {
            // It went nowhere.
            Decision::Refused(_) => false,
            Decision::RetainedTo(to) | Decision::ReplayedTo(to, _) => to == client,
            Decision::Routed(_) => match channel_kind(message.channel) {
                ChannelKind::Direct(to) => to == client.as_str(),
                _ => key.is_some_and(|key| self.is_receiver(client, key)),
            },
        });
    }

    /// Says whether a client receives what is published to a channel, now or later.
    fn is_receiver(&self, client: &ClientId, channel: ChannelKey) -> bool {
        let client = self.client_keys.get(client);
        client.is_some_and(|&key| self.clients[key].subscriptions.contains_key(&channel))
    }

    /// Returns whom a message reaches that is stored nowhere.
    fn live_reach(&self, from: Option<ConnectionKey>, channel: &str) -> Reach {
        if let ChannelKind::Direct(_) = channel_kind(channel) {
            return Reach { sent: 1, ..Reach::default() };
        }
        let Some(&key) = self.channel_keys.get(channel) else { return Reach::default() };
        let Channel { receivers, absent, .. } = &*self.channels[key];
        let is_left_out =
            |&from: &ConnectionKey| receivers.contains(from) && !self.has_echo(from, key);
        let left_out = u32::from(from.as_ref().is_some_and(is_left_out));
        let (sent, waiting) = (receivers.len() as u32 - left_out, absent.len() as u32);
        Reach { sent, waiting, ..Reach::default() }
    }
}
