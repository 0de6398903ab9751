//! CoreMQ and PubSubX, the other dialects of a broker, for programs that speak them as well as JMQT.
//!
//! Both know less than JMQT: nothing is acknowledged and stored, and a message that is published while
//! there is no connection fails. A lost connection is made again if so wanted, with its subscriptions.
//! For one's own programs JMQT is the protocol to begin with.
//!
//! Read [`Client`] first. `codec.rs` is what a dialect means, `connection.rs` one connection, `driver.rs` the
//! task that keeps one.
//!
//! # Example
//! ```no_run
//! use rialto_client::dialects::{Client, Event, Options};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::new("pubsubx://127.0.0.1".parse()?).named("homer");
//! let (client, mut events) = Client::connect(options).await?;
//! client.subscribe("room").await?;
//! while let Some(event) = events.recv().await {
//!     if let Event::Message(message) = event {
//!         println!("{} {}", message.channel, message.payload);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod carrier;
mod client;
mod codec;
mod connection;
mod coremq;
mod demand;
mod driver;
mod options;
mod pick;
mod pubsubx;

pub use address::{Address, Dialect};
pub use client::{Answered, Client};
pub use demand::{DemandError, Event, Greeting, Question};
pub use options::Options;
