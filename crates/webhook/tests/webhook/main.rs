//! Webhooks against real HTTP servers on loopback: what is sent, what is made of the answers, and
//! what happens when there are none.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod bodies;
mod decisions;
mod failures;
mod fetch;
mod notifications;
mod support;
