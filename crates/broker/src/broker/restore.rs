//! Taking up what a store held: clients, cursors, logs, histories and retained messages.

use rialto_domain::{ChannelKind, CursorState, Load, Snapshot};

use crate::{ChannelKey, ClientKey, Encoder, client::Subscription, cursor::Cursor, log::Log};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Takes up all of a snapshot; sessions that were open are told of as crashed.
    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        self.stats.damaged_records = snapshot.damaged;
        for (id, last_seen) in snapshot.clients {
            self.known_client(id, last_seen);
        }
        let (read, unread): (Vec<_>, Vec<_>) =
            snapshot.logs.into_iter().partition(|state| state.reader_count > 0);
        self.dirty.unread.extend(unread.into_iter().map(|state| state.channel));
        for state in read {
            let key = self.channel_or_new(state.channel.as_str());
            self.log_channels.insert(state.log, key);
            let log = Log::from_state(&state);
            self.stats.log_found += log.count();
            self.stats.log_bytes += log.bytes();
            if snapshot.load == Load::Heads {
                self.channels[key].stored_reader_count = state.reader_count;
            }
            if log.trimmable().is_some() {
                // Acknowledged by all, and not trimmed any more.
                self.dirty.trims.insert(key);
            }
            self.channels[key].log = Some(Box::new(log));
        }
        self.stats.log_held = self.stats.log_found;
        for (id, channel, state) in snapshot.cursors {
            let client = self.known_client(id, self.seen_now());
            let channel = self.channel_or_new(channel.as_str());
            self.attach_cursor(client, channel, &state);
        }
        for (channel, messages) in snapshot.history {
            self.restore_history(&channel, &messages);
        }
        self.report_crashed(snapshot.sessions);
        for (channel, message) in snapshot.retained {
            let key = self.channel_or_new(channel.as_str());
            self.restore_retained(key, message);
        }
    }

    /// Makes a persistent subscription of a client, without a word to anybody.
    pub(super) fn attach_cursor(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        state: &CursorState,
    ) {
        let subscription = Subscription::Persistent(Box::new(Cursor::new(state)));
        let id = self.clients[client].id.clone();
        self.note_stored(id.as_str(), true);
        let client_state = &mut self.clients[client];
        client_state.subscriptions.insert(channel, subscription);
        if self.channels[channel].name.kind() == ChannelKind::Direct(client_state.id.as_str()) {
            client_state.direct_channel = Some(channel);
        }
        self.channels[channel].persistent.insert(client, ());
    }
}
