//! The end of all subscriptions: drained, or with the client.

use std::sync::Arc;

use crate::error::RequestError;
use crate::event::SubscriptionEnd;

use super::super::channel::{Key, Leaver};
use super::super::outlet::Outlet;
use super::{Channels, Line};

impl<T> Channels<T> {
    /// Ends non-persistent subscriptions at the broker, and takes nothing more (K-61).
    pub(crate) fn drain(&mut self, line: Line<'_>, out: &mut Outlet<T>) {
        self.is_draining = true;
        let keys: Vec<Key> = self.members.keys().copied().collect();
        for key in keys {
            let member = &self.members[&key];
            let is_last = self
                .channels
                .get(&member.channel)
                .is_some_and(|channel| self.wired(channel).all(|other| other == key));
            let is_temporary = !member.listens && !member.is_persistent() && is_last;
            let name = Arc::clone(&member.channel);
            self.end(key, SubscriptionEnd::Closed, &RequestError::Withdrawn, out);
            self.clear(key, line, out);
            if is_temporary {
                self.unsubscribe(&name, Leaver { ticket: None, is_lasting: false }, line, out);
            }
        }
    }

    /// Drops what a subscription has not given out.
    fn clear(&mut self, key: Key, line: Line<'_>, out: &mut Outlet<T>) {
        let Some(member) = self.members.get_mut(&key) else { return };
        self.pausing_count -= usize::from(member.inbox.is_pausing());
        while let Some(item) = member.inbox.take() {
            self.bytes -= item.bytes();
            if let Some(receipt) = item.receipt {
                self.receipts.close(&receipt, true, line, out);
            }
        }
    }

    /// Ends everything, because the client has ended. What has arrived can still be read.
    pub(crate) fn end_all(&mut self, error: &RequestError, out: &mut Outlet<T>) {
        for channel in self.channels.values_mut() {
            for leaver in channel.leaving.drain(..) {
                if let Some(ticket) = leaver.ticket {
                    out.answer(ticket, Err(error.clone()));
                }
            }
        }
        let keys: Vec<Key> = self.members.keys().copied().collect();
        for key in keys {
            self.end(key, SubscriptionEnd::Closed, error, out);
        }
        self.channels.clear();
        self.asked_count = 0;
    }
}
