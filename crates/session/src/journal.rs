//! What a session tells whoever keeps a journal, in the same words for every dialect.

use rialto_broker::{Broker, ConnectionKey, Encoder};
use rialto_domain::{Action, Asked, Cause, ChannelKind, ClientId, Refused, Reject, channel_kind};

/// Hears what happens in sessions that is of no concern to their peers.
pub trait Journal {
    /// Notes a request that the session or the broker refused. What a [`Verdict`](crate::Verdict)
    /// refused is not told: whoever decided knows it.
    ///
    /// # Cost
    /// Called while the broker is locked, as often as a client likes to be refused.
    fn note_refused(&self, refused: &Refused<'_>);

    /// Notes what the operator may want to know.
    fn note(&self, notice: &Notice<'_>);
}

/// What happened in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A client opened its session.
    Connected(&'a str),
    /// A lost client is back.
    Restored(&'a str),
    /// A client was refused: its name is in use, or its token is wrong.
    Refused(&'a str),
    /// A client said goodbye.
    Disconnected(&'a str),
    /// A client wants what is published on a channel.
    Subscribed {
        /// The client.
        client: &'a str,
        /// The channel.
        channel: &'a str,
    },
    /// A client wants no more of a channel.
    Unsubscribed {
        /// The client.
        client: &'a str,
        /// The channel.
        channel: &'a str,
    },
    /// A client published on a channel.
    Published {
        /// The client.
        client: &'a str,
        /// The channel.
        channel: &'a str,
    },
    /// A server of this name gets all messages from now on.
    ReplicantAttached(&'a str),
    /// A server that calls itself so may not have all messages.
    ReplicantRefused(&'a str),
}

/// Returns what publishing to a channel asks for.
pub(crate) fn publishing(channel: &str) -> Asked {
    Asked::Act(match channel_kind(channel) {
        ChannelKind::Direct(_) => Action::Direct,
        ChannelKind::Control(_) => Action::Control,
        ChannelKind::Topic | ChannelKind::Invalid => Action::Publish,
    })
}

/// Tells of what the client of a connection asked for in its session and did not get.
pub(crate) fn refused(
    connection: ConnectionKey,
    (asked, channel): (Asked, Option<&str>),
    reject: &Reject,
    broker: &Broker<impl Encoder>,
    journal: &dyn Journal,
) {
    journal.note_refused(&Refused {
        asked,
        client: broker.client_of(connection).map(ClientId::as_str),
        channel,
        reject,
        cause: Cause::Rejected,
        rights: broker.rights_of(connection),
    });
}

/// Tells of what was asked for on a connection that has no session.
pub(crate) fn too_early(asked: Asked, channel: Option<&str>, journal: &dyn Journal) {
    let (reject, cause) = (&Reject::NotAllowed, Cause::NoSession);
    journal.note_refused(&Refused { asked, client: None, channel, reject, cause, rights: None });
}

/// Tells of a session that is not opened for a client, whatever its token says.
pub(crate) fn session(client: &str, cause: Cause, journal: &dyn Journal) {
    journal.note_refused(&Refused {
        asked: Asked::Session,
        client: Some(client),
        channel: None,
        reject: &Reject::NotAllowed,
        cause,
        rights: None,
    });
}
