//! Telling the gate what was refused, in the same words for every dialect.

use rialto_broker::{Broker, ConnectionKey, Gate};
use rialto_domain::{Action, Asked, Cause, ChannelKind, ClientId, Refused, Reject, channel_kind};

use crate::Dialects;

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
    broker: &Broker<Dialects>,
    gate: &dyn Gate,
) {
    gate.note_refused(&Refused {
        asked,
        client: broker.client_of(connection).map(ClientId::as_str),
        channel,
        reject,
        cause: Cause::Rejected,
        rights: broker.rights_of(connection),
    });
}

/// Tells of what was asked for on a connection that has no session.
pub(crate) fn too_early(asked: Asked, channel: Option<&str>, gate: &dyn Gate) {
    let (reject, cause) = (&Reject::NotAllowed, Cause::NoSession);
    gate.note_refused(&Refused { asked, client: None, channel, reject, cause, rights: None });
}

/// Tells of a session that is not opened for a client, whatever its token says.
pub(crate) fn session(client: &str, cause: Cause, gate: &dyn Gate) {
    gate.note_refused(&Refused {
        asked: Asked::Session,
        client: Some(client),
        channel: None,
        reject: &Reject::NotAllowed,
        cause,
        rights: None,
    });
}
