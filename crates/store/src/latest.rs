//! Batches that are given again are not carried out again: what came of the latest ones is remembered.

use std::ops::Range;

use rialto_domain::{Commit, CommitId, Outcome};

use crate::StoreError;

/// What came of the batches that were carried out last. A store that one process uses needs to know no
/// others, and not beyond the end of that process: who gives one again has not gone on to the next.
#[derive(Debug, Default)]
pub struct Latest {
    /// Ascending, each with its part of the outcomes.
    ids: Vec<(CommitId, Range<usize>)>,
    outcomes: Vec<Outcome>,
}

impl Latest {
    /// Has the batches carried out that were not yet; returns the outcomes of all.
    ///
    /// # Errors
    /// What `carry_out` failed for.
    pub fn once(
        &mut self,
        commits: &[Commit],
        carry_out: impl FnOnce(&[&Commit]) -> Result<Vec<Outcome>, StoreError>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let new: Vec<&Commit> =
            commits.iter().filter(|commit| self.outcomes_of(commit).is_none()).collect();
        let outcomes = if new.is_empty() { Vec::new() } else { carry_out(&new)? };
        let all = if new.len() == commits.len() {
            outcomes
        } else {
            let mut rest = outcomes.into_iter();
            let known_or_new = |commit: &Commit| match self.outcomes_of(commit) {
                Some(outcomes) => outcomes.to_vec(),
                None => rest.by_ref().take(commit.changes.len()).collect(),
            };
            commits.iter().flat_map(known_or_new).collect()
        };
        self.note(commits, &all);
        Ok(all)
    }

    /// Knows of batches that turned out to have been carried out, besides those it knows already.
    pub fn add(&mut self, ids: impl IntoIterator<Item = (CommitId, Vec<Outcome>)>) {
        for (id, outcomes) in ids {
            let end = self.outcomes.len() + outcomes.len();
            if let Err(place) = self.ids.binary_search_by_key(&id, |(id, _)| *id) {
                self.ids.insert(place, (id, self.outcomes.len()..end));
                self.outcomes.extend(outcomes);
            }
        }
    }

    fn outcomes_of(&self, commit: &Commit) -> Option<&[Outcome]> {
        let id = commit.id?;
        let place = self.ids.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.outcomes[self.ids[place].1.clone()])
    }

    fn note(&mut self, commits: &[Commit], outcomes: &[Outcome]) {
        if commits.iter().all(|commit| commit.id.is_none()) {
            return;
        }
        self.ids.clear();
        let mut end = 0;
        for commit in commits {
            let place = end..end + commit.changes.len();
            end = place.end;
            self.ids.extend(commit.id.map(|id| (id, place)));
        }
        self.outcomes.clear();
        self.outcomes.extend_from_slice(outcomes);
    }
}
