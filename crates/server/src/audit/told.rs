//! Why something was refused, from the words of the broker and of access.

use rialto_access::Access;
use rialto_domain::{Action, Asked, Cause, CloseReason, DeniedBy, Refused, Reject};

use super::{
    event::{Event, Reason},
    line::Details,
};

/// Returns the event that a refused request is.
pub(crate) fn event(asked: Asked) -> Event {
    match asked {
        Asked::Session => Event::Session,
        Asked::Act(Action::Publish | Action::Direct) => Event::Publish,
        Asked::Act(Action::Subscribe) => Event::Subscribe,
        Asked::Act(Action::Control) => Event::Control,
        Asked::Act(Action::History) => Event::History,
        Asked::Unsubscribe => Event::Unsubscribe,
        Asked::Replication => Event::Replication,
    }
}

/// Says whether a refusal is one of somebody who may not, rather than of what cannot be: malformed
/// packets, receivers that are away and stores that are full are counted and not told of.
pub(crate) fn is_told(reject: &Reject) -> bool {
    match reject {
        Reject::InvalidToken
        | Reject::NotAllowed
        | Reject::Denied(_)
        | Reject::WithStatus { .. }
        | Reject::Failed(_)
        | Reject::Undecided
        | Reject::TooFast { .. }
        | Reject::PayloadTooLarge { .. }
        | Reject::TooManySubscriptions { .. } => true,
        Reject::InvalidPacket
        | Reject::InvalidChannel
        | Reject::ChannelNameTooLong { .. }
        | Reject::ClientOffline
        | Reject::LogFull
        | Reject::RetainedFull
        | Reject::StoreUnavailable => false,
    }
}

/// Returns what is told of a request that the session or the broker refused.
pub(crate) fn details(refused: &Refused<'_>) -> Details {
    let mut details = Details::new(reason(refused));
    details.rule = rule(refused).or_else(|| setting(refused.reject));
    let details = match refused.client {
        Some(client) => details.client(client),
        None => details,
    };
    match refused.channel {
        Some(channel) => details.channel(channel),
        None => details,
    }
}

/// Returns why a connection was refused, and the setting that says so.
pub(crate) fn close_details(reason: CloseReason) -> Details {
    let (reason, setting) = match reason {
        CloseReason::TooManyFromAddress { .. } => {
            (Reason::TooManyFromAddress, "limits.connections_per_address_max")
        }
        // Its own limit, or its share of all.
        CloseReason::ListenerFull { .. } => (Reason::ListenerFull, "limits.connections_max"),
        CloseReason::TooManyConnections { .. } => {
            (Reason::TooManyConnections, "limits.connections_max")
        }
        CloseReason::NotAuthenticated => (Reason::NotAuthenticated, "limits.authenticate_timeout"),
        _ => return Details::new(Reason::NotAllowed),
    };
    Details::new(reason).rule(setting)
}

/// Returns why credentials were not exchanged for a token.
pub(crate) fn authentication_reason(reject: &Reject, data: &str) -> Reason {
    match reject {
        Reject::Failed(_) if Access::has_password(data) => Reason::WrongPassword,
        Reject::Failed(_) => Reason::InvalidJwt,
        // The server's own access denies nothing else.
        Reject::Denied(_) => Reason::Banned,
        Reject::InvalidPacket => Reason::InvalidForm,
        reject => of_reject(reject),
    }
}

/// Returns why the session or the broker refused a request.
pub(crate) fn reason(refused: &Refused<'_>) -> Reason {
    match (denied_by(refused), refused.cause) {
        (Some(DeniedBy::Rule(..)), _) => Reason::Rule,
        (Some(DeniedBy::Token), _) => Reason::TokenRights,
        (Some(DeniedBy::NoRule), _) => Reason::NoRule,
        (None, Cause::NoSession) => Reason::NoSession,
        (None, Cause::NameTaken) => Reason::NameTaken,
        (None, Cause::Rejected) => of_reject(refused.reject),
    }
}

/// Returns the reason that the words of a refusal are by themselves.
pub(crate) fn of_reject(reject: &Reject) -> Reason {
    match reject {
        Reject::InvalidToken => Reason::InvalidToken,
        Reject::Undecided => Reason::Undecided,
        Reject::TooFast { .. } => Reason::TooFast,
        Reject::PayloadTooLarge { .. } => Reason::PayloadTooLarge,
        Reject::TooManySubscriptions { .. } => Reason::TooManySubscriptions,
        Reject::Failed(_) => Reason::InvalidJwt,
        _ => Reason::NotAllowed,
    }
}

/// Returns why an application refused something.
pub(crate) fn by_application(reject: &Reject) -> Reason {
    match reject {
        Reject::Undecided => Reason::Undecided,
        _ => Reason::Application,
    }
}

/// Returns what of a client's rights refuses a request, if they do.
fn denied_by(refused: &Refused<'_>) -> Option<DeniedBy> {
    match (refused.asked, refused.reject) {
        (Asked::Act(action), Reject::Denied(_)) => {
            refused.rights?.denied_by(action, refused.channel?)
        }
        _ => None,
    }
}

/// Returns what is told of the rule that refuses a request, if one does.
fn rule(refused: &Refused<'_>) -> Option<String> {
    Some(match denied_by(refused)? {
        DeniedBy::Rule(number, None) => number.to_string(),
        DeniedBy::Rule(number, Some(name)) => format!("{number} {name}"),
        DeniedBy::NoRule => "access.unmatched".to_owned(),
        DeniedBy::Token => return None,
    })
}

fn setting(reject: &Reject) -> Option<String> {
    let setting = match reject {
        Reject::TooFast { .. } | Reject::PayloadTooLarge { .. } => "channels.rules",
        Reject::TooManySubscriptions { .. } => "limits.subscriptions_max",
        _ => return None,
    };
    Some(setting.to_owned())
}
