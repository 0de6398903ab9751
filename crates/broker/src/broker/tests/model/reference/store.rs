//! What goes to the store, what comes of it, and what is left after a crash.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::*;

impl Reference {
    /// A batch goes to the store, at the end of a round: tells each wish of the round whether it
    /// is in it.
    pub(in super::super) fn handed_over(&mut self, changes: &[Change]) {
        self.batch_count += 1;
        for ((client, channel), subscription) in &mut self.subscriptions {
            let is_in_batch = changes.iter().any(|change| match change {
                Change::Subscribe(one, name) | Change::Unsubscribe(one, name) => {
                    (one.as_str(), name.as_str()) == (*client, *channel)
                }
                _ => false,
            });
            if is_in_batch {
                subscription.goes_through_the_store(self.batch_count);
            }
        }
        let mut numbers = Vec::new();
        for change in changes {
            match change {
                Change::Append(page) | Change::AppendDirect(_, page) => {
                    numbers.extend(page.payloads.iter().map(number_of))
                }
                Change::Retain(_, retained) => numbers.push(number_of(&retained.payload)),
                _ => {}
            }
        }
        // What is retained already is written again now and then.
        numbers.retain(|number| {
            self.messages[*number].qos1 && self.messages[*number].fate == Fate::Waiting
        });
        self.batches.push_back(numbers);
        let retained = changes.iter().filter_map(|change| match change {
            Change::Retain(channel, retained) => {
                let number = number_of(&retained.payload);
                (!self.messages[number].qos1).then(|| channel.to_string())
            }
            _ => None,
        });
        self.retained_in_batches.push_back(retained.collect());
    }

    /// The store carried out a batch: from now on its messages may be delivered.
    pub(in super::super) fn committed(&mut self, changes: &[Change], outcomes: &[Outcome]) {
        for (change, outcome) in changes.iter().zip(outcomes) {
            match (change, outcome) {
                (
                    Change::Append(page) | Change::AppendDirect(_, page),
                    Outcome::Appended { log, first },
                ) => {
                    self.log_channels.insert(*log, page.channel.clone());
                    for (sequence, payload) in (*first..).zip(page.payloads.iter()) {
                        let old = self.log.insert((*log, sequence), number_of(payload));
                        assert_eq!(old, None, "a place in a log is taken twice");
                    }
                }
                (Change::Subscribe(client, _), Outcome::Subscribed { log, floor }) => {
                    let client = known(client.as_str());
                    self.acknowledged.entry((client, *log)).or_default().extend(1..=*floor);
                }
                (Change::Unsubscribe(client, channel), _) => {
                    let client = known(client.as_str());
                    let left: Vec<Number> = self.owed_to(client, channel.as_str()).collect();
                    self.left_in_store.extend(left.into_iter().map(|number| (client, number)));
                }
                (Change::Trim(channel, _), Outcome::Trimmed(extent)) if self.drops_by_limit() => {
                    self.write_off(channel, extent.trimmed);
                }
                _ => {}
            }
        }
    }

    fn drops_by_limit(&self) -> bool {
        self.settings.log.drop_oldest || !self.settings.log.age_max.is_zero()
    }

    /// What a log's limit dropped is owed to nobody.
    fn write_off(&mut self, channel: &ChannelName, through: Sequence) {
        let of_channel = |log: &LogId| self.log_channels.get(log) == Some(channel);
        let dropped = self.log.iter().filter(|((log, at), _)| of_channel(log) && *at <= through);
        let dropped: BTreeSet<Number> = dropped.map(|(_, number)| *number).collect();
        self.owed.retain(|(_, number)| !dropped.contains(number));
    }

    /// Messages are damaged in the store.
    pub(in super::super) fn lost(&mut self, payloads: &[Bytes]) {
        let lost: BTreeSet<Number> = payloads.iter().map(|payload| number_of(payload)).collect();
        self.owed.retain(|(_, number)| !lost.contains(number));
    }

    /// The broker hears of the oldest batch.
    pub(in super::super) fn completed(&mut self, is_done: bool) {
        let numbers = self.batches.pop_front().expect("a batch is under way");
        let channels = self.retained_in_batches.pop_front().expect("a batch is under way");
        for channel in channels.into_iter().filter(|_| !is_done) {
            self.retained.entry(channel).or_default().is_unsure = true;
        }
        for number in numbers {
            if is_done {
                self.accept(number);
            } else {
                self.refused(number);
            }
        }
        let completed = self.batch_count - self.batches.len() as u64;
        for ((client, channel), subscription) in &mut self.subscriptions {
            let change = subscription.complete(completed, is_done);
            let Some(session) = self.clients[client].session else { continue };
            let state = self.connections.get_mut(&session).unwrap();
            let logs = self.log_channels.iter().filter(|(_, name)| name.as_str() == *channel);
            for (log, _) in logs.filter(|_| change.is_some()) {
                // Left, or taken back: what was on its way is not, or comes again.
                state.in_flight.remove(log);
                state.last.remove(log);
            }
        }
        self.write_off_left();
    }

    /// What was owed to subscriptions that were left is owed no more.
    pub(super) fn write_off_left(&mut self) {
        for ((client, _), subscription) in &mut self.subscriptions {
            for number in std::mem::take(&mut subscription.written_off) {
                self.owed.remove(&(*client, number));
            }
        }
    }

    /// The process died: what it knew beyond the store is gone.
    pub(in super::super) fn crashed(&mut self, stored: &Snapshot) {
        self.connections.clear();
        self.batches.clear();
        self.retained_in_batches.clear();
        for (name, client) in &mut self.clients {
            client.session = None;
            let is_stored = stored.clients.iter().any(|(id, _)| id.as_str() == *name);
            let has_cursor = stored.cursors.iter().any(|(id, ..)| id.as_str() == *name);
            client.is_known = is_stored || has_cursor;
        }
        for ((client, channel), subscription) in &mut self.subscriptions {
            let cursor = cursor(stored, client, channel);
            subscription.crash(cursor.is_some());
        }
        for message in &mut self.messages {
            if message.fate == Fate::Waiting {
                message.fate = if message.qos1 { Fate::Unknown } else { Fate::Accepted };
            }
        }
        self.forget_what_was_not_written(stored);
    }

    fn forget_what_was_not_written(&mut self, stored: &Snapshot) {
        let left = std::mem::take(&mut self.left_in_store);
        self.owed.retain(|one| !left.contains(one));
        let (messages, subscriptions) = (&self.messages, &self.subscriptions);
        self.owed.retain(|(client, number)| {
            let message = &messages[*number];
            let is_left = subscriptions.iter().any(|((one, name), subscription)| {
                one == client && *name == message.channel && subscription.kind == Kind::None
            });
            message.fate == Fate::Accepted && !is_left
        });
        for ((client, log), acknowledged) in &mut self.acknowledged {
            let Some(channel) = self.log_channels.get(log) else { continue };
            let is_alive = stored.logs.iter().any(|one| one.log == *log);
            if is_alive && let Some(cursor) = cursor(stored, client, channel.as_str()) {
                acknowledged.retain(|sequence| is_acknowledged(cursor, *sequence));
            }
        }
        for (channel, _) in &stored.retained {
            self.retained.entry(channel.to_string()).or_default();
        }
        for (channel, retained) in &mut self.retained {
            let stored = stored.retained.iter().find(|(name, _)| name.as_str() == *channel);
            let stored = stored.map(|(_, message)| number_of(&message.payload));
            // J-73, J-79 and J-80: an older one than was promised must not come back.
            assert!(retained.promised <= stored, "{channel}: {retained:?} but stored {stored:?}");
            (retained.now, retained.is_unsure) = (stored, false);
        }
    }
}

/// Returns where a client stands in a channel's log, as stored.
fn cursor<'a>(stored: &'a Snapshot, client: &str, channel: &str) -> Option<&'a CursorState> {
    let mut cursors = stored.cursors.iter();
    let found = cursors.find(|(one, name, _)| (one.as_str(), name.as_str()) == (client, channel));
    found.map(|(_, _, state)| state)
}

fn is_acknowledged(cursor: &CursorState, sequence: Sequence) -> bool {
    sequence <= cursor.floor
        || cursor.acknowledged.iter().any(|(first, last)| (*first..=*last).contains(&sequence))
}
