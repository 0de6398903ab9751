//! The same client for programs without a runtime of their own: its calls wait.
//!
//! The connection is kept by a thread of its own, so that heartbeats leave while the program does
//! something else. Handles are cheap to clone and may be used from several threads at once; what waits
//! in one thread ends when another one closes the client.
//!
//! Inside of a tokio runtime a call would keep the thread from what it waits for: it panics instead.

mod engine;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::credentials::Identity;
use crate::error::{AskError, ConnectError, PublishError, RequestError, Undrained};
use crate::event::State;
use crate::message::{Ack, PublishOptions, SubscribeOptions};
use crate::options::Options;
use crate::received::Message;

use engine::Engine;

/// A [`Client`](crate::Client) whose calls wait.
///
/// When the last clone and the last [`Subscription`] are dropped the session is closed, which takes two
/// seconds at most.
///
/// # Panics
/// All calls that wait, inside of a tokio runtime, a credentials function of the client included.
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
    // Dropped before the engine, which waits for its farewell.
    client: crate::Client,
    engine: Arc<Engine>,
}

/// A [`Subscription`](crate::Subscription) whose calls wait: an iterator of messages.
#[derive(Debug)]
pub struct Subscription {
    subscription: crate::Subscription,
    engine: Arc<Engine>,
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
        let runtime = engine::start();
        let client = runtime.block_on(crate::Client::connect(options))?;
        let engine = Arc::new(Engine::new(runtime, client.connection()));
        Ok(Client { client, engine })
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
        self.engine.wait_for(self.client.publish(channel, payload, options))
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
        self.engine.wait_for(self.client.publish_json(channel, value, options))
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
        self.engine.wait_for(self.client.send(client, payload, options))
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
        self.engine.wait_for(self.client.request(control, question))
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
        let subscription = self.engine.wait_for(self.client.subscription(channel, options))?;
        Ok(Subscription { subscription, engine: Arc::clone(&self.engine) })
    }

    /// Takes what comes for `channel` without asking for it.
    pub fn listen(&self, channel: &str) -> Subscription {
        let engine = Arc::clone(&self.engine);
        Subscription { subscription: self.client.listen(channel), engine }
    }

    /// Takes the direct messages to this client.
    pub fn direct(&self) -> Subscription {
        let engine = Arc::clone(&self.engine);
        Subscription { subscription: self.client.direct(), engine }
    }

    /// Returns how far the client is.
    pub fn state(&self) -> State {
        self.client.state()
    }

    /// Finishes what there is, and closes.
    ///
    /// # Errors
    /// As [`Client::drain`](crate::Client::drain).
    pub fn drain(self, limit: Duration) -> Result<(), Undrained> {
        self.engine.wait_for(self.client.drain(limit))
    }

    /// Takes leave of the broker.
    pub fn close(self) {
        self.engine.wait_for(self.client.close());
    }
}

impl Subscription {
    /// Waits for the next message, at most so long; `None` if none came.
    pub fn next_within(&mut self, limit: Duration) -> Option<Message> {
        let next = async { timeout(limit, self.subscription.next()).await.ok().flatten() };
        self.engine.wait_for(next)
    }

    /// Ends the subscription at the broker too.
    ///
    /// # Errors
    /// As [`Subscription::unsubscribe`](crate::Subscription::unsubscribe).
    pub fn unsubscribe(self) -> Result<(), RequestError> {
        self.engine.wait_for(self.subscription.unsubscribe())
    }

    /// Ends the subscription here only.
    pub fn stop(self) {
        self.subscription.stop();
    }
}

impl Iterator for Subscription {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.engine.wait_for(self.subscription.next())
    }
}
