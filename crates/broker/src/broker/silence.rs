//! Silent connections: those that sent nothing for too long, or opened no session in time.

use rialto_domain::CloseReason;

use crate::{ConnectionKey, Encoder, client::Connection};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Closes connections that were silent too long or opened no session in time.
    pub(super) fn close_silent(&mut self) {
        let overdue: Vec<(ConnectionKey, CloseReason)> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.closing.is_none())
            .filter_map(|(key, connection)| Some((key, self.overdue(connection)?)))
            .collect();
        for (connection, reason) in overdue {
            self.close(connection, reason);
        }
    }

    fn overdue(&self, connection: &Connection) -> Option<CloseReason> {
        if connection.is_held {
            return None;
        }
        let timeout = self.settings.heartbeat_timeout;
        let waited = self.now.uptime.saturating_sub(connection.opened);
        let silent = self.now.uptime.saturating_sub(connection.last_heard);
        if connection.client.is_none() && self.settings.authenticate_timeout <= waited {
            // J-45: one that is idle is closed as any idle one is, not for being late.
            let is_idle = timeout <= silent;
            let reason = if is_idle { CloseReason::Silent } else { CloseReason::NotAuthenticated };
            return Some(reason);
        }
        // A publisher that is not read because the store is slow is not silent.
        let is_held = 0 < connection.uncommitted_bytes;
        // A quarter above what the client was told: its last heartbeat may still be on the way.
        let silence_max = timeout.mul_f32(1.25);
        let is_expected = connection.profile.has_heartbeat || connection.client.is_none();
        (is_expected && !is_held && silence_max <= silent).then_some(CloseReason::Silent)
    }
}
