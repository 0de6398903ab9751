//! What comes from the broker, and which subscriptions get it (K-33 to K-36).

use crate::event::Event;
use crate::message::{Push, Qos};

use super::super::channel::Key;
use super::super::inbox::Item;
use super::super::outlet::{Effect, Outlet};
use super::{Channels, DIRECT, Line, REST};

impl<T> Channels<T> {
    /// Gives a push to all subscriptions that are to have it.
    pub(crate) fn on_push(&mut self, push: Push, line: Line<'_>, out: &mut Outlet<T>) {
        let mut takers = std::mem::take(&mut self.takers);
        takers.clear();
        let own = push.channel.starts_with('#').then_some(DIRECT);
        for channel in [Some(push.channel.as_str()), own].into_iter().flatten() {
            let Some(channel) = self.channels.get(channel) else { continue };
            takers.extend(channel.members.iter().copied().filter(|key| {
                !push.retained || channel.retained_for.contains(key) || self.members[key].listens
            }));
        }
        if takers.is_empty()
            && let Some(rest) = self.channels.get(REST)
        {
            takers.extend(&rest.members);
        }
        if self.is_draining {
            // It stays unacknowledged, for the next session.
        } else if !takers.is_empty() {
            self.distribute(push, &takers, line, out);
        } else if push.qos == Qos::AtLeastOnce {
            self.unclaimed.keep(push);
        } else if !push.retained && self.unclaimed.note_dropped(&push.channel) {
            out.tell(Event::Slow { channel: push.channel, dropped: Some(1) });
        }
        self.takers = takers;
    }

    fn distribute(&mut self, push: Push, takers: &[Key], line: Line<'_>, out: &mut Outlet<T>) {
        let receipt = match &push.id {
            Some(id) if push.qos == Qos::AtLeastOnce => {
                let is_lasting = takers.iter().any(|key| self.members[key].is_lasting());
                let held = (takers.len(), is_lasting);
                let Some(receipt) = self.receipts.take(id, held, line, out) else { return };
                Some(receipt)
            }
            _ => None,
        };
        self.last_arrival += 1;
        let item = Item { push, receipt, arrival: self.last_arrival };
        let Some((last, others)) = takers.split_last() else { return };
        for key in others {
            self.deliver(*key, item.clone(), out);
        }
        self.deliver(*last, item, out);
    }

    fn deliver(&mut self, key: Key, item: Item, out: &mut Outlet<T>) {
        let Some(member) = self.members.get_mut(&key) else { return };
        // The client reads on only because a call waits for its answer.
        if member.inbox.is_full() && item.receipt.is_none() {
            if member.inbox.drop_one() {
                let channel = member.channel.to_string();
                out.tell(Event::Slow { channel, dropped: None });
            }
            return;
        }
        self.bytes += item.bytes();
        let was_pausing = member.inbox.is_pausing();
        let reader = member.inbox.add(item);
        out.effects.extend(reader.map(Effect::Wake));
        self.pausing_count += usize::from(!was_pausing && member.inbox.is_pausing());
    }

    pub(super) fn claim(&mut self, name: &str, line: Line<'_>, out: &mut Outlet<T>) {
        let is_wanted = |channel: &str| {
            name == REST || name == channel || name == DIRECT && channel.starts_with(DIRECT)
        };
        for push in self.unclaimed.claim(is_wanted) {
            self.on_push(push, line, out);
        }
    }
}
