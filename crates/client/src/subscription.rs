//! A subscription as a stream of messages.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use tokio::sync::oneshot;

use crate::core::{Item, Key};
use crate::error::{Disconnected, RequestError};
use crate::event::{Event, SubscriptionEnd, SubscriptionState};
use crate::handle::Handle;
use crate::message::{Ack, Acknowledge, Persistence, SubscribeOptions};
use crate::received::{Message, Receipt};

/// Failures of a handler after which its subscription ends.
const FAILURES_MAX: usize = 100;

/// The messages of one channel: a [`Stream`] of [`Message`]s.
///
/// Messages of one publisher come in the order they were sent. A QoS 1 message may come again after the
/// connection was lost. Dropping it ends it: a persistent one here only, so that the broker goes on
/// storing for it, another one at the broker too (K-26). The message that was given out last is not
/// acknowledged by that.
///
/// # Example
/// ```no_run
/// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
/// use rialto_client::SubscribeOptions;
///
/// let mut numbers = client.subscription("numbers", SubscribeOptions::default()).await?;
/// while let Some(message) = numbers.next().await {
///     match message.json::<u64>() {
///         Ok(number) => println!("{number}"),
///         Err(error) => println!("{} sends no number: {error}", message.publisher),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscription {
    handle: Arc<Handle>,
    key: Key,
    channel: Arc<str>,
    options: SubscribeOptions,
    consent: Option<oneshot::Receiver<Result<Ack, RequestError>>>,
    refusal: Option<RequestError>,
    is_left: bool,
}

impl Subscription {
    pub(crate) fn new(
        handle: &Arc<Handle>,
        (key, channel): (Key, &str),
        options: SubscribeOptions,
        consent: Option<oneshot::Receiver<Result<Ack, RequestError>>>,
    ) -> Self {
        let (handle, channel) = (Arc::clone(handle), channel.into());
        Subscription { handle, key, channel, options, consent, refusal: None, is_left: false }
    }

    /// Returns the channel.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns how far the subscription is.
    pub fn state(&self) -> SubscriptionState {
        self.handle.shared.with(|core, _| core.subscription_state(self.key))
    }

    /// Returns what ends the subscription while something else reads it.
    pub fn remote(&self) -> SubscriptionRemote {
        SubscriptionRemote { handle: Arc::clone(&self.handle), key: self.key }
    }

    /// Waits for the broker's consent; where the broker has decided, returns at once. Cancel-safe.
    ///
    /// # Errors
    /// Why there is none, each time.
    pub async fn active(&mut self) -> Result<(), RequestError> {
        if let Some(consent) = &mut self.consent {
            let answer = consent.await.unwrap_or(Err(Disconnected::Closed.into()));
            self.consent = None;
            self.refusal = answer.err();
        }
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// Waits for the next message; `None` once the subscription has ended and all that had arrived has
    /// been read. Unless said otherwise, this acknowledges the message before.
    ///
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|context| self.poll_message(context)).await
    }

    /// Returns the next message if it has arrived already, for those who deal with several at once.
    pub fn try_next(&mut self) -> Option<Message> {
        match self.poll_message(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(message) => message,
            Poll::Pending => None,
        }
    }

    /// Gives each message to `handler`, at most `parallel_max` at the same time, until the subscription
    /// ends; returns how it did.
    ///
    /// A message is acknowledged when its handler has returned `Ok`, unless acknowledging was left to
    /// the application. One whose handler fails is not: it comes again with the next connection if the
    /// subscription is persistent. After a hundred such failures the subscription ends here.
    ///
    /// # Spec
    /// K-30, K-32.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
    /// use rialto_client::SubscribeOptions;
    ///
    /// let orders = client.subscription("orders", SubscribeOptions::persistent()).await?;
    /// orders.handle(4, |order| async move { order.json::<u64>().map(|number| println!("{number}")) }).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn handle<F, Fut, E>(
        mut self,
        parallel_max: usize,
        mut handler: F,
    ) -> SubscriptionState
    where
        F: FnMut(Message) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Display,
    {
        let is_automatic = self.options.acknowledge == Acknowledge::Handled;
        if is_automatic {
            self.options.acknowledge = Acknowledge::Manual;
            self.handle.shared.with(|core, _| core.acknowledge_by_hand(self.key));
        }
        let mut running = FuturesUnordered::new();
        let mut failure_count = 0;
        let (mut is_over, mut has_failed) = (false, false);
        while !is_over || !running.is_empty() {
            tokio::select! {
                message = self.next(), if !is_over && running.len() < parallel_max.max(1) => {
                    let Some(mut message) = message else {
                        is_over = true;
                        continue;
                    };
                    let is_stored = message.receipt.is_some();
                    let receipt = message.receipt.take_if(|_| is_automatic);
                    let handled = handler(message);
                    running.push(async move { (handled.await, receipt, is_stored) });
                }
                Some((result, receipt, is_stored)) = running.next() => match result {
                    Ok(()) => receipt.into_iter().for_each(|mut receipt| receipt.close(false)),
                    Err(error) => {
                        failure_count += usize::from(is_stored);
                        self.tell_failed(&error);
                        if FAILURES_MAX <= failure_count && !is_over {
                            is_over = true;
                            has_failed = true;
                            self.end_here(SubscriptionEnd::HandlerFailed);
                        }
                    }
                },
            }
        }
        if has_failed {
            return SubscriptionState::Ended(SubscriptionEnd::HandlerFailed);
        }
        self.state()
    }

    fn tell_failed(&self, error: &impl Display) {
        let (channel, error) = (self.channel.to_string(), error.to_string());
        self.handle.shared.tell(Event::HandlerFailed { channel, error });
    }

    /// Ends the subscription at the broker too, a persistent one for good, and waits for its consent.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Offline`] for a persistent one while there is no connection.
    pub async fn unsubscribe(mut self) -> Result<(), RequestError> {
        self.is_left = true;
        self.remote().unsubscribe().await
    }

    /// Ends the subscription here only: for a persistent one the broker goes on storing.
    pub fn stop(mut self) {
        self.end_here(SubscriptionEnd::Unsubscribed);
    }

    fn end_here(&mut self, end: SubscriptionEnd) {
        self.is_left = true;
        self.handle.shared.with(|core, _| core.stop(self.key, end));
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let polled = self.handle.shared.timeless(|core| core.poll_next(self.key, context));
        polled.map(|item| item.map(|item| self.message(item)))
    }

    fn message(&self, item: Item) -> Message {
        let acknowledge = self.options.acknowledge;
        let receipt = item.receipt.filter(|_| acknowledge != Acknowledge::Received);
        let receipt = receipt.map(|id| Receipt {
            shared: Arc::clone(&self.handle.shared),
            key: self.key,
            id,
            is_closed: false,
        });
        Message { push: item.push, receipt, arrival: item.arrival }
    }
}

/// Ends a [`Subscription`] that something else reads; see [`Subscription::remote`]. It keeps the client
/// open as a subscription does.
#[derive(Debug, Clone)]
pub struct SubscriptionRemote {
    handle: Arc<Handle>,
    key: Key,
}

impl SubscriptionRemote {
    /// As [`Subscription::unsubscribe`]; whoever reads finds the end.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unsubscribe(&self) -> Result<(), RequestError> {
        let (ticket, answer) = oneshot::channel();
        self.handle.shared.with(|core, _| core.leave(self.key, Some(ticket)));
        answer.await.unwrap_or(Err(Disconnected::Closed.into())).map(drop)
    }

    /// As [`Subscription::stop`]; whoever reads finds the end.
    pub fn stop(&self) {
        self.handle.shared.with(|core, _| core.stop(self.key, SubscriptionEnd::Unsubscribed));
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        match self.options.persistence {
            Persistence::Persistent => self.end_here(SubscriptionEnd::Unsubscribed),
            Persistence::Session => {
                self.handle.shared.with(|core, _| core.leave(self.key, None));
            }
        }
    }
}
