//! A decision that is under way.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use rialto_application::{Future, Peer};

use crate::{
    doorkeeper::{Question, Verdict},
    hub::Hub,
};

/// A question that somebody is thinking about. Dropped, it is not asked any further.
pub(crate) struct Decision(Future<'static, Verdict>);

impl Decision {
    pub(crate) fn begin(hub: Arc<Hub>, peer: Arc<Peer>, question: Question) -> Self {
        Decision(Box::pin(async move { hub.doorkeeper.decide(&peer, question).await }))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        self.0.as_mut().poll(context)
    }
}
