//! The same client for programs without a runtime of their own: its calls wait.
//!
//! The connection is kept by a thread of its own, so that heartbeats leave while the program does
//! something else. Not to be used inside of a tokio runtime.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::credentials::Identity;
use crate::error::{AskError, ConnectError, PublishError, RequestError, Undrained};
use crate::message::{Ack, PublishOptions, SubscribeOptions};
use crate::options::Options;
use crate::received::Message;

/// A [`Client`](crate::Client) whose calls wait.
///
/// # Panics
/// All calls, inside of a tokio runtime.
///
/// # Example
/// ```no_run
/// use rialto_client::blocking::Client;
/// use rialto_client::{Credentials, Options, PublishOptions};
///
/// let options = Options::new("jmqt://127.0.0.1".parse()?, Credentials::named("ada"));
/// let client = Client::connect(options)?;
/// client.publish_json("news", &"hello", PublishOptions::acknowledged())?;
/// for message in client.subscription("weather", Default::default())? {
///     println!("{}", message.payload);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    // Dropped before the runtime, so that the farewell can leave.
    client: crate::Client,
    runtime: Arc<Runtime>,
}

/// A [`Subscription`](crate::Subscription) whose calls wait: an iterator of messages.
#[derive(Debug)]
pub struct Subscription {
    subscription: crate::Subscription,
    runtime: Arc<Runtime>,
}

impl Client {
    /// Connects, and returns when the broker has let the client in.
    ///
    /// # Errors
    /// As [`Client::connect`](crate::Client::connect).
    ///
    /// # Panics
    /// The system gives no thread.
    pub fn connect(options: Options) -> Result<Self, ConnectError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.expect("the system gives a thread"));
        let client = runtime.block_on(crate::Client::connect(options))?;
        Ok(Client { client, runtime })
    }

    /// Returns the client id and the token of the last session.
    pub fn identity(&self) -> Option<Identity> {
        self.client.identity()
    }

    /// Publishes one message.
    ///
    /// # Errors
    /// As [`Client::publish`](crate::Client::publish).
    pub fn publish(
        &self,
        channel: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<Ack, RequestError> {
        self.runtime.block_on(self.client.publish(channel, payload, options))
    }

    /// Publishes a value as JSON.
    ///
    /// # Errors
    /// As [`Client::publish_json`](crate::Client::publish_json).
    pub fn publish_json<T: Serialize + ?Sized>(
        &self,
        channel: &str,
        value: &T,
        options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        self.runtime.block_on(self.client.publish_json(channel, value, options))
    }

    /// Sends a direct message.
    ///
    /// # Errors
    /// As [`Client::send`](crate::Client::send).
    pub fn send(
        &self,
        client: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<(), RequestError> {
        self.runtime.block_on(self.client.send(client, payload, options))
    }

    /// Asks a control channel.
    ///
    /// # Errors
    /// As [`Client::request`](crate::Client::request).
    pub fn request<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        control: &str,
        question: &Q,
    ) -> Result<A, AskError> {
        self.runtime.block_on(self.client.request(control, question))
    }

    /// Subscribes to `channel`.
    ///
    /// # Errors
    /// As [`Client::subscription`](crate::Client::subscription).
    pub fn subscription(
        &self,
        channel: &str,
        options: SubscribeOptions,
    ) -> Result<Subscription, RequestError> {
        let subscription = self.runtime.block_on(self.client.subscription(channel, options))?;
        Ok(Subscription { subscription, runtime: Arc::clone(&self.runtime) })
    }

    /// Takes what comes for `channel` without asking for it.
    pub fn listen(&self, channel: &str) -> Subscription {
        let runtime = Arc::clone(&self.runtime);
        Subscription { subscription: self.client.listen(channel), runtime }
    }

    /// Takes the direct messages to this client.
    pub fn direct(&self) -> Subscription {
        let runtime = Arc::clone(&self.runtime);
        Subscription { subscription: self.client.direct(), runtime }
    }

    /// Finishes what there is, and closes.
    ///
    /// # Errors
    /// As [`Client::drain`](crate::Client::drain).
    pub fn drain(self, limit: Duration) -> Result<(), Undrained> {
        self.runtime.block_on(self.client.drain(limit))
    }

    /// Takes leave of the broker.
    pub fn close(self) {
        self.runtime.block_on(self.client.close());
    }
}

impl Subscription {
    /// Waits for the next message, at most so long; `None` if none came.
    pub fn next_within(&mut self, limit: Duration) -> Option<Message> {
        let next = async { timeout(limit, self.subscription.next()).await.ok().flatten() };
        self.runtime.block_on(next)
    }

    /// Ends the subscription at the broker too.
    ///
    /// # Errors
    /// As [`Subscription::unsubscribe`](crate::Subscription::unsubscribe).
    pub fn unsubscribe(self) -> Result<(), RequestError> {
        self.runtime.block_on(self.subscription.unsubscribe())
    }

    /// Ends the subscription here only.
    pub fn stop(self) {
        self.subscription.stop();
    }
}

impl Iterator for Subscription {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.runtime.block_on(self.subscription.next())
    }
}
