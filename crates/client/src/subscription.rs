//! A subscription as a stream of messages.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::client::Handle;
use crate::core::{Item, Key, PushId};
use crate::error::{Disconnected, RequestError};
use crate::event::{SubscriptionEnd, SubscriptionState};
use crate::message::{Ack, Acknowledge, Persistence, Push, SubscribeOptions};
use crate::shared::Shared;

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
    is_left: bool,
}

/// A message that a subscription brought. Dereferences to [`Push`], which has its parts.
#[derive(Debug)]
pub struct Message {
    push: Arc<Push>,
    receipt: Option<Receipt>,
    arrival: u64,
}

/// What acknowledges one message.
#[derive(Debug)]
struct Receipt {
    shared: Arc<Shared>,
    key: Key,
    id: PushId,
    /// Whether nobody but the application acknowledges it.
    is_manual: bool,
    is_closed: bool,
}

impl Subscription {
    pub(crate) fn new(
        handle: &Arc<Handle>,
        (key, channel): (Key, &str),
        options: SubscribeOptions,
        consent: Option<oneshot::Receiver<Result<Ack, RequestError>>>,
    ) -> Self {
        let (handle, channel) = (Arc::clone(handle), channel.into());
        Subscription { handle, key, channel, options, consent, is_left: false }
    }

    /// Returns the channel.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns how far the subscription is.
    pub fn state(&self) -> SubscriptionState {
        self.handle.shared.with(|core, _| core.subscription_state(self.key))
    }

    /// Waits for the broker's consent; where it has been given, returns at once.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn active(&mut self) -> Result<(), RequestError> {
        let Some(consent) = &mut self.consent else { return Ok(()) };
        let answer = consent.await.unwrap_or(Err(Disconnected::Closed.into()));
        self.consent = None;
        answer.map(drop)
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

    /// Ends the subscription at the broker too, a persistent one for good, and waits for its consent.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Offline`] for a persistent one while there is no connection.
    pub async fn unsubscribe(mut self) -> Result<(), RequestError> {
        let (ticket, answer) = oneshot::channel();
        self.is_left = true;
        self.handle.shared.with(|core, _| core.leave(self.key, Some(ticket)));
        answer.await.unwrap_or(Err(Disconnected::Closed.into())).map(drop)
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
        let polled = self.handle.shared.with(|core, _| core.poll_next(self.key, context));
        polled.map(|item| item.map(|item| self.message(item)))
    }

    fn message(&self, item: Item) -> Message {
        let acknowledge = self.options.acknowledge;
        let receipt = item.receipt.filter(|_| acknowledge != Acknowledge::Received);
        let receipt = receipt.map(|id| Receipt {
            shared: Arc::clone(&self.handle.shared),
            key: self.key,
            id,
            is_manual: acknowledge == Acknowledge::Manual,
            is_closed: false,
        });
        Message { push: item.push, receipt, arrival: item.arrival }
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

impl Message {
    /// Tells the broker that the message has been dealt with; a QoS 0 message needs none.
    ///
    /// Returns before the packet has left. Where the connection is lost meanwhile, it leaves with the
    /// next one.
    pub fn ack(&mut self) {
        if let Some(receipt) = &mut self.receipt {
            receipt.close(false);
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// The payload is not of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.push.payload.get())
    }

    /// Returns the message's number among all messages of the client, in the order in which they came;
    /// puts those of several subscriptions in order.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }
}

impl Deref for Message {
    type Target = Push;

    fn deref(&self) -> &Push {
        &self.push
    }
}

impl Receipt {
    fn close(&mut self, is_dropped: bool) {
        if !std::mem::replace(&mut self.is_closed, true) {
            self.shared.with(|core, _| core.close_message(self.key, &self.id, is_dropped));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.is_manual {
            self.close(true);
        }
    }
}
