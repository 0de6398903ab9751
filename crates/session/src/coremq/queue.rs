//! The names of queues, and the channels behind them.

use std::borrow::Cow;

use rialto_broker::{Broker, Encoder};
use rialto_domain::Reject;

/// Length of a connection's id, a UUID with hyphens.
const ID_BYTES: usize = 36;

/// Refuses names that CoreMQ cannot say (C-7).
pub(super) fn speakable(queue: &str) -> Result<(), Reject> {
    if queue.is_empty() || queue.contains(' ') { Err(Reject::InvalidChannel) } else { Ok(()) }
}

/// Returns the channel behind a queue: that of a connection's id reaches it directly (C-14).
pub(super) fn channel_of<'a>(queue: &'a str, broker: &Broker<impl Encoder>) -> Cow<'a, str> {
    // Most names are not even as long as an id.
    if queue.len() == ID_BYTES && broker.is_transient(queue) {
        format!("#{queue}").into()
    } else {
        queue.into()
    }
}
