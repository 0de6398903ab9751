//! An acknowledgement that is still to come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::{Disconnected, RequestError};
use crate::message::Ack;
use crate::shared::Shared;

/// The acknowledgement of one publish, to come.
///
/// Dropping it does not take the publish back; [`cancel`](Self::cancel) does, if it was not sent yet.
#[derive(Debug)]
pub struct PendingAck {
    pub(crate) answer: oneshot::Receiver<Result<Ack, RequestError>>,
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
}

impl PendingAck {
    /// Withdraws the publish if it was never sent, and waits for it no longer (K-48).
    pub fn cancel(self) {
        self.shared.with(|core, _| core.withdraw(self.number));
    }
}

impl Future for PendingAck {
    type Output = Result<Ack, RequestError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(context);
        // Only a runtime that ends drops a ticket unanswered.
        answer.map(|answer| answer.unwrap_or(Err(Disconnected::Closed.into())))
    }
}
