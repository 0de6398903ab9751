//! What a node commits to a store in memory that others share.

use std::collections::BTreeSet;

use rialto_domain::{Change, ClientId, Commit, NodeId, Outcome};

use crate::StoreError;

use super::{nodes::Event, shelves::Shelves};

impl Shelves {
    /// Carries out the batches of a node that shares the store.
    pub(super) fn commit_as(
        &mut self,
        node: NodeId,
        commits: &[&Commit],
    ) -> Result<Vec<Outcome>, StoreError> {
        self.nodes.check(node, "committing")?;
        let mut outcomes = Vec::new();
        for commit in commits {
            let owners = &self.nodes.owners;
            let lost = commit.owned.iter();
            let lost = lost.filter(|(client, epoch)| owners.get(client) != Some(&(node, *epoch)));
            let lost: BTreeSet<&ClientId> = lost.map(|(client, _)| client).collect();
            for change in &commit.changes {
                let is_lost = change.client().is_some_and(|client| lost.contains(client));
                outcomes.push(if is_lost { Outcome::Lost } else { self.apply_as(node, change) });
            }
        }
        Ok(outcomes)
    }

    fn apply_as(&mut self, node: NodeId, change: &Change) -> Outcome {
        match change {
            Change::Release(client) => {
                self.nodes.owners.remove(client);
                return Outcome::Done;
            }
            Change::OpenSession(client, _) => {
                self.nodes.session_nodes.insert(client.clone(), node);
            }
            Change::CloseSession(client)
                if self.nodes.session_nodes.get(client).is_some_and(|other| *other != node) =>
            {
                return Outcome::Done;
            }
            Change::NoteClock(clock) => {
                self.clock.served = self.clock.served.max(clock.served);
                self.clock.logical = self.clock.logical.max(clock.logical);
                return Outcome::Done;
            }
            _ => {}
        }
        let log_before = match change {
            Change::DropLog(channel) => self.logs.get(channel).map(|log| log.id),
            _ => None,
        };
        let outcome = self.apply(change);
        let event = match change {
            Change::DropLog(channel) if !self.logs.contains_key(channel) => {
                log_before.map(Event::Gone)
            }
            Change::Retain(channel, _) | Change::DropRetained(channel) => {
                Some(Event::Retained(channel.clone()))
            }
            _ => change.page().and_then(|page| match outcome {
                Outcome::Appended { log, first } => {
                    Some(Event::Grown(page.channel.clone(), log, first))
                }
                _ => None,
            }),
        };
        self.nodes.journal.extend(event.map(|event| (node, event)));
        match (change, outcome) {
            (Change::AppendDirect(client, _), Outcome::Appended { log, first })
                if self.nodes.living_other(node, client).is_some() =>
            {
                Outcome::Handed { log, first }
            }
            _ => outcome,
        }
    }
}
