//! A message that was received.

use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::core::{Key, PushId};
use crate::message::Push;
use crate::shared::Shared;

/// A message that a subscription brought. Dereferences to [`Push`], which has its parts.
#[derive(Debug)]
pub struct Message {
    pub(crate) push: Push,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) arrival: u64,
}

/// What acknowledges one message.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Key,
    pub(crate) id: PushId,
    pub(crate) is_closed: bool,
}

impl Message {
    /// Tells the broker that the message has been dealt with; a QoS 0 message needs none.
    ///
    /// Returns before the packet has left. Where the connection is lost meanwhile, it leaves with the
    /// next one.
    pub fn ack(&mut self) {
        if let Some(receipt) = &mut self.receipt {
            receipt.close(false);
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// The payload is not of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.push.payload.get())
    }

    /// Returns the message's number among all messages of the client, in the order in which they came;
    /// puts those of several subscriptions in order.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }
}

impl Deref for Message {
    type Target = Push;

    fn deref(&self) -> &Push {
        &self.push
    }
}

impl Receipt {
    pub(crate) fn close(&mut self, is_dropped: bool) {
        if !std::mem::replace(&mut self.is_closed, true) {
            self.shared.timeless(|core| core.close_message(self.key, &self.id, is_dropped));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.close(true);
    }
}
