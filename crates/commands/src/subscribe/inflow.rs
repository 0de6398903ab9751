//! The messages of several subscriptions in the order in which they came.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use rialto_client::{Message, Subscription, SubscriptionEnd, SubscriptionState};

/// Messages that are taken of one subscription at once, at most.
const TAKEN_MAX: usize = 256;

pub(super) struct Inflow {
    subscriptions: Vec<Subscription>,
    /// Messages that were taken and are not given out yet, in their order.
    waiting: VecDeque<Message>,
}

impl Inflow {
    pub(super) fn new(first: Subscription) -> Self {
        Inflow { subscriptions: vec![first], waiting: VecDeque::new() }
    }

    pub(super) fn add(&mut self, subscription: Subscription) {
        self.subscriptions.push(subscription);
    }

    pub(super) fn has(&self, channel: &str) -> bool {
        self.subscriptions.iter().any(|subscription| subscription.channel() == channel)
    }

    /// Waits for messages, and returns at most `count`.
    ///
    /// # Errors
    /// The channel whose subscription the broker has ended, or `None` if the client has ended.
    pub(super) async fn next(&mut self, count: usize) -> Result<Vec<Message>, Option<String>> {
        if self.waiting.is_empty() {
            let first = poll_fn(|context| self.poll_first(context)).await?;
            self.waiting.push_back(first);
            self.take_all();
        }
        let count = count.min(self.waiting.len());
        Ok(self.waiting.drain(..count).collect())
    }

    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, Option<String>>> {
        for subscription in &mut self.subscriptions {
            let polled = pin!(subscription.next()).poll(context);
            match polled {
                Poll::Ready(Some(message)) => return Poll::Ready(Ok(message)),
                Poll::Ready(None) => {
                    let refused = SubscriptionState::Ended(SubscriptionEnd::Refused);
                    let is_refused = subscription.state() == refused;
                    let channel = is_refused.then(|| subscription.channel().to_owned());
                    return Poll::Ready(Err(channel));
                }
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    /// Takes what has come, and puts it in order.
    fn take_all(&mut self) {
        for subscription in &mut self.subscriptions {
            let messages = std::iter::from_fn(|| subscription.try_next());
            self.waiting.extend(messages.take(TAKEN_MAX));
        }
        self.waiting.make_contiguous().sort_by_key(Message::arrival);
    }
}
