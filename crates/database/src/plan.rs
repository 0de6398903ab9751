//! Sorts changes into stages, in each of which all changes of one kind are carried out by one statement.
//!
//! Within a stage the kinds follow each other in a fixed order. A change goes into the earliest stage in which it takes effect
//! behind all changes before it that concern the same channel or client; changes of others may well be carried
//! out the other way round, which nobody can tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rialto_domain::{Change, ChannelName, ClientId, LogId, Page, Seen, Sequence};

use crate::{records::Records, trim::Trims};

/// Changes to clients, logs and cursors that do not depend on each other but in the order of the fields. Places are those
/// among all changes, where the outcomes go.
#[derive(Debug, Default)]
pub(crate) struct Stage<'a> {
    pub(crate) puts: BTreeMap<&'a ClientId, Seen>,
    pub(crate) subscribes: Vec<(usize, &'a ClientId, &'a ChannelName)>,
    pub(crate) appends: Vec<(usize, &'a Page)>,
    /// Those that are left out where there is no log.
    pub(crate) if_reads: Vec<(usize, &'a Page)>,
    pub(crate) directs: Vec<(usize, &'a ClientId, &'a Page)>,
    pub(crate) moves: Vec<(usize, &'a ClientId, &'a ChannelName, Sequence)>,
    pub(crate) acknowledged: BTreeMap<(&'a ClientId, &'a ChannelName), Vec<(Sequence, Sequence)>>,
    pub(crate) trims: Trims<'a>,
    pub(crate) asides: Vec<(usize, &'a ChannelName, LogId, Sequence)>,
    pub(crate) unsubscribes: Vec<(&'a ClientId, &'a ChannelName)>,
    pub(crate) drops: BTreeSet<&'a ChannelName>,
    pub(crate) forgets: BTreeSet<&'a ClientId>,
}

/// When in its stage a change is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Put,
    Subscribe,
    Append,
    IfRead,
    Direct,
    /// What moves up marks of a log, in whatever order.
    Mark,
    Aside,
    Unsubscribe,
    Drop,
}

/// What changes are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject<'a> {
    Client(&'a ClientId),
    Channel(&'a ChannelName),
}

/// What is to be done, in order.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    pub(crate) stages: Vec<Stage<'a>>,
    /// What stands alone.
    pub(crate) records: Records<'a>,
    /// The places of what is not to be carried out.
    pub(crate) lost: BTreeSet<usize>,
    /// How many changes there are.
    pub(crate) change_count: usize,
    /// No change goes into an earlier stage: one that concerns everything was before it.
    first_stage: usize,
    latest: HashMap<Subject<'a>, (usize, Turn)>,
}

impl<'a> Plan<'a> {
    /// Plans all but those at the places that are `lost`.
    pub(crate) fn of(changes: impl Iterator<Item = &'a Change>, lost: BTreeSet<usize>) -> Self {
        let mut plan = Plan { lost, ..Plan::default() };
        for change in changes {
            if !plan.lost.contains(&plan.change_count) {
                plan.add(plan.change_count, change);
            }
            plan.change_count += 1;
        }
        plan
    }

    fn add(&mut self, place: usize, change: &'a Change) {
        use Subject::{Channel, Client};
        match change {
            Change::PutClient(client, seen) => {
                self.stage(&[Client(client)], Turn::Put).puts.insert(client, *seen);
            }
            Change::Subscribe(client, channel) => {
                let subjects = [Client(client), Channel(channel)];
                let stage = self.stage(&subjects, Turn::Subscribe);
                stage.subscribes.push((place, client, channel));
            }
            Change::Append(page) => {
                self.stage(&[Channel(&page.channel)], Turn::Append).appends.push((place, page));
            }
            Change::AppendIfRead(page) => {
                self.stage(&[Channel(&page.channel)], Turn::IfRead).if_reads.push((place, page));
            }
            Change::AppendDirect(client, page) => {
                let subjects = [Client(client), Channel(&page.channel)];
                self.stage(&subjects, Turn::Direct).directs.push((place, client, page));
            }
            Change::MoveCursor(client, channel, floor) => {
                let stage = self.stage(&[Channel(channel)], Turn::Mark);
                stage.moves.push((place, client, channel, *floor));
            }
            Change::Acknowledge(client, channel, stretches) => {
                let stage = self.stage(&[Channel(channel)], Turn::Mark);
                stage.acknowledged.entry((client, channel)).or_default().extend(stretches);
            }
            Change::Trim(channel, trim) => {
                let stage = self.stage(&[Channel(channel)], Turn::Mark);
                stage.trims.entry(channel).or_default().push((place, trim));
            }
            Change::SetAside(channel, log, last) => {
                let stage = self.stage(&[Channel(channel)], Turn::Aside);
                stage.asides.push((place, channel, *log, *last));
            }
            Change::Unsubscribe(client, channel) => {
                let subjects = [Client(client), Channel(channel)];
                self.stage(&subjects, Turn::Unsubscribe).unsubscribes.push((client, channel));
            }
            Change::DropLog(channel) => {
                self.stage(&[Channel(channel)], Turn::Drop).drops.insert(channel);
            }
            Change::ForgetClient(client) => self.forget(client),
            other => self.records.add(other),
        }
    }

    /// Returns the stage for a change about these subjects.
    fn stage(&mut self, subjects: &[Subject<'a>], turn: Turn) -> &mut Stage<'a> {
        let behind = |(stage, latest): &(usize, Turn)| stage + usize::from(turn < *latest);
        let stages = subjects.iter().filter_map(|subject| self.latest.get(subject)).map(behind);
        let stage = stages.max().unwrap_or(0).max(self.first_stage);
        self.latest.extend(subjects.iter().map(|subject| (*subject, (stage, turn))));
        self.stage_at(stage)
    }

    fn stage_at(&mut self, stage: usize) -> &mut Stage<'a> {
        while self.stages.len() <= stage {
            self.stages.push(Stage::default());
        }
        &mut self.stages[stage]
    }

    /// Which channels it concerns is not known: so it comes behind all that was before it, and before all that follows.
    fn forget(&mut self, client: &'a ClientId) {
        if self.stages.len() == self.first_stage && 0 < self.first_stage {
            // Nothing came between it and the one before.
            self.stages[self.first_stage - 1].forgets.insert(client);
            return;
        }
        let last = self.stages.len().saturating_sub(1);
        self.stage_at(last).forgets.insert(client);
        self.first_stage = last + 1;
    }
}

#[cfg(test)]
mod tests;
