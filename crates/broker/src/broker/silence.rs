//! Silent connections: those that sent nothing for too long, or opened no session in time; and those
//! that are asked whether they are still there.

use rialto_domain::CloseReason;

use crate::{ConnectionKey, Encoder, client::Connection};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Closes connections that were silent too long or opened no session in time, and pings those
    /// that may be silent for their client's timers only.
    ///
    /// # Spec
    /// J-44, J-45, J-130.
    pub(super) fn close_silent(&mut self) {
        let (mut overdue, mut quiet) = (Vec::new(), Vec::new());
        for (key, connection) in &self.connections {
            if connection.closing.is_some() {
                continue;
            }
            if let Some(reason) = self.overdue(connection) {
                overdue.push((key, reason));
            } else if self.is_to_be_pinged(connection) {
                quiet.push(key);
            }
        }
        for connection in quiet {
            self.ping(connection);
        }
        for (connection, reason) in overdue {
            self.close(connection, reason);
        }
    }

    fn is_to_be_pinged(&self, connection: &Connection) -> bool {
        let silent = self.now.uptime.saturating_sub(connection.last_heard);
        connection.profile.answers_pings
            && connection.client.is_some()
            && !connection.is_pinged
            && !connection.is_held
            && self.settings.heartbeat_timeout / 2 <= silent
    }

    fn ping(&mut self, connection: ConnectionKey) {
        let state = &mut self.connections[connection];
        state.is_pinged = true;
        let format = state.profile.format;
        self.outputs.append(connection, |out| self.encoder.ping(format, out));
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
