//! Judges what the broker sends.

use super::*;

impl Reference {
    /// Judges a line the broker sends.
    pub(in super::super) fn sent(&mut self, connection: ConnectionKey, line: &str) {
        let state = self.connections.get_mut(&connection).expect("frames go to connections");
        let is_gone = state.gone_in.is_some_and(|round| round < self.round);
        assert!(!is_gone, "{line:?} goes to a connection that is gone");
        let line = match state.format.0 {
            0 => line,
            format => line.strip_prefix(&format!("[{format}] ")).expect("its own format"),
        };
        if let Some(expected) = state.expects_retained.take() {
            assert!(
                line.starts_with(&format!("push {expected} ")) && line.ends_with(" retained"),
                "J-81: the retained message of {expected} should follow, not {line}"
            );
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["push", channel, payload, "by", publisher, "retained"] => {
                self.pushed_retained(channel, number_of(payload.as_bytes()), publisher);
            }
            ["push", channel, payload, "by", publisher, ref id @ ..] => {
                let number = number_of(payload.as_bytes());
                let message = &self.messages[number];
                let publisher = if publisher == "server" { "" } else { publisher };
                assert_eq!((&*message.channel, message.publisher), (channel, publisher));
                self.pushed(connection, number, id.get(1).copied(), line.len() + 1);
            }
            _ => self.replied(connection, line),
        }
    }

    fn replied(&mut self, connection: ConnectionKey, line: &str) {
        if self.is_late_refusal(line) {
            return;
        }
        let state = self.connections.get_mut(&connection).unwrap();
        let place = state.awaited.iter().position(|reply| {
            line.strip_prefix(&**reply)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
        });
        let place = place.unwrap_or_else(|| panic!("nobody asked for {line:?}: {state:?}"));
        state.awaited.remove(place);
        let topic = line.strip_prefix("subscribed ").or(line.strip_prefix("unsubscribed "));
        if let Some((topic, is_refused)) = topic.map(|rest| match rest.split_once(':') {
            Some((topic, _)) => (topic, true),
            None => (rest, false),
        }) {
            // One that was taken over meanwhile is only told.
            let has_session = self.clients[state.client].session == Some(connection);
            let is_subscribed = line.starts_with("subscribed") && !is_refused && has_session;
            let retained = self.retained.get(topic).filter(|_| is_subscribed);
            let is_there = |retained: &Retained| {
                !retained.is_unsure && retained.in_round.iter().all(Option::is_some)
            };
            state.expects_retained = retained.is_some_and(is_there).then(|| topic.to_owned());
            let pair = (state.client, known(topic));
            self.subscriptions.get_mut(&pair).unwrap().answered(connection);
        } else if let Some(rest) = line.strip_prefix("published ") {
            self.answered(rest);
        }
    }

    /// Says whether a QoS 0 message, of which success says nothing, is not retained after all.
    fn is_late_refusal(&self, line: &str) -> bool {
        let number = line.strip_prefix("published ");
        let number = number.and_then(|rest| rest.strip_suffix(": StoreUnavailable"));
        let message = number.map(|number| &self.messages[number_of(number.as_bytes())]);
        message.is_some_and(|message| message.retain && !message.qos1)
    }

    /// A publish is answered: `7`, `7: reason` or `? = answer`.
    fn answered(&mut self, text: &str) {
        if let Some(answer) = text.strip_prefix("? = ") {
            self.answer = Some(answer.to_owned());
            return;
        }
        let (number, reject) = text.split_once(": ").map_or((text, None), |(a, b)| (a, Some(b)));
        let number = number_of(number.as_bytes());
        let message = &self.messages[number];
        match reject {
            None => {
                assert_eq!(message.refusal, None, "{message:?} is answered with OK");
                self.accept(number);
            }
            // J-91: refused, and stored all the same, if its receiver is known.
            Some("ClientOffline") => {
                assert_eq!(message.refusal, Some("ClientOffline"), "{message:?}");
                if message.fate != Fate::Refused {
                    self.accept(number);
                }
            }
            Some(_) => {
                // J-74.
                assert!(message.receivers.is_empty(), "{message:?} is refused but delivered");
                assert_ne!(message.fate, Fate::Accepted, "{message:?} is refused but stored");
                self.refused(number);
            }
        }
    }

    fn pushed_retained(&mut self, channel: &str, number: Number, publisher: &str) {
        let publisher = if publisher == "server" { "" } else { publisher };
        let (message, retained) = (&self.messages[number], &self.retained[channel]);
        assert_eq!((&*message.channel, message.publisher), (channel, publisher));
        assert!(
            retained.in_round.contains(&Some(number))
                || (retained.is_unsure && retained.promised <= Some(number)),
            "J-79: {number} is not the last retained message: {retained:?}"
        );
    }

    /// Judges a delivery.
    fn pushed(
        &mut self,
        connection: ConnectionKey,
        number: Number,
        id: Option<&str>,
        bytes: usize,
    ) {
        let client = self.connections[&connection].client;
        let channel = self.messages[number].channel.clone();
        let now = self.listener(client, &channel, None);
        let message = &mut self.messages[number];
        let before = message.audience[client];
        assert!(
            self.settings.echo || message.publisher != client,
            "J-56: {client} gets its own {message:?}"
        );
        assert_ne!(message.fate, Fate::Refused, "J-74: {client} gets {message:?}");
        let was_none = before.is_sure && before.kind == Kind::None && before.epoch == now.epoch;
        assert!(!was_none, "J-53, J-55: {client} gets {message:?} without a subscription");
        assert_eq!(message.qos1, id.is_some(), "J-65: {message:?}");

        let is_first = message.receivers.insert(client);
        *message.deliveries.entry(connection).or_default() += 1;
        if is_first && before.is_sure {
            let order = (message.publisher, channel.clone(), message.qos1);
            let last = self.clients.get_mut(client).unwrap().order.insert(order, number);
            assert!(last < Some(number), "J-67: {client} gets {number} behind {last:?}");
        }
        match id {
            None => {
                let is_right = !before.is_sure || before.connection == Some(connection);
                assert!(is_right, "J-72: {client} gets {number} on another connection");
                assert_eq!(
                    self.messages[number].deliveries[&connection], 1,
                    "{number} comes twice"
                );
            }
            Some(id) => self.pushed_with_id(connection, number, id, bytes, is_first),
        }
    }

    fn pushed_with_id(
        &mut self,
        connection: ConnectionKey,
        number: Number,
        id: &str,
        bytes: usize,
        is_first: bool,
    ) {
        let state = self.connections.get_mut(&connection).unwrap();
        let client = state.client;
        self.clients.get_mut(client).unwrap().ids.push(id.to_owned());
        let PacketId::Stored(log, sequence) = PacketId::parse(id).expect("ids can be read") else {
            state.live_ids.push(id.to_owned());
            return;
        };
        // J-66 and J-73: an id names one message for ever, and nothing is sent before its commit.
        assert_eq!(self.log.get(&(log, sequence)), Some(&number), "{id} names another message");
        let channel = self.messages[number].channel.clone();
        let now = self.listener(client, &channel, None);
        if !now.is_sure || now.kind != Kind::Persistent {
            return;
        }
        let acknowledged = self.acknowledged.entry((client, log)).or_default();
        assert!(
            !acknowledged.contains(&sequence),
            "J-68: {client} gets {id} after its acknowledgement"
        );
        if is_first {
            let last = self.first_deliveries.insert((client, log), sequence);
            assert!(last < Some(sequence), "J-77: {client} gets {id} behind {last:?}");
        }
        let state = self.connections.get_mut(&connection).unwrap();
        let last = state.last.insert(log, sequence);
        assert!(last < Some(sequence), "J-77: {id} comes behind {last:?} on one connection");
        state.in_flight.entry(log).or_default().insert(sequence, bytes);
        self.check_window(connection, log);
    }

    /// J-78.
    fn check_window(&self, connection: ConnectionKey, log: LogId) {
        let state = &self.connections[&connection];
        let count = state.in_flight[&log].len();
        assert!(count <= state.window.max(1) as usize, "{count} in flight: {state:?}");
        let sizes = || state.in_flight.values().flat_map(|sequences| sequences.values());
        let bytes: usize = sizes().sum();
        // The broker counts averages, and lets each channel begin one message.
        let slack = sizes().max().unwrap() * 2 * state.in_flight.len();
        assert!(bytes <= self.settings.window_bytes_max + slack, "{bytes} in flight: {state:?}");
    }
}
