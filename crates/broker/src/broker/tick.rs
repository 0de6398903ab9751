//! What happens by itself as time goes on: silence, lazy writes, trimming, forgetting.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rialto_domain::{
    Change, ChannelName, ClientId, CloseReason, LogId, PageState, Reject, Sequence, SessionNumber,
};

use crate::{
    ChannelKey, ClientKey, ConnectionKey, Encoder,
    channel::Trimmed,
    client::{Client, Connection, Subscription},
};

use super::{Broker, batch::Pending, catch_up::Reads, lanes::Lane};

/// How often connections are looked at for silence and logs for age.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How often clients are looked at for being forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Cursors, and clients, written in one tick: many lazy writes must not keep publishers waiting, nor
/// take memory that a storm of clients would leave behind.
const CHANGES_PER_TICK_MAX: usize = 500;

/// So many times as many retained messages, which their publishers count on sooner.
const RETAINED_SHARE: usize = 8;

/// What changed in memory and is written at the next tick.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub(super) cursors: Vec<(ClientKey, ChannelKey)>,
    pub(super) retained: BTreeSet<ChannelKey>,
    clients: Vec<ClientKey>,
    /// Clients that the store refused to forget.
    pub(super) forgotten: Vec<ClientId>,
    /// Channels whose history has messages that the store does not have.
    pub(super) histories: BTreeSet<ChannelKey>,
    /// Channels whose history is gone, and not from the store.
    pub(super) dropped_histories: BTreeSet<ChannelName>,
    /// Channels that may not be needed any more.
    pub(super) idle: Vec<ChannelKey>,
    /// Up to where logs were trimmed that the store did not trim.
    pub(super) trims: BTreeMap<ChannelKey, (LogId, Sequence)>,
    /// Sessions that began, with their numbers, or ended, and the store does not know of.
    pub(super) sessions: BTreeMap<ClientId, Option<SessionNumber>>,
    /// Channels whose logs in the store have no readers.
    pub(super) unread: Vec<ChannelName>,
    /// Damaged pages that the store did not set aside.
    pub(super) damaged: BTreeMap<(ChannelKey, Sequence), LogId>,
    /// Reads the store could not do, to be tried again.
    pub(super) reads: Reads,
    swept: Duration,
    forgot: Duration,
}

/// How much of what is only in memory is written.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// What the store is ready for.
    Due,
    All,
}

impl Dirty {
    pub(super) fn note_client(&mut self, key: ClientKey, client: &mut Client) {
        if !std::mem::replace(&mut client.dirty, true) {
            self.clients.push(key);
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Does what is due; to be called about ten times a second.
    pub fn on_tick(&mut self) {
        self.settle();
        self.end_expired();
        self.end_absences();
        self.start_due();
        self.write_dirty(Extent::Due);
        self.write_clock();
        if self.dirty.swept + SWEEP_EVERY <= self.now.uptime {
            self.dirty.swept = self.now.uptime;
            self.close_silent();
            self.drop_aged();
            self.read_again();
        }
        if self.dirty.forgot + FORGET_EVERY <= self.now.uptime {
            self.dirty.forgot = self.now.uptime;
            self.forget_clients();
        }
    }

    /// Writes everything that is only in memory, before a graceful stop.
    pub fn write_all(&mut self) {
        self.settle();
        self.write_dirty(Extent::All);
        self.stop_clocks();
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
            self.drop_unread_logs();
            self.forget_again();
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

    /// Has the store drop logs that have no cursors. It does so when anybody is unsubscribed; the
    /// server is, since it has no cursor to lose.
    fn drop_unread_logs(&mut self) {
        for channel in std::mem::take(&mut self.dirty.unread) {
            let change = Change::Unsubscribe(ClientId::server(), channel.clone());
            self.batch.push(change, Pending::Unread(channel));
        }
    }

    /// Hands over how far cursors have come; returns what tells of what they acknowledged beyond, of so
    /// many.
    fn write_floors(&mut self, count_max: usize, beyond_max: usize) -> Vec<(Change, Pending)> {
        let mut channels = BTreeSet::new();
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
            let name = &self.channels[channel].name;
            if let Some(floor) = cursor.take_unwritten_floor() {
                let change = Change::MoveCursor(id.clone(), name.clone(), floor);
                self.batch.push(change, Pending::Cursor(key, channel));
                channels.insert(channel);
            }
            if beyond_max <= stretches.len() && cursor.has_unwritten_stretches() {
                cursor.dirty = true;
                self.dirty.cursors.push((key, channel));
                continue;
            }
            let beyond = cursor.take_unwritten_stretches();
            if !beyond.is_empty() {
                let change = Change::Acknowledge(id, name.clone(), beyond);
                stretches.push((change, Pending::Cursor(key, channel)));
            }
        }
        for channel in channels {
            self.trim_acknowledged(channel);
        }
        stretches
    }

    /// Drops the pages that every persistent subscriber has acknowledged.
    fn trim_acknowledged(&mut self, key: ChannelKey) {
        let channel = &self.channels[key];
        let floors = channel.persistent.keys().filter_map(|client| {
            match self.clients[client].subscriptions.get(&key) {
                Some(Subscription::Persistent(cursor)) => Some(cursor.floor()),
                _ => None,
            }
        });
        let Some(floor) = floors.min() else { return };
        let Some(log) = &mut self.channels[key].log else { return };
        if let Some(Trimmed { last, count }) = log.trim_while(|_, page| page.last <= floor) {
            self.stats.log_acknowledged += count;
            self.stats.log_held -= count;
            self.trim(key, last);
        }
    }

    /// Trims again what the store refused to, unless the log went meanwhile.
    fn write_trims(&mut self) {
        for (key, (log, last)) in std::mem::take(&mut self.dirty.trims) {
            let present = self.channels.get(key).and_then(|channel| channel.log.as_ref());
            if present.is_some_and(|present| present.id == log) {
                self.trim(key, last);
            }
        }
    }

    fn trim(&mut self, key: ChannelKey, last: Sequence) {
        let channel = &self.channels[key];
        let Some(log) = channel.log.as_ref().map(|log| log.id) else { return };
        let change = Change::Trim(channel.name.clone(), last);
        self.batch.push(change, Pending::Trim(key, log, last));
    }

    /// Makes room in a log for one more message, as configured.
    ///
    /// # Errors
    /// [`Reject::LogFull`] when the limit is reached and nothing may be dropped.
    pub(super) fn make_room(&mut self, key: ChannelKey) -> Result<(), Reject> {
        let limits = self.channels[key].profile.log;
        let Some(log) = &mut self.channels[key].log else { return Ok(()) };
        if !log.is_full(&limits) {
            return Ok(());
        }
        if !limits.drop_oldest {
            return Err(Reject::LogFull);
        }
        if let Some(dropped) = log.trim_while(|log, _| log.is_full(&limits)) {
            self.drop_logged(key, dropped);
        }
        Ok(())
    }

    fn drop_aged(&mut self) {
        let rules = &self.settings.channel_rules;
        let no_rule = rules.iter().all(|rule| rule.log_age_max.is_none_or(|age| age.is_zero()));
        if self.settings.log.age_max.is_zero() && no_rule {
            return;
        }
        let keys: Vec<ChannelKey> = self.channels.keys().collect();
        for key in keys {
            let channel = &mut self.channels[key];
            let age_max = channel.profile.log.age_max.as_millis() as u64;
            let Some(log) = channel.log.as_mut().filter(|_| age_max > 0) else { continue };
            let age = |page: &PageState| self.clocks.served().saturating_sub(page.served);
            if let Some(dropped) = log.trim_while(|_, page| age_max < age(page)) {
                self.drop_logged(key, dropped);
            }
        }
    }

    /// Counts what a limit dropped from a log, and has the store drop it.
    fn drop_logged(&mut self, key: ChannelKey, dropped: Trimmed) {
        self.stats.dropped_log += dropped.count;
        self.stats.log_held -= dropped.count;
        self.trim(key, dropped.last);
    }

    fn write_clients(&mut self, count_max: usize) {
        let due = self.dirty.clients.len().min(count_max);
        let later = self.dirty.clients.split_off(due);
        for key in std::mem::replace(&mut self.dirty.clients, later) {
            let Some(client) = self.clients.get_mut(key) else { continue };
            client.dirty = false;
            let change = Change::PutClient(client.id.clone(), client.last_seen);
            self.batch.push(change, Pending::Client(key));
        }
    }

    /// Closes connections that were silent too long or opened no session in time.
    fn close_silent(&mut self) {
        let overdue: Vec<(ConnectionKey, CloseReason)> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.closing.is_none())
            .filter_map(|(key, connection)| Some((key, self.overdue(connection)?)))
            .collect();
        for (connection, reason) in overdue {
            self.close(connection, reason);
        }
    }

    fn overdue(&self, connection: &Connection) -> Option<CloseReason> {
        if connection.is_held {
            return None;
        }
        let timeout = self.settings.heartbeat_timeout;
        let waited = self.now.uptime.saturating_sub(connection.opened);
        let silent = self.now.uptime.saturating_sub(connection.last_heard);
        if connection.client.is_none() && self.settings.authenticate_timeout <= waited {
            // J-45: one that is idle is closed as any idle one is, not for being late.
            let is_idle = timeout <= silent;
            let reason = if is_idle { CloseReason::Silent } else { CloseReason::NotAuthenticated };
            return Some(reason);
        }
        // A publisher that is not read because the store is slow is not silent.
        let is_held = 0 < connection.uncommitted_bytes;
        // A quarter above what the client was told: its last heartbeat may still be on the way.
        let silence_max = timeout.mul_f32(1.25);
        let is_expected = connection.manners.has_heartbeat || connection.client.is_none();
        (is_expected && !is_held && silence_max <= silent).then_some(CloseReason::Silent)
    }

    /// Ends all connections, for a graceful stop; their effects come with the round.
    pub fn close_all(&mut self, reason: CloseReason) {
        let keys: Vec<ConnectionKey> = self.connections.keys().collect();
        for connection in keys {
            self.close(connection, reason);
        }
    }

    /// Says whether changes are under way in the store.
    pub fn is_committing(&self) -> bool {
        !self.committing.is_empty()
    }
}
