//! The bus between nodes of one broker: what one node tells the others at once.
//!
//! A bus carries messages by [`Subject`], to whoever has subscribed at that moment, in the order of their publisher. It keeps
//! nothing, and may lose everything: whatever must not be lost is in the database that nodes share. So a bus that was
//! interrupted says so ([`Event::Down`], [`Event::Up`]), and whoever listens looks into the database.
//!
//! Knows no broker: it moves bytes, and knows what they mean only as far as [`wire`] says. Spawns nothing: whoever has a bus runs
//! [`Line::run`].
//!
//! Read [`Bus`], the trait that drivers implement, with its duties; then [`Line`], which queues what is to be sent, connects again
//! whatever happens, and subscribes anew. The drivers are [`RedisBus`], [`NatsBus`], and [`MemoryBus`] for tests.
//!
//! Tested by one conformance suite for all drivers, on real servers, and by properties of the queue and of the wire form.

mod backoff;
mod bus;
mod error;
mod line;
mod memory;
mod nats;
mod outgoing;
mod queue;
mod redis;
mod subject;
pub mod wire;

pub use bus::{Bus, BusReceiver, BusSender};
pub use error::BusError;
pub use line::{Counts, Event, Line};
pub use memory::{MemoryBus, MemoryExchange};
pub use nats::NatsBus;
pub use outgoing::{Heard, Kind, Outgoing};
pub use redis::{RedisBus, Topology};
pub use subject::{Subject, Subjects};
