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
    answer: Answer,
    number: u64,
    shared: Arc<Shared>,
}

/// The answer to a publish.
#[derive(Debug)]
enum Answer {
    /// There, until it is taken.
    There(Option<Result<Ack, RequestError>>),
    ToCome(oneshot::Receiver<Result<Ack, RequestError>>),
}

impl PendingAck {
    /// Makes that of a publish that is over.
    pub(crate) fn of(answer: Result<Ack, RequestError>, shared: &Arc<Shared>) -> Self {
        PendingAck { answer: Answer::There(Some(answer)), number: 0, shared: Arc::clone(shared) }
    }

    /// Makes that of a publish that can be withdrawn by its number.
    pub(crate) fn to_come(
        answer: oneshot::Receiver<Result<Ack, RequestError>>,
        number: u64,
        shared: &Arc<Shared>,
    ) -> Self {
        PendingAck { answer: Answer::ToCome(answer), number, shared: Arc::clone(shared) }
    }

    /// Withdraws the publish if it was never sent, and waits for it no longer (K-48).
    pub fn cancel(self) {
        self.shared.with(|core, _| core.withdraw(self.number));
    }
}

impl Future for PendingAck {
    type Output = Result<Ack, RequestError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.answer {
            Answer::There(answer) => {
                Poll::Ready(answer.take().unwrap_or(Err(RequestError::Withdrawn)))
            }
            // A ticket that is dropped was the client's, which is gone.
            Answer::ToCome(answer) => Pin::new(answer)
                .poll(context)
                .map(|answer| answer.unwrap_or(Err(Disconnected::Closed.into()))),
        }
    }
}
