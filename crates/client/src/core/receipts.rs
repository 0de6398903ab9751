//! Which pushes are in hand, and which acknowledgements the broker surely has (K-31, K-33, K-34).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rialto_wire::jmqt::ClientPacket;

use super::heartbeat::Heartbeat;
use super::outlet::Outlet;

/// Acknowledgements that are remembered until the broker surely has them.
const REMEMBERED_MAX: usize = 10_000;

/// The id of a push.
pub(crate) type PushId = Arc<str>;

#[derive(Debug)]
struct Held {
    /// The same as its key; tells it from another push that has the id again.
    id: PushId,
    /// Subscriptions that are not done with it.
    open_count: usize,
    /// Whether one of them let go of it without having dealt with it.
    is_dropped: bool,
    /// Whether its subscription is gone, and only the application may still acknowledge it.
    is_left: bool,
    is_persistent: bool,
    /// Heartbeats sent before its acknowledgement; `None` while it is in hand.
    acknowledged_at: Option<u64>,
}

/// The QoS 1 pushes that the client has taken.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    held: HashMap<PushId, Held>,
    /// Acknowledgements that were sent, oldest first, as in `acknowledged_at`.
    sent: VecDeque<(u64, PushId)>,
    /// Acknowledgements that wait for a connection.
    unsent: Vec<PushId>,
    in_hand_count: usize,
}

impl Receipts {
    /// Returns how many messages were given out and are neither acknowledged nor dropped.
    pub(crate) fn in_hand_count(&self) -> usize {
        self.in_hand_count
    }

    /// Takes a push that so many subscriptions get, unless it was taken before; one that was dealt with
    /// is acknowledged again (K-33).
    pub(crate) fn take<T>(
        &mut self,
        id: &str,
        (open_count, is_persistent): (usize, bool),
        heartbeat: Option<&Heartbeat>,
        out: &mut Outlet<T>,
    ) -> Option<PushId> {
        if let Some(held) = self.held.get_mut(id) {
            if held.acknowledged_at.is_some() {
                let id = held.acknowledge(heartbeat);
                self.send(id, heartbeat, out);
            }
            return None;
        }
        let id: PushId = id.into();
        let held = Held {
            id: Arc::clone(&id),
            open_count,
            is_dropped: false,
            is_left: false,
            is_persistent,
            acknowledged_at: None,
        };
        self.held.insert(Arc::clone(&id), held);
        self.in_hand_count += 1;
        Some(id)
    }

    /// Notes that one subscription is done with a push, or drops it; the last one decides.
    pub(crate) fn close<T>(
        &mut self,
        id: &PushId,
        is_dropped: bool,
        heartbeat: Option<&Heartbeat>,
        out: &mut Outlet<T>,
    ) {
        // One that came again since then is another's.
        let held = self.held.get_mut(id).filter(|held| Arc::ptr_eq(&held.id, id));
        let Some(held) = held else { return };
        if held.acknowledged_at.is_some() {
            return;
        }
        held.is_dropped |= is_dropped;
        held.open_count = held.open_count.saturating_sub(1);
        if held.open_count != 0 {
            return;
        }
        self.in_hand_count -= 1;
        if held.is_dropped {
            self.held.remove(id);
        } else {
            let id = held.acknowledge(heartbeat);
            self.send(id, heartbeat, out);
        }
    }

    /// Notes that the subscription is gone to which a message was given out: it is given out again when
    /// it comes again.
    pub(crate) fn leave(&mut self, id: &PushId) {
        if let Some(held) = self.held.get_mut(id) {
            held.is_left = true;
        }
    }

    /// Forgets the acknowledgements that the broker surely has: it answered a later heartbeat.
    pub(crate) fn settle(&mut self, answered_count: u64) {
        while let Some((at, id)) = self.sent.pop_front_if(|(at, _)| *at < answered_count) {
            self.forget(at, id);
        }
    }

    /// Sends the acknowledgements that were made meanwhile.
    pub(crate) fn on_online<T>(&mut self, heartbeat: Option<&Heartbeat>, out: &mut Outlet<T>) {
        for id in std::mem::take(&mut self.unsent) {
            if let Some(held) = self.held.get_mut(&id) {
                let id = held.acknowledge(heartbeat);
                self.send(id, heartbeat, out);
            }
        }
    }

    /// Forgets the ids of non-persistent subscriptions, which the broker may use again (J-103); what may
    /// not have arrived is acknowledged again.
    pub(crate) fn on_lost(&mut self) {
        self.held.retain(|_, held| {
            let is_in_hand = held.acknowledged_at.is_none();
            let is_kept = held.is_persistent && !(is_in_hand && held.is_left);
            if !is_kept && is_in_hand {
                self.in_hand_count -= 1;
            }
            is_kept
        });
        for (at, id) in std::mem::take(&mut self.sent) {
            if self.held.get(&id).is_some_and(|held| held.acknowledged_at == Some(at)) {
                self.unsent.push(id);
            }
        }
        self.unsent.retain(|id| self.held.contains_key(id));
    }

    /// Sends the acknowledgement of a push that is noted as acknowledged, or keeps it for a connection.
    fn send<T>(&mut self, id: PushId, heartbeat: Option<&Heartbeat>, out: &mut Outlet<T>) {
        let Some(heartbeat) = heartbeat else { return self.unsent.push(id) };
        out.reply(&ClientPacket::PushAck { id: (&*id).into(), accepted: true });
        self.sent.push_back((heartbeat.sent_count, id));
        if REMEMBERED_MAX < self.sent.len()
            && let Some((at, id)) = self.sent.pop_front()
        {
            self.forget(at, id);
        }
    }

    fn forget(&mut self, at: u64, id: PushId) {
        if let Entry::Occupied(held) = self.held.entry(id)
            && held.get().acknowledged_at == Some(at)
        {
            held.remove();
        }
    }
}

impl Held {
    /// Notes that it is acknowledged now, and returns its id.
    fn acknowledge(&mut self, heartbeat: Option<&Heartbeat>) -> PushId {
        self.acknowledged_at = Some(heartbeat.map_or(0, |heartbeat| heartbeat.sent_count));
        Arc::clone(&self.id)
    }
}
