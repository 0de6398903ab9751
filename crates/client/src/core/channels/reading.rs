//! What the application takes of its subscriptions, and how it is done with it.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::RequestError;
use crate::event::{Event, SubscriptionEnd, SubscriptionState};
use crate::message::Acknowledge;

use super::super::channel::Key;
use super::super::inbox::Item;
use super::super::outlet::Outlet;
use super::super::receipts::PushId;
use super::member::InHand;
use super::{Channels, Line};

impl<T> Channels<T> {
    /// Leaves acknowledging to whoever takes the messages of a subscription.
    pub(crate) fn acknowledge_by_hand(&mut self, key: Key) {
        if let Some(member) = self.members.get_mut(&key) {
            member.options.acknowledge = Acknowledge::Manual;
        }
    }

    /// Takes the next message of a subscription, which acknowledges the one before if that is asked for;
    /// `None` once there will be none.
    pub(crate) fn poll_next(
        &mut self,
        key: Key,
        context: &mut Context<'_>,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) -> Poll<Option<Item>> {
        let Some(member) = self.members.get_mut(&key) else { return Poll::Ready(None) };
        if let Some(in_hand) = member.in_hand.take() {
            self.receipts.close(&in_hand.receipt, false, line, out);
        }
        let was_pausing = member.inbox.is_pausing();
        let Some(item) = member.inbox.take() else {
            if matches!(member.state, SubscriptionState::Ended(_)) {
                return Poll::Ready(None);
            }
            member.inbox.wait(context.waker());
            return Poll::Pending;
        };
        self.bytes -= item.bytes();
        self.pausing_count -= usize::from(was_pausing && !member.inbox.is_pausing());
        if let Some(dropped) = member.inbox.end_of_drops() {
            let channel = member.channel.to_string();
            out.tell(Event::Slow { channel, dropped: Some(dropped) });
        }
        match (&item.receipt, member.options.acknowledge) {
            (Some(receipt), Acknowledge::Handled) => {
                member.in_hand = Some(InHand { receipt: Arc::clone(receipt), is_held: true });
            }
            (Some(receipt), Acknowledge::Received) => {
                self.receipts.close(receipt, false, line, out);
            }
            _ => {}
        }
        Poll::Ready(Some(item))
    }

    /// Acknowledges a message, or drops it unacknowledged. Only once for each that was given out.
    pub(crate) fn close(
        &mut self,
        (key, receipt): (Key, &PushId),
        is_dropped: bool,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) {
        if let Some(member) = self.members.get_mut(&key)
            && member.options.acknowledge == Acknowledge::Handled
        {
            // Where it is not in hand any more, it was dealt with.
            let Some(in_hand) = &mut member.in_hand else { return };
            if in_hand.receipt != *receipt {
                return;
            }
            if is_dropped {
                in_hand.is_held = false;
                return;
            }
            member.in_hand = None;
        }
        self.receipts.close(receipt, is_dropped, line, out);
    }

    /// Ends a subscription here only: the broker is not told (K-26).
    pub(crate) fn stop(
        &mut self,
        key: Key,
        end: SubscriptionEnd,
        line: Line<'_>,
        out: &mut Outlet<T>,
    ) {
        self.end(key, end, &RequestError::Withdrawn, out);
        self.forget(key, line, out);
    }

    /// Forgets a subscription that nobody reads any more, and what it had not given out.
    pub(crate) fn forget(&mut self, key: Key, line: Line<'_>, out: &mut Outlet<T>) {
        let Some(mut member) = self.members.remove(&key) else { return };
        self.pausing_count -= usize::from(member.inbox.is_pausing());
        let mut dropped = Vec::new();
        match member.in_hand.take() {
            // Of a message that the application still has, the application decides.
            Some(in_hand) if in_hand.is_held => self.receipts.leave(&in_hand.receipt),
            in_hand => dropped.extend(in_hand.map(|in_hand| in_hand.receipt)),
        }
        while let Some(item) = member.inbox.take() {
            self.bytes -= item.bytes();
            dropped.extend(item.receipt);
        }
        for receipt in dropped {
            self.receipts.close(&receipt, true, line, out);
        }
    }
}
