//! A decision that is under way.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use rialto_application::{AuthorizationRequest, Event, Future};
use rialto_broker::Remembered;
use rialto_session::Verdict;

use crate::{authorizer::Caller, hub::Hub};

/// A request that somebody is thinking about. Dropped, it is not asked any further.
pub(crate) struct Decision {
    verdict: Future<'static, Verdict>,
    is_for_peer_only: bool,
}

impl Decision {
    /// Begins to decide; `remembered` says how long a client is known that connects.
    pub(crate) fn begin(
        hub: Arc<Hub>,
        caller: Arc<Caller>,
        request: AuthorizationRequest,
        remembered: Remembered,
    ) -> Self {
        let is_for_peer_only = matches!(request.event(), Event::Authenticate | Event::Connect);
        let verdict = Box::pin(async move { decide(&hub, &caller, request, remembered).await });
        Decision { verdict, is_for_peer_only }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        self.verdict.as_mut().poll(context)
    }

    /// Says whether nobody but the peer has anything of it, so that it need not be made for a peer
    /// that has gone.
    pub(crate) fn is_for_peer_only(&self) -> bool {
        self.is_for_peer_only
    }
}

/// Decides, and has in memory what is stored about a client that may connect.
async fn decide(
    hub: &Hub,
    caller: &Caller,
    request: AuthorizationRequest,
    remembered: Remembered,
) -> Verdict {
    let connecting = match &request {
        AuthorizationRequest::Connect(request) => Some(request.client.clone()),
        _ => None,
    };
    let verdict = hub.authorizer.decide(caller, request).await;
    match (connecting, &verdict) {
        (Some(client), Verdict::Admitted(Ok(_))) => {
            match hub.claim_session(client.as_str(), remembered).await {
                Ok(()) => verdict,
                Err(reject) => Verdict::Admitted(Err(reject)),
            }
        }
        _ => verdict,
    }
}
