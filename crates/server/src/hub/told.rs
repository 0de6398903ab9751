//! What a round has seen happen, for those who want to be told.

use rialto_broker::ConnectionKey;
use rialto_config::EventKind;
use rialto_domain::is_event_channel;
use serde_json::json;

use super::state::State;

impl State {
    /// Tells of a subscription, unless it is one to what is told.
    pub(super) fn note_subscribed(&mut self, connection: ConnectionKey, channel: &str) {
        let Some(endpoint) = self.endpoints.get_mut(connection) else { return };
        if is_event_channel(channel) {
            endpoint.is_watcher = true;
            if let Some(visit) = &mut endpoint.visit {
                visit.hush();
            }
        } else if !endpoint.is_watcher {
            let client = self.broker.client_of(connection).map(ToString::to_string);
            let fields = || json!({"client": client, "channel": channel});
            self.audit.events.note(EventKind::Subscribed, fields);
        }
    }

    /// Tells of a peer that does not read, and what is done about it.
    pub(super) fn note_slow(&self, connection: ConnectionKey, action: &str) {
        let Some(endpoint) = self.endpoints.get(connection).filter(|it| !it.is_watcher) else {
            return;
        };
        self.audit.events.note(EventKind::SlowConsumer, || {
            let client = self.broker.client_of(connection).map(ToString::to_string);
            let waiting_bytes = endpoint.writer.waiting_bytes();
            json!({"client": client, "action": action, "waiting_bytes": waiting_bytes})
        });
    }
}
