//! What other nodes have done in a store that this one shares with them.

use slotmap::Key as _;

use rialto_domain::{
    ChannelKind, ChannelName, FailureKind, LogHead, LogId, LogState, Noted, Retained, Sequence,
};

use crate::{ChannelKey, ConnectionKey, Effect, Encoder, retained::RetainedMessage};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Says whether other nodes use the store, too: then the store is asked what this one cannot know by itself.
    #[inline]
    pub(super) fn is_shared(&self) -> bool {
        self.settings.is_shared
    }

    /// Takes what was committed since this was last called.
    pub fn on_noted(&mut self, noted: &Noted) {
        self.settle();
        self.hand_over_batch();
        noted.handovers.iter().for_each(|handover| self.hand_over(handover));
        for LogHead { first, state } in &noted.heads {
            self.learn_log(*first, state);
        }
        noted.gone.iter().for_each(|log| self.note_gone(*log));
        for (channel, retained) in &noted.retained {
            self.take_retained(channel, retained.clone());
        }
        self.report_crashed(noted.crashed.clone());
    }

    /// Knows a log as it is in the store. One that is new here goes on with the message `first`.
    pub(super) fn learn_log(&mut self, first: Sequence, state: &LogState) {
        let key = self.channel_or_new(state.channel.as_str());
        let known = self.channels[key].log.as_ref().map(|log| log.id);
        if known.is_some_and(|known| state.log < known) {
            return;
        }
        self.adopt_log(key, state.log, first - 1);
        self.take_direct_cursor(key, state.slowest);
        self.expect_through(key, state.last);
    }

    /// The first direct message that another node stores for a client makes its cursor.
    fn take_direct_cursor(&mut self, key: ChannelKey, floor: Sequence) {
        let ChannelKind::Direct(to) = self.channels[key].name.kind() else { return };
        if let Some(&client) = self.client_keys.get(to)
            && !self.clients[client].is_transient
            && self.clients[client].cursor(key).is_none()
        {
            self.take_cursor(client, key, floor);
        }
    }

    /// Forgets a log that is not in the store any more.
    fn note_gone(&mut self, log: LogId) {
        let Some(&key) = self.log_channels.get(&log) else { return };
        if self.channels[key].persistent.is_empty() {
            self.forget_log(key);
            self.drop_if_idle(key);
        }
    }

    /// Takes what a channel retains as the store has it, unless something of this node's is still on its way there: then
    /// it is looked up again later.
    fn take_retained(&mut self, channel: &ChannelName, retained: Option<Retained>) {
        let known = self.channel_keys.get(channel.as_str()).copied();
        let Some(retained) = retained else {
            match known {
                Some(key) if self.is_retaining(key) => self.refresh_retained(key),
                Some(key) => {
                    self.change_retained(key, |_| None);
                    self.drop_if_idle(key);
                }
                None => {}
            }
            return;
        };
        let key = known.unwrap_or_else(|| self.channel_or_new(channel.as_str()));
        if self.is_retaining(key) {
            return self.refresh_retained(key);
        }
        self.retained_version += 1;
        let version = self.retained_version;
        self.change_retained(key, |_| Some(Box::new(RetainedMessage::stored(retained, version))));
    }

    /// Says whether the store is to be given a retained message of this node.
    fn is_retaining(&self, key: ChannelKey) -> bool {
        let channel = &self.channels[key];
        let is_unstored = channel.retained.as_ref().is_some_and(|it| !it.is_stored());
        channel.retained_under_way > 0 || is_unstored
    }

    /// Sends a new subscriber what its channel retains: as it is in the store, if other nodes may have changed it.
    pub(super) fn deliver_retained_to_new(&mut self, key: ChannelKey, connection: ConnectionKey) {
        if self.is_shared() {
            let channel = self.channels[key].name.clone();
            self.outputs.push(Effect::Refresh { connection, channel });
        } else {
            self.deliver_retained(key, connection);
        }
    }

    /// Has what a channel retains in the store looked up at the next tick, or once nothing of this node's is on its way
    /// there: what is known of it here may not be what is there.
    pub(super) fn refresh_retained(&mut self, key: ChannelKey) {
        if self.is_shared() {
            self.dirty.unsure_retained.insert(key);
        }
    }

    /// Looks up what channels retain.
    pub(super) fn refresh_all(&mut self) {
        for key in std::mem::take(&mut self.dirty.unsure_retained) {
            if !self.channels.contains_key(key) {
                continue;
            }
            if self.is_retaining(key) {
                self.dirty.unsure_retained.insert(key);
                continue;
            }
            let (connection, channel) = (ConnectionKey::null(), self.channels[key].name.clone());
            self.outputs.push(Effect::Refresh { connection, channel });
        }
    }

    /// Takes what a channel retains, as [`Effect::Refresh`] asked for it.
    pub fn on_refreshed(
        &mut self,
        connection: ConnectionKey,
        channel: &ChannelName,
        retained: Result<Option<Retained>, FailureKind>,
    ) {
        self.settle();
        if let Ok(retained) = retained {
            self.take_retained(channel, retained);
        }
        let Some(&key) = self.channel_keys.get(channel.as_str()) else { return };
        if self.channels[key].receivers.contains(connection) {
            self.deliver_retained(key, connection);
        }
    }
}
