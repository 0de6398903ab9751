//! The handle: what a program calls.

use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use crate::error::ConnectError;

use super::connection::Connection;
use super::demand::{Demand, DemandError, Event, Greeting, Order, Question};
use super::driver::Driver;
use super::options::Options;

/// Events that wait to be read: then the client stops reading, and the server sees a slow consumer.
const EVENTS_MAX: usize = 1_000;

/// A client that speaks another dialect than JMQT. Cheap to clone; it ends with its last clone.
///
/// Its events must be read: where they are not, answers wait behind them too.
#[derive(Debug, Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    greeting: Greeting,
}

impl Client {
    /// Connects, and returns when the server has let the client in.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(options: Options) -> Result<(Self, mpsc::Receiver<Event>), ConnectError> {
        let connection = Connection::open(&options).await?;
        let (orders, taken) = mpsc::channel(1);
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let greeting = connection.greeting.clone();
        tokio::spawn(Driver::new(options, taken, sender).run(connection));
        Ok((Client { orders, greeting }, events))
    }

    /// Returns how the server let the client in first.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Returns whether the client has not ended.
    pub fn is_open(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Publishes a message, a JSON text. In CoreMQ waits until the server has it, in PubSubX until it is
    /// written.
    ///
    /// # Errors
    /// [`DemandError`].
    pub async fn publish(&self, channel: &str, payload: &RawValue) -> Result<(), DemandError> {
        self.start_publish(channel, payload).await?.await.map(drop)
    }

    /// Publishes without waiting for the answer, which can be had later. Messages leave in the order of
    /// the calls.
    ///
    /// # Errors
    /// [`DemandError::Offline`], if the client has ended.
    pub async fn start_publish(
        &self,
        channel: &str,
        payload: &RawValue,
    ) -> Result<Answered, DemandError> {
        let (channel, payload) = (channel.to_owned(), payload.to_owned());
        self.start(Demand::Publish { channel, payload }).await
    }

    /// Subscribes to a channel, over lost connections too.
    ///
    /// # Errors
    /// [`DemandError`].
    pub async fn subscribe(&self, channel: &str) -> Result<(), DemandError> {
        self.demand(Demand::Subscribe(channel.to_owned())).await.map(drop)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`DemandError`].
    pub async fn unsubscribe(&self, channel: &str) -> Result<(), DemandError> {
        self.demand(Demand::Unsubscribe(channel.to_owned())).await.map(drop)
    }

    /// Asks the server something, and returns the JSON of its answer.
    ///
    /// # Errors
    /// [`DemandError`].
    pub async fn ask(&self, question: Question) -> Result<Option<Box<RawValue>>, DemandError> {
        self.demand(Demand::Ask(question)).await
    }

    /// Takes leave of the server for good, and waits until what was asked for is written.
    ///
    /// # Errors
    /// [`DemandError::Offline`], if there is no connection.
    pub async fn leave(self) -> Result<(), DemandError> {
        self.demand(Demand::Leave).await.map(drop)
    }

    /// Ends the connection once what was asked for is written. In PubSubX the server goes on to keep
    /// messages for a while, as for any client that it loses.
    ///
    /// # Errors
    /// [`DemandError::Offline`], if there is no connection.
    pub async fn close(self) -> Result<(), DemandError> {
        self.demand(Demand::Close).await.map(drop)
    }

    async fn demand(&self, demand: Demand) -> Result<Option<Box<RawValue>>, DemandError> {
        self.start(demand).await?.await
    }

    async fn start(&self, demand: Demand) -> Result<Answered, DemandError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order { demand, answer }).await.map_err(|_| DemandError::Offline)?;
        Ok(Answered(answered))
    }
}

/// The answer to a demand, to come. Dropping it ends the waiting only.
#[derive(Debug)]
pub struct Answered(oneshot::Receiver<Result<Option<Box<RawValue>>, DemandError>>);

impl Future for Answered {
    type Output = Result<Option<Box<RawValue>>, DemandError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // One that is dropped was the connection's, which is gone.
        let polled = Pin::new(&mut self.0).poll(context);
        polled.map(|answer| answer.unwrap_or(Err(DemandError::Lost)))
    }
}
