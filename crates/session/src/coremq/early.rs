//! Requests that come before the session they need, for the trace of refusals.

use std::borrow::Cow;

use rialto_broker::Gate;
use rialto_domain::{Action, Asked};
use rialto_wire::coremq::Request;

use crate::trace;

/// Tells of a request that came before the session it needs.
pub(super) fn note(request: &Request<'_>, queue: &str, gate: &dyn Gate) {
    let act = |action, queues: &[Cow<'_, str>]| {
        trace::too_early(Asked::Act(action), queues.first().map(|queue| &**queue), gate);
    };
    match request {
        Request::Message(_) => trace::too_early(Asked::Act(Action::Publish), Some(queue), gate),
        Request::Subscribe(queues) => act(Action::Subscribe, queues),
        Request::History(queues) => act(Action::History, queues),
        Request::Unsubscribe(queues) => {
            trace::too_early(Asked::Unsubscribe, queues.first().map(|queue| &**queue), gate);
        }
        Request::Replicate { .. } => trace::too_early(Asked::Replication, None, gate),
        _ => {}
    }
}
