//! Lazy writes: what is only in memory goes to the store in lanes, a bounded number of changes a tick.

use rialto_domain::Change;

use crate::{ClientKey, Encoder};

use super::{
    Broker,
    batch::{Lane, Pending},
};

/// Cursors, and clients, written in one tick: many lazy writes must not keep publishers waiting, nor
/// take memory that a storm of clients would leave behind.
const CHANGES_PER_TICK_MAX: usize = 500;

/// So many times as many retained messages, which their publishers count on sooner.
const RETAINED_SHARE: usize = 8;

/// How much of what is only in memory is written.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// What the store is ready for.
    Due,
    All,
}

impl<E: Encoder> Broker<E> {
    /// Writes everything that is only in memory, before a graceful stop.
    pub fn write_all(&mut self) {
        self.settle();
        self.write_dirty(Extent::All);
        self.stop_clocks();
    }

    /// Writes what is due of what is only in memory.
    pub(super) fn write_due(&mut self) {
        self.write_dirty(Extent::Due);
    }

    /// Writes what is only in memory, in lanes. What makes room in the store goes first and by itself,
    /// so that what finds none there does not take it along.
    fn write_dirty(&mut self, extent: Extent) {
        self.hand_over_batch();
        let room = self.lane_room(Lane::Room, extent);
        if room > 0 {
            self.write_damaged();
            self.write_trims();
            let beyond_max = self.lane_room(Lane::Acknowledged, extent);
            let beyond = self.write_floors(room, beyond_max);
            self.forget_again();
            self.drop_unread_logs();
            self.hand_over_lane(Lane::Room);
            self.batch.extend(beyond);
            self.hand_over_lane(Lane::Acknowledged);
        }
        let room = self.lane_room(Lane::Retained, extent);
        if room > 0 {
            self.write_retained(room.saturating_mul(RETAINED_SHARE));
        }
        let room = self.lane_room(Lane::Rest, extent);
        if room > 0 {
            self.write_histories(room);
            self.write_clients(room);
            self.write_sessions(room);
            self.hand_over_lane(Lane::Rest);
        }
    }

    /// Returns how many changes may be handed over in a lane; none while it is closed.
    fn lane_room(&self, lane: Lane, extent: Extent) -> usize {
        match extent {
            Extent::All => usize::MAX,
            Extent::Due if self.lanes.is_open(lane, self.now.uptime) => {
                self.lanes.room(lane, CHANGES_PER_TICK_MAX)
            }
            Extent::Due => 0,
        }
    }

    /// Sets aside again what the store refused to, unless the log went meanwhile.
    fn write_damaged(&mut self) {
        for ((key, last), log) in std::mem::take(&mut self.dirty.damaged) {
            let present = self.channels.get(key);
            if let Some(channel) = present
                && channel.log.as_ref().is_some_and(|present| present.id == log)
            {
                let change = Change::SetAside(channel.name.clone(), log, last);
                self.batch.push(change, Pending::SetAside(key, log, last));
            }
        }
    }

    /// Has the store drop logs that have no cursors.
    fn drop_unread_logs(&mut self) {
        for channel in std::mem::take(&mut self.dirty.unread) {
            self.drop_log_if_unread(channel);
        }
    }

    /// Hands over how far cursors have come; returns what tells of what they acknowledged beyond, of so
    /// many.
    fn write_floors(&mut self, count_max: usize, beyond_max: usize) -> Vec<(Change, Pending)> {
        let mut stretches = Vec::new();
        let due = self.dirty.cursors.len().min(count_max);
        let later = self.dirty.cursors.split_off(due);
        for (key, channel) in std::mem::replace(&mut self.dirty.cursors, later) {
            let Some(client) = self.clients.get_mut(key) else { continue };
            let id = client.id.clone();
            let Some(cursor) = client.cursor(channel).filter(|cursor| cursor.dirty) else {
                continue;
            };
            cursor.dirty = false;
            let mut writes = 0;
            let name = &self.channels[channel].name;
            if let Some(floor) = cursor.take_unwritten_floor() {
                let change = Change::MoveCursor(id.clone(), name.clone(), floor);
                self.batch.push(change, Pending::Cursor(key, channel));
                writes += 1;
            }
            if beyond_max <= stretches.len() && cursor.has_unwritten_stretches() {
                cursor.dirty = true;
                self.dirty.cursors.push((key, channel));
                self.clients[key].writes_under_way += writes;
                continue;
            }
            let beyond = cursor.take_unwritten_stretches();
            if !beyond.is_empty() {
                let change = Change::Acknowledge(id, name.clone(), beyond);
                stretches.push((change, Pending::Cursor(key, channel)));
                writes += 1;
            }
            self.clients[key].writes_under_way += writes;
        }
        stretches
    }

    /// Hands over all that is only in memory of one client.
    pub(super) fn write_client(&mut self, key: ClientKey) {
        let channels: Vec<_> = self.clients[key].subscriptions.keys().collect();
        let id = self.clients[key].id.clone();
        for channel in channels {
            let name = self.channels[channel].name.clone();
            let Some(cursor) = self.clients[key].cursor(channel).filter(|cursor| cursor.dirty)
            else {
                continue;
            };
            cursor.dirty = false;
            let (floor, beyond) =
                (cursor.take_unwritten_floor(), cursor.take_unwritten_stretches());
            let floor = floor.map(|floor| Change::MoveCursor(id.clone(), name.clone(), floor));
            let beyond =
                (!beyond.is_empty()).then(|| Change::Acknowledge(id.clone(), name.clone(), beyond));
            for change in floor.into_iter().chain(beyond) {
                self.batch.push(change, Pending::Cursor(key, channel));
                self.clients[key].writes_under_way += 1;
            }
        }
        self.write_seen(key);
    }

    /// Hands over when a client was last seen, if the store does not know.
    pub(super) fn write_seen(&mut self, key: ClientKey) {
        let client = &mut self.clients[key];
        if std::mem::take(&mut client.dirty) {
            client.writes_under_way += 1;
            let change = Change::PutClient(client.id.clone(), client.last_seen);
            self.batch.push(change, Pending::Client(key));
        }
    }

    fn write_clients(&mut self, count_max: usize) {
        let due = self.dirty.clients.len().min(count_max);
        let later = self.dirty.clients.split_off(due);
        for key in std::mem::replace(&mut self.dirty.clients, later) {
            if self.clients.contains_key(key) {
                self.write_seen(key);
            }
        }
    }
}
