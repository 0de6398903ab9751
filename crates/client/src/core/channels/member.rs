//! A subscription of the application, and the message that it has in hand.

use std::sync::Arc;

use crate::event::SubscriptionState;
use crate::message::{Persistence, SubscribeOptions};

use super::super::inbox::Inbox;
use super::super::receipts::PushId;

/// A subscription of the application.
#[derive(Debug)]
pub(super) struct Member<T> {
    pub(super) channel: Arc<str>,
    /// Whether it takes what comes without a `sub` (K-27).
    pub(super) listens: bool,
    pub(super) options: SubscribeOptions,
    pub(super) state: SubscriptionState,
    /// Whoever waits for the broker's consent.
    pub(super) ticket: Option<T>,
    pub(super) inbox: Inbox,
    /// The message that was given out last, to be acknowledged when the next one is asked for.
    pub(super) in_hand: Option<InHand>,
}

/// A message that was given out and is acknowledged with the next one.
#[derive(Debug)]
pub(super) struct InHand {
    pub(super) receipt: PushId,
    /// Whether the application still has the message, and may acknowledge it itself.
    pub(super) is_held: bool,
}

impl<T> Member<T> {
    pub(super) fn is_persistent(&self) -> bool {
        self.options.persistence == Persistence::Persistent
    }

    /// Returns whether the broker keeps over a loss what it has not acknowledged.
    pub(super) fn is_lasting(&self) -> bool {
        self.listens || self.is_persistent()
    }
}
