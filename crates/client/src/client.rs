//! The handle: what an application calls.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::connection::Connection;
use crate::driver::{Command, Driver, Shared};
use crate::error::{ConnectError, Disconnected, RequestError};
use crate::inbox::Inbox;
use crate::message::{Ack, Persistence, PublishOptions, Push};
use crate::options::{Identity, Options};
use crate::session::Request;

/// Requests that may wait for the driver, beyond those that wait for their acknowledgement.
const COMMANDS_MAX: usize = 64;

/// A session with a broker.
///
/// Cheap to clone; the clones share one connection, and each push goes to one of them. Heartbeats
/// are sent by a task of its own. When the last clone is dropped the session is closed.
///
/// # Example
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rialto_client::{Client, Credentials, Options};
///
/// let options = Options::new("ws://127.0.0.1:8012".parse()?, Credentials::named("ada"));
/// let client = Client::connect(options).await?;
/// assert_eq!(client.identity().client, "ada");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    connection: watch::Receiver<Connection>,
    identity: Arc<Identity>,
}

/// The acknowledgement of one request, to come.
///
/// Dropping it does not take the request back.
#[derive(Debug)]
pub struct PendingAck {
    answer: oneshot::Receiver<Result<Ack, RequestError>>,
    shared: Arc<Shared>,
}

impl Client {
    /// Connects, and returns when the broker has let the client in.
    ///
    /// # Errors
    /// [`ConnectError`], within [`Options::connect_timeout`].
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let (watched, connection) = watch::channel(Connection::Online);
        let shared = Arc::new(Shared {
            inbox: Inbox::new(options.inbox_count_max),
            close_asked: Notify::new(),
        });
        let mut driver = Driver::new(options, received, Arc::clone(&shared), watched);
        let transport = driver.establish_first().await?;
        let identity = driver.identity().cloned().expect("nobody is let in without a client id");
        tokio::spawn(driver.run(transport));
        Ok(Client { commands, shared, connection, identity: Arc::new(identity) })
    }

    /// Asks a broker for a token and a client id, with the data of an `auth` packet, and leaves.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Example
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::{Client, Credentials, Options};
    /// use serde_json::value::to_raw_value;
    ///
    /// let data = to_raw_value(&serde_json::json!({ "client_name": "ada" }))?;
    /// let options = Options::new("jmqt://127.0.0.1".parse()?, Credentials::Auth(data));
    /// let identity = Client::authenticate(options).await?;
    /// println!("{} has a token", identity.client);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn authenticate(options: Options) -> Result<Identity, ConnectError> {
        let client = Self::connect(options).await?;
        let identity = Identity::clone(&client.identity);
        client.close().await;
        Ok(identity)
    }

    /// Returns the client id and the token that the first connection was made with.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns how the connection is doing, now and with every change.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// let mut connection = client.connection();
    /// while connection.changed().await.is_ok() {
    ///     println!("{:?}", *connection.borrow_and_update());
    /// }
    /// # }
    /// ```
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Subscribes to `channel`, and waits for the broker's consent.
    ///
    /// # Errors
    /// [`RequestError`]. While a lost connection is made again it waits.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
    /// use rialto_client::Persistence;
    ///
    /// client.subscribe("weather", Persistence::Persistent).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn subscribe(
        &self,
        channel: &str,
        persistence: Persistence,
    ) -> Result<(), RequestError> {
        let request = Request::Subscribe(channel.to_owned(), persistence);
        self.start(request).await?.await.map(drop)
    }

    /// Ends the subscription to `channel`, a persistent one too, and waits for consent.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
    /// client.unsubscribe("weather").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unsubscribe(&self, channel: &str) -> Result<(), RequestError> {
        self.start(Request::Unsubscribe(channel.to_owned())).await?.await.map(drop)
    }

    /// Publishes one message, and waits: at QoS 1 for the acknowledgement, at QoS 0 for its turn.
    ///
    /// A message to a control channel, such as `$time`, is answered in [`Ack::data`].
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::PublishOptions;
    /// use serde_json::{json, value::to_raw_value};
    ///
    /// let reading = to_raw_value(&json!({ "celsius": 21 }))?;
    /// client.publish("office", &reading, PublishOptions::acknowledged()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish(
        &self,
        channel: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<Ack, RequestError> {
        self.start_publish(channel, payload, options).await?.await
    }

    /// Publishes one message without waiting for its acknowledgement, which can be had later.
    ///
    /// Waits only while [`Options::window_count_max`] requests are unacknowledged. Messages leave
    /// in the order of the calls.
    ///
    /// # Errors
    /// [`Disconnected`] if the client has ended.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::PublishOptions;
    /// use serde_json::value::to_raw_value;
    ///
    /// let mut acks = Vec::new();
    /// for number in 0..100 {
    ///     let payload = to_raw_value(&number)?;
    ///     let options = PublishOptions::acknowledged();
    ///     acks.push(client.start_publish("numbers", &payload, options).await?);
    /// }
    /// for ack in acks {
    ///     ack.await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start_publish(
        &self,
        channel: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<PendingAck, Disconnected> {
        let (channel, payload) = (channel.to_owned(), payload.to_owned());
        self.start(Request::Publish { channel, payload, options }).await
    }

    /// Sends a heartbeat out of turn, and returns how long the broker's answer takes.
    ///
    /// # Errors
    /// [`Disconnected`] if the client has ended. While a lost connection is made again it waits, and
    /// that counts.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::Disconnected> {
    /// println!("the broker answers within {:?}", client.ping().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ping(&self) -> Result<Duration, Disconnected> {
        let asked = Instant::now();
        match self.start(Request::Ping).await?.await {
            Ok(_) => Ok(asked.elapsed()),
            Err(RequestError::Disconnected(reason)) => Err(reason),
            Err(RequestError::Refused(_)) => unreachable!("a heartbeat is not refused"),
        }
    }

    /// Waits for the next message of any subscription.
    ///
    /// Cancel-safe. Messages of one publisher on one channel come in the order they were sent. A
    /// QoS 1 message may come again, with the same id, after the connection was lost.
    ///
    /// # Errors
    /// [`Disconnected`] once the client has ended and all that had arrived has been read.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::Disconnected> {
    /// let push = client.next_push().await?;
    /// println!("{} {}", push.channel, push.payload);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_push(&self) -> Result<Push, Disconnected> {
        self.shared.inbox.take().await
    }

    /// Returns the next message if it has arrived already, for those who deal with several at once.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::Disconnected> {
    /// let mut batch = vec![client.next_push().await?];
    /// while let Some(push) = client.try_next_push() {
    ///     batch.push(push);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_next_push(&self) -> Option<Push> {
        self.shared.inbox.try_take()?.ok()
    }

    /// Tells the broker that the push with this [`id`](Push::id) has been dealt with.
    ///
    /// Returns before the packet has left. What is not acknowledged comes again with the next
    /// connection.
    ///
    /// # Errors
    /// [`Disconnected`] if the client has ended.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::Disconnected> {
    /// if let Some(id) = client.next_push().await?.id {
    ///     client.acknowledge(id).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn acknowledge(&self, id: String) -> Result<(), Disconnected> {
        self.command(Command::Acknowledge(id)).await
    }

    /// Sends what was asked for before, takes leave of the broker, and waits until it is gone.
    ///
    /// Does not wait for acknowledgements: await those that matter first. Takes 2 s at most once
    /// its turn has come.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// client.close().await;
    /// # }
    /// ```
    pub async fn close(mut self) {
        self.shared.close_asked.notify_one();
        // An error says that the client has ended already.
        let _ = self.command(Command::Close).await;
        let is_over = |connection: &Connection| matches!(connection, Connection::Ended(_));
        let _ = self.connection.wait_for(is_over).await;
    }

    async fn start(&self, request: Request) -> Result<PendingAck, Disconnected> {
        let (ticket, answer) = oneshot::channel();
        self.command(Command::Request(request, ticket)).await?;
        Ok(PendingAck { answer, shared: Arc::clone(&self.shared) })
    }

    async fn command(&self, command: Command) -> Result<(), Disconnected> {
        self.commands.send(command).await.map_err(|_| reason(&self.shared))
    }
}

impl Future for PendingAck {
    type Output = Result<Ack, RequestError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(context);
        // A ticket that is dropped unanswered was still in the queue when the client ended.
        answer.map(|answer| answer.unwrap_or_else(|_| Err(reason(&self.shared).into())))
    }
}

fn reason(shared: &Shared) -> Disconnected {
    shared.inbox.ended().unwrap_or(Disconnected::Closed)
}
