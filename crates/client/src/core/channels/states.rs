//! How far a subscription is, and that the application hears of it (K-20, K-24, K-25).

use std::sync::Arc;

use crate::error::RequestError;
use crate::event::{Event, SubscriptionChange, SubscriptionEnd, SubscriptionState};
use crate::message::Ack;

use super::super::channel::Key;
use super::super::outlet::{Effect, Outlet};
use super::Channels;

impl<T> Channels<T> {
    /// Ends a subscription; what has arrived can still be read.
    pub(super) fn end(
        &mut self,
        key: Key,
        end: SubscriptionEnd,
        error: &RequestError,
        out: &mut Outlet<T>,
    ) {
        let Some(member) = self.members.get_mut(&key) else { return };
        if matches!(member.state, SubscriptionState::Ended(_)) {
            return;
        }
        if let Some(ticket) = member.ticket.take() {
            out.answer(ticket, Err(error.clone()));
        }
        out.effects.extend(member.inbox.take_reader().map(Effect::Wake));
        let refusal = match error {
            RequestError::Refused(refusal) => Some(refusal),
            _ => None,
        };
        let change = SubscriptionChange {
            channel: member.channel.to_string(),
            state: SubscriptionState::Ended(end),
            status: refusal.map(|refusal| refusal.status),
            text: refusal.and_then(|refusal| refusal.message.clone()),
            restored: false,
            gap: false,
        };
        member.state = change.state;
        let name = Arc::clone(&member.channel);
        out.tell(Event::Subscription(change));
        if let Some(channel) = self.channels.get_mut(&name) {
            channel.remove(key);
            if channel.is_idle() {
                self.channels.remove(&name);
            }
        }
    }

    pub(super) fn become_active(
        &mut self,
        key: Key,
        (restored, gap): (bool, bool),
        out: &mut Outlet<T>,
    ) {
        self.change(key, SubscriptionState::Active, (restored, gap), out);
        if let Some(ticket) = self.members.get_mut(&key).and_then(|member| member.ticket.take()) {
            out.answer(ticket, Ok(Ack::default()));
        }
    }

    pub(super) fn change(
        &mut self,
        key: Key,
        state: SubscriptionState,
        (restored, gap): (bool, bool),
        out: &mut Outlet<T>,
    ) {
        let Some(member) = self.members.get_mut(&key) else { return };
        if member.state == state {
            return;
        }
        member.state = state;
        let channel = member.channel.to_string();
        let (status, text) = (None, None);
        let change = SubscriptionChange { channel, state, status, text, restored, gap };
        out.tell(Event::Subscription(change));
    }
}
