//! One node: a core, and the threads of its server, each of which does one thing at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rialto_domain::{
    ChannelName, Claim, Claimed, Commit, FailureKind, Load, LogEntry, Noted, Outcome, Retained,
};
use rialto_store::{Membership, MemoryCluster, MemoryStore, Store, StoreReader};

use super::{super::text::TextEncoder, checker::Socket, simulation::Fault};
use crate::{
    Broker, BusEffect, ConnectionKey, Effect, LoadRequest, LogRequest, Now, ReadRequest, Settings,
};

/// How long a lease lasts, and how often it is renewed.
pub(super) const LEASE: Duration = Duration::from_secs(6);
const RENEW_EVERY: Duration = Duration::from_secs(2);
const POLL_EVERY: Duration = Duration::from_millis(100);

/// How often the core does what is due.
const TICK: Duration = Duration::from_millis(100);

/// What a thread brings back to the core.
enum Told {
    Committed(Vec<Outcome>),
    Claimed(Claim, Claimed),
    Noted(Noted),
    Refreshed(ConnectionKey, ChannelName, Option<Retained>),
    LogRead(LogRequest, Vec<LogEntry>),
    Read(ReadRequest, Vec<LogEntry>),
}

/// What the reading thread is asked for.
enum Lookup {
    Log(LogRequest),
    Pages(ReadRequest),
}

/// What the membership's thread is asked for.
enum Wish {
    Claim(Claim),
    Refresh(ConnectionKey, ChannelName),
}

/// What became of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Runs,
    /// Another node has declared it dead: its process ends.
    Dead,
}

/// A line that a connection was sent, or that it is closed.
pub(super) enum Heard {
    Line(Socket, String),
    Closed(Socket),
}

pub(super) struct Node {
    pub(super) broker: Broker<TextEncoder>,
    store: MemoryStore,
    member: Box<dyn Membership>,
    reader: Box<dyn StoreReader>,
    /// In which it ran: it stands still while the node is stopped.
    uptime: Duration,
    /// By the clock of the world, counted from when the renewal was sent.
    lease_until: Duration,
    renewed: Duration,
    polled: Duration,
    ticked: Duration,
    commits: VecDeque<Commit>,
    wishes: VecDeque<Wish>,
    lookups: VecDeque<Lookup>,
    /// What each thread has and the core has not taken yet.
    committed: VecDeque<Told>,
    learned: Option<Told>,
    looked_up: Option<Told>,
    pub(super) sockets: BTreeMap<ConnectionKey, Socket>,
    pub(super) is_stopped: bool,
    /// Whether it cannot reach the store.
    pub(super) is_cut: bool,
    pub(super) heard: Vec<Heard>,
    /// What it gives to the bus.
    pub(super) said: Vec<BusEffect>,
    /// Channels that it wants the bus to bring, which does not know yet.
    hearing: Vec<ChannelName>,
    fault: Fault,
}

impl Node {
    pub(super) fn start(
        cluster: &MemoryCluster,
        run: u64,
        now: Duration,
        (fault, has_bus): (Fault, bool),
    ) -> Self {
        let mut store = cluster.join();
        let member = store.membership().unwrap().expect("the store is shared");
        let snapshot = store.load(Load::Heads).unwrap();
        let mut settings = Settings { is_shared: true, echo: true, ..Settings::default() };
        settings.replication.origin = run;
        settings.has_bus = has_bus;
        // Clients of the simulation say nothing for long.
        settings.heartbeat_timeout = Duration::from_secs(1 << 30);
        settings.authenticate_timeout = Duration::from_secs(1 << 30);
        let started = Now { uptime: Duration::ZERO, unix_ms: now.as_millis() as u64 };
        let broker = Broker::new(TextEncoder, settings, snapshot, started);
        let reader = store.reader().unwrap();
        Node {
            broker,
            member,
            reader,
            store,
            uptime: Duration::ZERO,
            lease_until: now + LEASE,
            renewed: now,
            polled: now,
            ticked: Duration::ZERO,
            commits: VecDeque::new(),
            wishes: VecDeque::new(),
            lookups: VecDeque::new(),
            committed: VecDeque::new(),
            learned: None,
            looked_up: None,
            sockets: BTreeMap::new(),
            is_stopped: false,
            is_cut: false,
            heard: Vec::new(),
            said: Vec::new(),
            hearing: Vec::new(),
            fault,
        }
    }

    /// Says whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.commits.is_empty()
            && self.wishes.is_empty()
            && self.lookups.is_empty()
            && self.committed.is_empty()
            && self
                .learned
                .as_ref()
                .is_none_or(|told| matches!(told, Told::Noted(it) if it.is_empty()))
            && self.looked_up.is_none()
    }

    /// Says whether its lease is over.
    pub(super) fn is_late(&self, now: Duration) -> bool {
        self.lease_until < now
    }

    /// Lets the core do something, and takes what comes of it.
    pub(super) fn round(&mut self, now: Duration, act: impl FnOnce(&mut Broker<TextEncoder>)) {
        self.broker.begin_round(Now { uptime: self.uptime, unix_ms: now.as_millis() as u64 });
        if self.is_late(now) && self.fault != Fault::NoLease {
            self.broker.suspend_service();
        }
        act(&mut self.broker);
        loop {
            let effects = self.broker.take_effects();
            if effects.is_empty() {
                return;
            }
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send { connection, frames, .. } | Effect::Answer { connection, frames, .. } => {
                let Some(&socket) = self.sockets.get(&connection) else { return };
                let lines = std::str::from_utf8(&frames).unwrap().lines();
                self.heard.extend(lines.map(|line| Heard::Line(socket, line.to_owned())));
            }
            Effect::Close { connection, .. } => {
                if let Some(&socket) = self.sockets.get(&connection) {
                    self.heard.push(Heard::Closed(socket));
                }
            }
            Effect::Commit(mut commit) => {
                if self.fault == Fault::NoFence {
                    commit.owned.clear();
                }
                self.commits.push_back(commit);
            }
            Effect::Claim(claim) => self.wishes.push_back(Wish::Claim(claim)),
            Effect::Refresh { connection, channel } => {
                self.wishes.push_back(Wish::Refresh(connection, channel));
            }
            Effect::ReadLog(request) => self.lookups.push_back(Lookup::Log(request)),
            Effect::Read(request) => self.lookups.push_back(Lookup::Pages(request)),
            Effect::Load(LoadRequest::Client(id)) => panic!("{id} is loaded, and not claimed"),
            // Nobody is forgotten in so short a time.
            Effect::Load(_) => {}
            Effect::Resolved { .. } | Effect::Opened { .. } | Effect::Subscribed { .. } => {}
            Effect::SessionEnded(_) | Effect::Bus(BusEffect::Unhear(_)) => {}
            Effect::Bus(BusEffect::Hear(channel)) => self.hearing.push(channel),
            Effect::Bus(said) => self.said.push(said),
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration, now: Duration) {
        if self.is_stopped {
            return;
        }
        self.uptime += time;
        if self.ticked + TICK <= self.uptime {
            self.ticked = self.uptime;
            self.round(now, |broker| broker.on_tick());
        }
    }

    /// Has the store carry out the oldest batch: also for a node that was stopped right behind its sending.
    pub(super) fn commit(&mut self, is_answer_lost: bool) {
        if self.is_cut || (self.is_stopped && !self.committed.is_empty()) {
            return;
        }
        let Some(commit) = self.commits.pop_front() else { return };
        let commit = [commit];
        if is_answer_lost {
            // It is asked again for what it has carried out.
            _ = self.store.commit_all(&commit);
        }
        match self.store.commit_all(&commit) {
            Ok(outcomes) => self.committed.push_back(Told::Committed(outcomes)),
            // It is dead, and finds out when it renews its lease.
            Err(_) => self.commits.push_front(commit.into_iter().next().unwrap()),
        }
    }

    /// Lets the membership's thread do the next thing.
    pub(super) fn learn(&mut self, now: Duration, skips: bool) -> Life {
        if self.is_stopped || self.is_cut || self.learned.is_some() {
            return Life::Runs;
        }
        if self.renewed + RENEW_EVERY <= now {
            if self.member.renew().is_err() {
                return Life::Dead;
            }
            // What the others did is heard first; and if it was over, what may not be served any more ends.
            let Ok(noted) = self.member.poll() else { return Life::Dead };
            let is_skipped = skips && self.fault == Fault::SkippedPoll;
            self.polled = now;
            self.round(now, |broker| {
                if !is_skipped {
                    broker.on_noted(&noted);
                }
            });
            (self.renewed, self.lease_until) = (now, now + LEASE);
            self.broker.resume_service();
            return Life::Runs;
        }
        let learned = match self.wishes.pop_front() {
            Some(Wish::Claim(claim)) => {
                let claimed = self.member.claim(std::slice::from_ref(&claim));
                claimed.map(|mut claimed| Told::Claimed(claim, claimed.remove(0)))
            }
            Some(Wish::Refresh(connection, channel)) => {
                let retained = self.member.retained(std::slice::from_ref(&channel));
                retained.map(|mut it| Told::Refreshed(connection, channel, it.remove(0)))
            }
            None if now < self.polled + POLL_EVERY => return Life::Runs,
            None => {
                self.polled = now;
                self.member.poll().map(Told::Noted)
            }
        };
        match learned {
            Ok(Told::Noted(_)) if skips && self.fault == Fault::SkippedPoll => {}
            Ok(told) => self.learned = Some(told),
            Err(_) => return Life::Dead,
        }
        Life::Runs
    }

    /// Lets the reading thread do the next thing.
    pub(super) fn look_up(&mut self) {
        if self.is_stopped || self.is_cut || self.looked_up.is_some() {
            return;
        }
        self.looked_up = self.lookups.pop_front().map(|lookup| match lookup {
            Lookup::Log(request) => {
                let entries = self.reader.read(request.log, request.from, request.bytes_max);
                Told::LogRead(request, entries.unwrap())
            }
            Lookup::Pages(request) => {
                let entries = self.reader.read(request.log, request.from, request.bytes_max);
                Told::Read(request, entries.unwrap())
            }
        });
    }

    /// Lets the core take what one of the threads has brought.
    pub(super) fn tell(&mut self, thread: u64, now: Duration) {
        if self.is_stopped {
            return;
        }
        let told = match thread {
            0 => self.committed.pop_front(),
            1 => self.learned.take(),
            _ => self.looked_up.take(),
        };
        let Some(told) = told else { return };
        self.round(now, |broker| match told {
            Told::Committed(outcomes) => broker.on_committed(Ok(&outcomes)),
            Told::Claimed(claim, claimed) => broker.on_claimed(&claim, Ok(claimed)),
            Told::Noted(noted) => broker.on_noted(&noted),
            Told::Refreshed(connection, channel, retained) => {
                broker.on_refreshed(connection, &channel, Ok(retained));
            }
            Told::LogRead(request, entries) => broker.on_log_read(&request, Ok(&entries)),
            Told::Read(request, entries) => broker.on_read(&request, Ok(&entries)),
        });
    }

    /// Lets the bus say what it brings from now on, or that it is away.
    pub(super) fn tell_of_bus(&mut self, is_up: bool, now: Duration) {
        if self.is_stopped {
            return;
        }
        let hearing = std::mem::take(&mut self.hearing);
        self.round(now, |broker| {
            broker.on_bus(is_up);
            hearing.iter().for_each(|channel| broker.on_heard(channel));
        });
    }

    /// Lets the core take what another node gave to the bus.
    pub(super) fn take_from_bus(&mut self, said: &BusEffect, now: Duration) {
        let mut wants_look = false;
        self.round(now, |broker| match said {
            BusEffect::Relay(run) => broker.on_node_run(run),
            BusEffect::Ring(doorbell) => wants_look = broker.on_rung(doorbell),
            _ => wants_look = true,
        });
        if wants_look {
            self.polled = Duration::ZERO;
        }
    }

    /// The store does not answer a batch for too long.
    pub(super) fn refuse(&mut self, now: Duration) {
        if self.is_stopped || !self.is_cut || !self.committed.is_empty() {
            return;
        }
        if self.commits.pop_front().is_some() {
            self.round(now, |broker| broker.on_committed(Err(FailureKind::Transient)));
        }
    }
}
