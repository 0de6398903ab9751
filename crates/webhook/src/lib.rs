//! An application behind a URL: each of the eight events is one signed HTTP request.
//!
//! Decisions (who may open a session, what may be published) are asked and waited for; notifications
//! (a client said goodbye, a connection ended) are queued and delivered behind. What is sent and what
//! may be answered stands in `docs/webhooks.md`.
//!
//! It spawns nothing and opens no listener: the server runs [`Deliveries`]. Read [`Webhook`] first,
//! then `Body` and `Answer`. It is also the one crate of the server's that sends HTTP requests,
//! which is why [`fetch()`] stands here.
//!
//! Tested against real HTTP servers on loopback, well-behaved and otherwise.

mod answer;
mod backoff;
mod body;
mod counters;
mod decisions;
mod deliveries;
mod failure;
mod fetch;
mod health;
mod http;
mod outbox;
mod post;
mod queue;
mod request_times;
mod settings;
mod shared;
mod signature;
mod webhook;

pub use counters::Counters;
pub use deliveries::Deliveries;
pub use failure::Failure;
pub use fetch::{FetchError, fetch};
pub use request_times::RequestTimes;
pub use settings::{Settings, WebhookError, WhenDown};
pub use webhook::Webhook;
