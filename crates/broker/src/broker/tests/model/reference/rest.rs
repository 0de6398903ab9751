//! What must have come of it all when a round ends, and when everything is at rest.

use super::*;

impl Reference {
    pub(in super::super) fn end_round(&mut self) {
        for connection in self.connections.values_mut() {
            if let Some(channel) = connection.expects_retained.take() {
                panic!("J-81: the retained message of {channel} does not come");
            }
        }
        let all_completed = self.batches.is_empty();
        let (batch_count, round) = (self.batch_count, self.round);
        for subscription in self.subscriptions.values_mut() {
            subscription.end_round(batch_count, all_completed);
        }
        self.write_off_left();
        for message in &self.messages {
            self.check_present_were_served(message, round);
        }
    }

    /// Those with a session got a QoS 0 message in its round, and those without a persistent
    /// subscription a QoS 1 message when it was accepted.
    fn check_present_were_served(&self, message: &Message, round: u64) {
        let is_due = if message.qos1 {
            message.fate == Fate::Accepted && message.accepted_in == round
        } else {
            message.fate != Fate::Refused && message.round == round
        };
        for (client, before) in message.audience.iter().filter(|_| is_due) {
            let now = self.listener(client, &message.channel, self.clients[client].session);
            let is_sure = before.is_sure && now.epoch == before.epoch;
            let is_live = before.kind == Kind::Temporary
                || (before.kind == Kind::Persistent && !message.qos1);
            let is_own = !self.settings.echo && message.publisher == *client;
            let Some(connection) = before.connection else { continue };
            let is_still_there = now.connection == before.connection;
            if is_sure && is_live && !is_own && (is_still_there || !message.qos1) {
                let count = message.deliveries.get(&connection).copied().unwrap_or(0);
                assert_eq!(count, 1, "J-55: deliveries to {client} of {message:?}");
            }
        }
    }

    pub(in super::super) fn check_all_were_served(&self) {
        for (client, number) in &self.owed {
            let message = &self.messages[*number];
            let is_served = message.receivers.contains(client) || message.fate != Fate::Accepted;
            assert!(is_served, "J-77: {client} never gets {message:?}");
        }
        for connection in self.connections.values().filter(|one| one.gone_in.is_none()) {
            assert!(connection.awaited.is_empty(), "replies are missing: {connection:?}");
        }
        for message in &self.messages {
            let was_asked = message.qos1 && !message.publisher.is_empty();
            assert!(!was_asked || message.fate != Fate::Waiting || self.is_orphan(message));
        }
    }

    /// Says whether the connection that would be answered is gone.
    fn is_orphan(&self, message: &Message) -> bool {
        let listener = message.audience[message.publisher];
        let connection = listener.connection.and_then(|key| self.connections.get(&key));
        connection.is_none_or(|connection| connection.gone_in.is_some())
    }

    pub(in super::super) fn check_answer(&mut self, client: &'static str) {
        let answer = self.answer.take().expect("the question is answered at once");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        for channel in CHANNELS {
            let subscription = &self.subscriptions[&(client, channel)];
            assert!(subscription.is_sure(), "everything is at rest");
            let kind = match subscription.kind {
                Kind::None => serde_json::Value::Null,
                Kind::Temporary => "temp".into(),
                Kind::Persistent => "persistent".into(),
            };
            assert_eq!(answer["subscriptions"][channel], kind, "J-97: {client} and {channel}");
        }
    }

    /// Nobody is connected or remembered: only retained messages are.
    pub(in super::super) fn check_nothing_is_left(&self, snapshot: Snapshot, channel_count: u64) {
        assert_eq!((snapshot.clients, snapshot.cursors, snapshot.logs), (vec![], vec![], vec![]));
        let retained = self.retained.iter().filter_map(|(name, one)| Some((name, one.now?)));
        let stored = snapshot.retained.iter();
        let stored: Vec<_> =
            stored.map(|(name, one)| (name.to_string(), number_of(&one.payload))).collect();
        let is_unsure = |name: &String| self.retained.get(name).is_some_and(|it| it.is_unsure);
        let sure = stored.iter().filter(|(name, _)| !is_unsure(name)).cloned();
        let retained = retained.filter(|(name, _)| !is_unsure(name));
        let retained: Vec<_> = retained.map(|(name, number)| (name.clone(), number)).collect();
        assert_eq!(sure.collect::<Vec<_>>(), retained, "J-80");
        for (name, number) in &stored {
            assert!(self.retained[name].promised <= Some(*number), "J-73: {name}");
        }
        assert_eq!(channel_count, stored.len() as u64, "channels in memory");
    }
}
