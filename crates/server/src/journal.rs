//! The journal of one connection's session: refusals go to the audit trail, the rest to the log.

use rialto_domain::Refused;
use rialto_session::{Journal, Notice};

use crate::{
    audit::{Audit, told},
    authorizer::Caller,
};

/// Notes what happens on the connection of a caller.
pub(crate) struct ConnectionJournal<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) audit: &'a Audit,
}

impl Journal for ConnectionJournal<'_> {
    fn note_refused(&self, refused: &Refused<'_>) {
        if told::is_told(refused.reject) {
            let what = (told::event(refused.asked), told::reason(refused));
            self.audit.refused(self.caller.origin(), what, || told::details(refused));
        }
    }

    /// Each has a message of its own that stays the same.
    fn note(&self, notice: &Notice<'_>) {
        match *notice {
            Notice::Connected(client) => tracing::info!(client, "client connected"),
            Notice::Restored(client) => tracing::info!(client, "client restored"),
            Notice::Refused(client) => tracing::info!(client, "client refused"),
            Notice::Disconnected(client) => tracing::info!(client, "client disconnected"),
            Notice::Subscribed { client, channel: topic } => {
                tracing::info!(client, topic, "client subscribed");
            }
            Notice::Unsubscribed { client, channel: topic } => {
                tracing::info!(client, topic, "client unsubscribed");
            }
            Notice::Published { client, channel: topic } => {
                tracing::info!(client, topic, "client published");
            }
            Notice::ReplicantAttached(server) => {
                tracing::info!(server, "a server attached as a replicant: it gets all messages");
            }
            Notice::ReplicantRefused(server) => tracing::warn!(
                server,
                hint = "if it may have them, name its client in cluster.replicants or, where addresses \
                        are enough, its host in cluster.nodes or cluster.allowed_replicants",
                "a server was refused as a replicant"
            ),
        }
    }
}
