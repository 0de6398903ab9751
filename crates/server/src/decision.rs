//! A decision that is under way.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use rialto_application::Future;

use crate::{
    authorizer::{Caller, Question, Verdict},
    hub::Hub,
};

/// A question that somebody is thinking about. Dropped, it is not asked any further.
pub(crate) struct Decision {
    verdict: Future<'static, Verdict>,
    is_for_peer_only: bool,
}

impl Decision {
    pub(crate) fn begin(hub: Arc<Hub>, caller: Arc<Caller>, question: Question) -> Self {
        let is_for_peer_only =
            matches!(question, Question::Authenticate { .. } | Question::Connect { .. });
        let verdict = Box::pin(async move { decide(&hub, &caller, question).await });
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
async fn decide(hub: &Hub, caller: &Caller, question: Question) -> Verdict {
    let connecting = match &question {
        Question::Connect { client, .. } => Some(client.clone()),
        _ => None,
    };
    let verdict = hub.authorizer.decide(caller, question).await;
    match (connecting, &verdict) {
        (Some(client), Verdict::Admitted(Ok(_))) => match hub.claim(&client).await {
            Ok(()) => verdict,
            Err(reject) => Verdict::Admitted(Err(reject)),
        },
        _ => verdict,
    }
}
