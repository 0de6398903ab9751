//! Retained messages: the last one of each channel that was published to stay.

use crate::{
    ChannelKey, Encoder,
    channel::{Channel, RetainedMessage},
    memory::{allocated, shared, shared_payload},
};

use super::Broker;

/// What all retained messages are and take together.
#[derive(Debug, Default)]
pub(super) struct Retainment {
    count: usize,
    bytes: usize,
}

impl Retainment {
    /// Returns the memory of all of them, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Returns the memory that a retained message takes, its channel's included: there may be nothing
/// else to it.
fn bytes_of(channel: &Channel, retained: &RetainedMessage) -> usize {
    let message = &retained.message;
    channel.own_bytes()
        + allocated(size_of::<RetainedMessage>())
        + shared(message.publisher.as_str().len())
        + shared_payload(message.payload.len())
}

impl<E: Encoder> Broker<E> {
    /// Sets what a channel retains.
    pub(super) fn set_retained(&mut self, key: ChannelKey, retained: Option<RetainedMessage>) {
        let channel = &mut self.channels[key];
        if let Some(old) = &channel.retained {
            self.retained.count -= 1;
            self.retained.bytes -= bytes_of(channel, old);
        }
        if let Some(new) = &retained {
            self.retained.count += 1;
            self.retained.bytes += bytes_of(channel, new);
        }
        channel.retained = retained.map(Box::new);
    }
}
