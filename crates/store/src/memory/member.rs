//! A node's part in a store in memory that several nodes of one process share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use rialto_domain::{
    ChannelName, Claim, Claimed, ClientId, Handover, LogHead, LogId, NodeId, Noted, Retained,
    Sequence, SessionNumber, Urgency,
};

use crate::{Membership, StoreError};

use super::{
    nodes::{Event, Nodes},
    shelves::{Shelves, lock},
};

/// How long after the death of a node its sessions are told of.
const GRACE: Duration = Duration::from_secs(5);

/// A node's part in it.
pub(super) struct MemoryMember {
    node: NodeId,
    shelves: Arc<Mutex<Shelves>>,
    /// How much of the journal it was told.
    seen: usize,
}

impl MemoryMember {
    pub(super) fn new(node: NodeId, shelves: Arc<Mutex<Shelves>>) -> Self {
        let seen = lock(&shelves).nodes.journal.len();
        MemoryMember { node, shelves, seen }
    }
}

impl Membership for MemoryMember {
    fn renew(&mut self) -> Result<(), StoreError> {
        lock(&self.shelves).nodes.renew(self.node)
    }

    fn claim(&mut self, claims: &[Claim]) -> Result<Vec<Claimed>, StoreError> {
        let mut shelves = lock(&self.shelves);
        shelves.nodes.check(self.node, "claiming clients")?;
        Ok(claims.iter().map(|claim| shelves.claim(self.node, claim)).collect())
    }

    fn retained(&mut self, channels: &[ChannelName]) -> Result<Vec<Option<Retained>>, StoreError> {
        let shelves = lock(&self.shelves);
        shelves.nodes.check(self.node, "reading what is retained")?;
        Ok(channels.iter().map(|channel| shelves.retained.get(channel).cloned()).collect())
    }

    fn poll(&mut self) -> Result<Noted, StoreError> {
        let mut shelves = lock(&self.shelves);
        shelves.nodes.check(self.node, "reading the journal")?;
        let new = shelves.nodes.journal[self.seen..].to_vec();
        self.seen = shelves.nodes.journal.len();
        Ok(shelves.noted(self.node, new))
    }
}

impl Nodes {
    /// Takes what a node was told of clients that others want or took.
    fn take_handovers(&mut self, node: NodeId) -> Vec<Handover> {
        let (own, others) =
            std::mem::take(&mut self.handovers).into_iter().partition(|(to, _)| *to == node);
        self.handovers = others;
        let own: Vec<(NodeId, Handover)> = own;
        own.into_iter().map(|(_, handover)| handover).collect()
    }

    /// Tells a node that another one wants or took a client of its own.
    fn hand_over(&mut self, node: NodeId, handover: Handover) {
        if !self.handovers.iter().any(|(to, told)| *to == node && *told == handover) {
            self.handovers.push((node, handover));
        }
    }
}

impl Shelves {
    fn claim(&mut self, node: NodeId, claim: &Claim) -> Claimed {
        let client = &claim.client;
        if let Some((owner, epoch)) = self.nodes.living_other(node, client) {
            let is_taken = claim.urgency == Urgency::Force;
            if claim.urgency != Urgency::IfFree {
                let handover = Handover { client: client.clone(), epoch, is_taken };
                self.nodes.hand_over(owner, handover);
            }
            if !is_taken {
                return Claimed::Elsewhere(owner);
            }
        }
        let epoch = self.nodes.own(node, client);
        let state = self.is_known(client).then(|| self.client(client));
        let cursors = state.iter().flat_map(|state| &state.cursors);
        let logs = cursors.filter_map(|(channel, _)| Some(self.logs.get(channel)?.state(channel)));
        let logs = logs.collect();
        let has_session = self.sessions.contains_key(client);
        if has_session {
            self.nodes.session_nodes.insert(client.clone(), node);
        }
        Claimed::Here { epoch, state, logs, has_session }
    }

    fn noted(&mut self, node: NodeId, events: Vec<(NodeId, Event)>) -> Noted {
        let mut noted = Noted { handovers: self.nodes.take_handovers(node), ..Noted::default() };
        let mut grown: BTreeMap<(ChannelName, LogId), Sequence> = BTreeMap::new();
        let mut retained: BTreeSet<ChannelName> = BTreeSet::new();
        for (by, event) in events {
            match event {
                Event::Grown(channel, log, first) if by != node => {
                    grown.entry((channel, log)).or_insert(first);
                }
                Event::Grown(..) => {}
                Event::Gone(log) => noted.gone.push(log),
                Event::Retained(channel) => _ = retained.insert(channel),
            }
        }
        for ((channel, id), first) in grown {
            if let Some(log) = self.logs.get(&channel).filter(|log| log.id == id) {
                noted.heads.push(LogHead { first, state: log.state(&channel) });
            }
        }
        let retained = retained.into_iter();
        noted.retained = retained
            .map(|channel| {
                let message = self.retained.get(&channel).cloned();
                (channel, message)
            })
            .collect();
        noted.crashed = self.take_crashed(node);
        noted
    }

    fn take_crashed(&mut self, node: NodeId) -> Vec<(ClientId, SessionNumber)> {
        let mut crashed = Vec::new();
        for (client, &number) in &self.sessions {
            let Some(at) = self.nodes.session_nodes.get(client) else { continue };
            let died = self.nodes.died(*at).filter(|_| *at != node);
            if died.is_some_and(|died| died + GRACE <= self.nodes.now) {
                self.nodes.session_nodes.insert(client.clone(), node);
                crashed.push((client.clone(), number));
            }
        }
        crashed
    }
}
