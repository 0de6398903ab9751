//! A JMQT client for tokio: publish, subscribe, acknowledge, over TCP, TLS and WebSocket.
//!
//! Does not decide what a lost connection means: by default it ends the client, and with
//! [`Options::reconnect`] it is made again, subscriptions are restored and unacknowledged publishes
//! repeated with the same ids, in order. Messages are JSON texts and are not looked into.
//!
//! Read [`Client`] first, then [`Options`]. Inside, `session.rs` is the protocol as a state machine
//! without socket, clock or task, `transport.rs` carries its bytes, and `driver.rs` is the one task
//! that joins the two.
//!
//! Tested by dialogues with the session, by a scripted server over all four transports, and with
//! the real broker in the tests of the server.
//!
//! # Example
//! ```no_run
//! use rialto_client::{Client, Credentials, Options, Persistence, PublishOptions};
//! use serde_json::value::to_raw_value;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = "jmqt://127.0.0.1:8010".parse()?;
//! let client = Client::connect(Options::new(broker, Credentials::named("ada"))).await?;
//!
//! client.subscribe("weather", Persistence::Session).await?;
//! client.publish("news", &to_raw_value("hello")?, PublishOptions::acknowledged()).await?;
//!
//! let push = client.next_push().await?;
//! println!("{}: {}", push.channel, push.payload);
//! if let Some(id) = push.id {
//!     client.acknowledge(id).await?;
//! }
//! client.close().await;
//! # Ok(())
//! # }
//! ```

pub mod shown;

mod backoff;
mod connection;
mod dice;
mod endpoint;
mod error;
mod message;
mod options;
mod stranger;

mod client;

mod driver;
mod inbox;
mod reach;
mod session;
mod transport;

pub use backoff::Backoff;
pub use client::{Client, PendingAck};
pub use connection::Connection;
pub use endpoint::{Endpoint, EndpointError, Scheme};
pub use error::{ConnectError, Disconnected, Refusal, RequestError, Status};
pub use message::{Ack, Persistence, PublishOptions, Push, Qos};
pub use options::{Credentials, Identity, Options, TlsOptions};
pub use reach::{Reached, reach};
pub use stranger::Stranger;
