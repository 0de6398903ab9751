//! Who shares a store in memory: which of them live, what each owns, and what they tell each other.

use std::{collections::BTreeMap, time::Duration};

use rialto_domain::{ChannelName, ClientId, Epoch, Handover, LogId, NodeId, Sequence};

use crate::{Cause, DatabaseCause, StoreError};

/// How long a node lives after it has renewed its lease.
const LEASE: Duration = Duration::from_secs(6);

/// The nodes that share a store.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// The clock of the store.
    pub(super) now: Duration,
    made: u64,
    all: BTreeMap<NodeId, Life>,
    pub(super) owners: BTreeMap<ClientId, (NodeId, Epoch)>,
    /// The highest epoch so far, over all clients.
    epoch: Epoch,
    pub(super) handovers: Vec<(NodeId, Handover)>,
    /// What was committed, in order, and by whom.
    pub(super) journal: Vec<(NodeId, Event)>,
    /// Where open sessions are.
    pub(super) session_nodes: BTreeMap<ClientId, NodeId>,
}

/// Whether a node lives.
#[derive(Debug)]
struct Life {
    until: Duration,
    /// When it was declared dead.
    died: Option<Duration>,
}

/// What nodes are told of a commit.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// The channel's log has grown, from this message on.
    Grown(ChannelName, LogId, Sequence),
    /// A log went.
    Gone(LogId),
    /// A channel's retained message was changed.
    Retained(ChannelName),
}

impl Nodes {
    pub(super) fn join(&mut self) -> NodeId {
        self.made += 1;
        let node = NodeId(self.made);
        self.all.insert(node, Life { until: self.now + LEASE, died: None });
        node
    }

    /// Prolongs a lease, and declares dead whose is over.
    pub(super) fn renew(&mut self, node: NodeId) -> Result<(), StoreError> {
        let now = self.now;
        for (_, life) in self.all.iter_mut().filter(|(other, _)| **other != node) {
            if life.until < now && life.died.is_none() {
                life.died = Some(now);
            }
        }
        self.check(node, "renewing the lease")?;
        if let Some(life) = self.all.get_mut(&node) {
            life.until = now + LEASE;
        }
        Ok(())
    }

    /// Refuses a node that is dead.
    pub(super) fn check(&self, node: NodeId, during: &'static str) -> Result<(), StoreError> {
        match self.died(node) {
            None => Ok(()),
            Some(_) => {
                Err(StoreError::new(during, None, Cause::Database(DatabaseCause::TakenOver)))
            }
        }
    }

    /// Returns when a node was declared dead.
    pub(super) fn died(&self, node: NodeId) -> Option<Duration> {
        self.all.get(&node).map_or(Some(Duration::ZERO), |life| life.died)
    }

    /// Makes a node the owner of a client.
    pub(super) fn own(&mut self, node: NodeId, client: &ClientId) -> Epoch {
        self.epoch += 1;
        self.owners.insert(client.clone(), (node, self.epoch));
        self.epoch
    }

    /// Returns who owns a client, if that is another node that lives.
    pub(super) fn living_other(&self, node: NodeId, client: &ClientId) -> Option<(NodeId, Epoch)> {
        let owner = self.owners.get(client).copied();
        owner.filter(|(owner, _)| *owner != node && self.died(*owner).is_none())
    }
}
