//! Requests that come before the session they need, for the trace of refusals.

use std::borrow::Cow;

use rialto_domain::{Action, Asked};
use rialto_wire::coremq::Request;

use crate::{Journal, journal};

/// Tells of a request that came before the session it needs.
pub(super) fn note(request: &Request<'_>, queue: &str, journal: &dyn Journal) {
    let act = |action, queues: &[Cow<'_, str>]| {
        journal::too_early(Asked::Act(action), queues.first().map(|queue| &**queue), journal);
    };
    match request {
        Request::Message(_) => {
            journal::too_early(Asked::Act(Action::Publish), Some(queue), journal)
        }
        Request::Subscribe(queues) => act(Action::Subscribe, queues),
        Request::History(queues) => act(Action::History, queues),
        Request::Unsubscribe(queues) => {
            journal::too_early(Asked::Unsubscribe, queues.first().map(|queue| &**queue), journal);
        }
        Request::Replicate { .. } => journal::too_early(Asked::Replication, None, journal),
        _ => {}
    }
}
