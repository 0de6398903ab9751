//! Dialogues: what peers send, and what each of them is sent, among themselves and with peers of other
//! dialects in the same broker.

use crate::tests::world;

mod bridge;
mod connect;
mod leave;
mod lost;
mod publish;
mod subscribe;
mod token;
