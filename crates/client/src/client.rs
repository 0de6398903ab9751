//! The handle: what an application calls.

mod ask;
mod publish;
mod subscribe;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::Connection;
use crate::credentials::Identity;
use crate::driver::Driver;
use crate::error::{ConnectError, Disconnected, Undrained};
use crate::event::{Event, State};
use crate::handle::Handle;
use crate::options::Options;
use crate::shared::Shared;

/// A client of a broker.
///
/// Cheap to clone; the clones share one session. Heartbeats are sent by a task of its own. When the
/// last clone and the last [`Subscription`](crate::Subscription) are dropped the session is closed, and
/// what is not acknowledged by then fails.
///
/// # Example
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rialto_client::{Client, Credentials, Options};
///
/// let options = Options::new("jmqt://127.0.0.1:8010".parse()?, Credentials::named("ada"));
/// let client = Client::connect(options).await?;
/// assert_eq!(client.identity().expect("it is connected").client, "ada");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    handle: Arc<Handle>,
    connection: watch::Receiver<Connection>,
}

impl Client {
    /// Connects, and returns when the broker has let the client in.
    ///
    /// # Errors
    /// [`ConnectError`], for each attempt within [`Options::connect_timeout`]. With
    /// [`Options::retry_first`] only where trying again cannot help, or has been given up.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let client = Self::start(options);
        client.online().await?;
        Ok(client)
    }

    /// Begins to connect, and returns at once: what is asked for meanwhile waits, or fails, as it would
    /// after the loss of a connection.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::{Backoff, Client, Credentials, Options};
    ///
    /// let mut options = Options::new("jmqt://127.0.0.1".parse()?, Credentials::named("ada"));
    /// options.reconnect = Some(Backoff::default());
    /// options.retry_first = true;
    /// let client = Client::start(options);
    /// let mut weather = client.subscribe("weather", Default::default());
    /// client.online().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(options: Options) -> Self {
        let shared = Arc::new(Shared::new(&options));
        shared.drive(|core, _| core.start());
        let connection = shared.connection.subscribe();
        tokio::spawn(Driver::new(options, Arc::clone(&shared)).run());
        Client { handle: Arc::new(Handle { shared }), connection }
    }

    /// Waits until the broker has let the client in.
    ///
    /// # Errors
    /// Why the client has ended instead.
    pub async fn online(&self) -> Result<(), ConnectError> {
        let mut connection = self.connection.clone();
        let is_decided = |connection: &Connection| {
            matches!(connection, Connection::Online | Connection::Ended(_))
        };
        let ended = match connection.wait_for(is_decided).await.as_deref() {
            Ok(Connection::Ended(reason)) => reason.clone(),
            Ok(_) => return Ok(()),
            // The runtime has dropped the driver.
            Err(_) => Disconnected::Closed,
        };
        Err(match ended {
            Disconnected::NotRestored(error) => ConnectError::clone(&error),
            reason => ConnectError::Ended(reason),
        })
    }

    /// Waits until the client has ended, and returns why.
    pub async fn ended(&self) -> Disconnected {
        let mut connection = self.connection.clone();
        let is_over = |connection: &Connection| matches!(connection, Connection::Ended(_));
        match connection.wait_for(is_over).await.as_deref() {
            Ok(Connection::Ended(reason)) => reason.clone(),
            _ => Disconnected::Closed,
        }
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
        let identity = client.identity();
        client.close().await;
        identity.ok_or(ConnectError::Ended(Disconnected::Closed))
    }

    /// Returns the client id and the token of the last session; `None` before the first one.
    pub fn identity(&self) -> Option<Identity> {
        self.shared().with(|core, _| core.identity().cloned())
    }

    /// Returns how far the client is.
    pub fn state(&self) -> State {
        self.shared().with(|core, _| core.state())
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

    /// Returns everything that happens from now on. Who reads too late loses the oldest events, and is
    /// told how many.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// use rialto_client::Event;
    ///
    /// let mut events = client.events();
    /// while let Ok(event) = events.recv().await {
    ///     if let Event::Subscription(change) = event
    ///         && change.gap
    ///     {
    ///         println!("{} may lack messages", change.channel);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared().events.subscribe()
    }

    /// Says that the network or the machine is back: a wait is cut short, and a connection is looked
    /// at.
    ///
    /// # Spec
    /// K-8.
    pub fn wake(&self) {
        self.shared().with(|core, now| core.wake(now));
    }

    /// Takes no new calls, ends the non-persistent subscriptions, waits until all that was published is
    /// acknowledged and all messages that were given out are dealt with, and closes.
    ///
    /// Dropping the future ends the waiting only: the client takes no calls, finishes what it can, and is
    /// closed with the last of its handles.
    ///
    /// # Errors
    /// [`Undrained`], if that takes longer than `limit`, or the client ends before; it is closed all the
    /// same.
    ///
    /// # Spec
    /// K-61.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// if let Err(left) = client.drain(std::time::Duration::from_secs(10)).await {
    ///     eprintln!("{left}");
    /// }
    /// # }
    /// ```
    pub async fn drain(self, limit: Duration) -> Result<(), Undrained> {
        let deadline = Instant::now() + limit;
        self.shared().with(|core, _| core.drain());
        let left = loop {
            let progress = self.shared().progress.notified();
            let (left, has_ended) =
                self.shared().with(|core, _| (core.undrained(), core.ended().is_some()));
            // What is in hand when the client ends for another reason cannot be acknowledged any more.
            if left.is_none() || has_ended || timeout_at(deadline, progress).await.is_err() {
                break left;
            }
        };
        self.close().await;
        left.map_or(Ok(()), Err)
    }

    /// Sends what waits to be sent, takes leave of the broker, and waits until it is gone. All other
    /// calls fail from now on.
    ///
    /// Does not wait for acknowledgements: await those that matter first, or [`drain`](Self::drain).
    /// Takes 2 s at most.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// client.close().await;
    /// # }
    /// ```
    pub async fn close(mut self) {
        self.shared().with(|core, _| core.close());
        let is_over = |connection: &Connection| matches!(connection, Connection::Ended(_));
        // An error says that the runtime has dropped the driver.
        let _ = timeout(Duration::from_secs(5), self.connection.wait_for(is_over)).await;
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}
