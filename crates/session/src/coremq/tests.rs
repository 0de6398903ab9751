//! Dialogues: what peers send, and what each of them is sent, over TCP, through the gateway and by
//! other dialects in the same broker. Then two and three brokers that replicate each other.

mod cluster;
mod net;

mod gateway;
mod history;
mod message;
mod replicant;
mod request;
mod token;

use crate::tests::world;
