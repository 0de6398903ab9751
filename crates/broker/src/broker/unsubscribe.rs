//! Unsubscribing, by the client or by the server on its behalf.

use rialto_domain::{Change, Reject};

use crate::{
    Answered, ChannelKey, ClientKey, CommandAnswer, ConnectionKey, Encoder, client::Subscription,
};

use super::{
    Broker,
    batch::Pending,
    message::{Answer, CommandOutcome, Issuer},
};

impl<E: Encoder> Broker<E> {
    /// Ends a client's subscription; its own direct channel is not to be taken from it.
    pub(super) fn unsubscribe(
        &mut self,
        issuer: Issuer<'_>,
        channel: &str,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        let (client, asker) = self.subscriber(issuer)?;
        let reply_to = asker.filter(|_| matches!(answer, Answer::To(_)));
        if let Err(reject) = self.check_topic(channel) {
            self.stats.rejected += u64::from(reply_to.is_some());
            self.answer_unsubscribe(reply_to, channel, Err(&reject));
            return Err(reject);
        }
        self.settle();
        if self.settings.has_bus {
            self.tell_waiting_of(channel);
        }
        let outcome = self.end_subscription(client, channel, reply_to);
        Ok(self.follow(outcome, answer))
    }

    pub(super) fn end_subscription(
        &mut self,
        client: ClientKey,
        name: &str,
        reply_to: Option<ConnectionKey>,
    ) -> CommandOutcome {
        let known = self.channel_keys.get(name).copied();
        let Some(channel) = known.filter(|channel| self.is_in_store(client, *channel)) else {
            if let Some(channel) = known {
                self.remove_subscription(client, channel);
                self.drop_if_idle(channel);
            }
            self.answer_unsubscribe(reply_to, name, Ok(()));
            return CommandOutcome::Done;
        };
        self.channels[channel].changes_under_way += 1;
        self.clients[client].change_begins(channel, false);
        let id = self.clients[client].id.clone();
        let name = self.channels[channel].name.clone();
        let pending = Pending::Unsubscribe { client, channel, reply_to };
        self.batch.push(Change::Unsubscribe(id, name.clone()), pending);
        self.charge(reply_to, channel);
        self.drop_log_if_unread(name);
        CommandOutcome::AwaitsCommit
    }

    /// Says whether the store has a subscription of this client to this channel, or may get it.
    fn is_in_store(&self, client: ClientKey, channel: ChannelKey) -> bool {
        let client = &self.clients[client];
        let subscription = client.subscriptions.get(&channel);
        let is_persistent = matches!(subscription, Some(Subscription::Persistent(_)));
        is_persistent || client.changing.contains_key(&channel)
    }

    /// Completes an unsubscribe of a persistent subscription, which stays if the store refused.
    pub(super) fn unsubscribe_committed(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
        result: Result<(), &Reject>,
    ) {
        self.channels[channel].changes_under_way -= 1;
        let name = self.channels[channel].name.clone();
        if self.clients.contains_key(client) {
            self.clients[client].change_done(channel);
            if result.is_ok() {
                self.remove_subscription(client, channel);
            }
        }
        self.drop_unread_log(channel);
        self.answer_unsubscribe(reply_to, name.as_str(), result);
        self.drop_if_idle(channel);
    }

    fn remove_subscription(&mut self, client: ClientKey, channel: ChannelKey) {
        let Some(subscription) = self.clients[client].subscriptions.remove(&channel) else {
            return;
        };
        self.clients[client].note_not_assigned(channel);
        self.channels[channel].persistent.remove(&client);
        self.channels[channel].absent.swap_remove(&client);
        self.forget_missed(client, channel);
        if let Some(connection) = self.clients[client].connection {
            self.channels[channel].receivers.remove(connection);
            if let Subscription::Persistent(cursor) = &subscription {
                let state = &mut self.connections[connection];
                state.window_bytes -= cursor.in_flight_bytes().min(state.window_bytes);
                self.fill_waiting(connection, client);
            }
        }
    }

    fn answer_unsubscribe(
        &mut self,
        reply_to: Option<ConnectionKey>,
        channel: &str,
        result: Result<(), &Reject>,
    ) {
        if let Some(connection) = reply_to {
            let command = Answered::Unsubscribe(channel);
            let result = result.map(|()| None);
            self.answer(connection, &CommandAnswer { command, request: None, result });
        }
    }
}
