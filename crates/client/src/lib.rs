//! A JMQT client for tokio: publish, subscribe, acknowledge, over TCP, TLS and WebSocket.
//!
//! Does not decide what a lost connection means: by default it ends the client, and with
//! [`Options::reconnect`] it is made again, subscriptions are restored and unacknowledged publishes
//! repeated with the same ids, in order. Messages are JSON texts and are not looked into.
//!
//! Read [`Client`] first, then [`Subscription`] and [`Options`]. Inside, `core.rs` is the protocol as a
//! state machine without socket, clock or task, `transport.rs` carries its bytes, `driver.rs` is the one
//! task that joins the two, and `shared.rs` is what it shares with the handles.
//!
//! Tested by dialogues with the core, by a scripted server over all four transports, by the dialogues
//! that all clients share, and with the real broker. What a client does is specified in
//! `spec/client.md`.
//!
//! # Cancelling
//! Each future can be dropped at any time. What a call asked of the broker still happens, and dropping ends
//! the waiting only, but for these: [`Client::connect`] and [`Client::authenticate`] end the client that
//! they make; [`Client::publish`] and [`Client::send`] withdraw a message that was not sent yet, and
//! [`Client::start_publish`] has published nothing; [`Client::subscription`] ends its subscription;
//! [`Subscription::handle`] drops the handlers that run, whose messages are not acknowledged, and ends its
//! subscription; [`Client::drain`] leaves a client that takes no calls.
//!
//! # Features
//! `tls` and `websocket`, both on unless switched off, and `blocking`.
//!
//! # Example
//! ```no_run
//! use rialto_client::{Client, Credentials, Options, PublishOptions, SubscribeOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = "jmqt://127.0.0.1:8010".parse()?;
//! let client = Client::connect(Options::new(broker, Credentials::named("ada"))).await?;
//!
//! client.publish_json("news", &"hello", PublishOptions::acknowledged()).await?;
//!
//! let mut weather = client.subscription("weather", SubscribeOptions::persistent()).await?;
//! while let Some(message) = weather.next().await {
//!     println!("{}: {}", message.channel, message.payload);
//! }
//! # Ok(())
//! # }
//! ```

pub mod dialects;
pub mod shown;

mod backoff;
mod connection;
mod credentials;
mod dice;
mod endpoint;
mod error;
mod event;
mod message;
mod options;
mod reason;
mod status;
mod stranger;

mod client;
mod core;
mod driver;
mod handle;
mod incoming;
mod pending;
mod queue;
mod reach;
mod received;
mod shared;
mod subscription;
mod transport;

#[cfg(feature = "blocking")]
pub mod blocking;

pub use backoff::Backoff;
pub use client::Client;
pub use connection::Connection;
pub use credentials::{Credentials, Identity, ProvideError, Provider, Why};
pub use endpoint::{Endpoint, EndpointError, Scheme};
pub use error::{AskError, ConnectError, Disconnected, PublishError, RequestError, Undrained};
pub use event::{
    Event, State, StateChange, SubscriptionChange, SubscriptionEnd, SubscriptionState,
};
pub use message::{
    Ack, Acknowledge, Persistence, PublishOptions, Push, Qos, RequestOptions, SubscribeOptions,
};
pub use options::{Options, Outbox, TlsOptions, WhenFull};
pub use pending::PendingAck;
pub use reach::{Reached, reach};
pub use reason::Reason;
pub use received::Message;
pub use status::{Refusal, Status};
pub use stranger::Stranger;
pub use subscription::{Subscription, SubscriptionRemote};

/// The page about clients, whose program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/clients.md")]
struct Page;
