//! Sets of sequence numbers, kept as the stretches they form.

use std::collections::BTreeMap;

use crate::Sequence;

/// A set of sequence numbers as stretches, first and last included, that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretches {
    /// The last number of each stretch, by its first.
    lasts: BTreeMap<Sequence, Sequence>,
}

impl Stretches {
    /// Adds the numbers from `first` to `last`; none when `first` is above `last`.
    ///
    /// # Cost
    /// Logarithmic in the number of stretches, and one step for each stretch that becomes part of the
    /// new one.
    pub fn add(&mut self, first: Sequence, last: Sequence) {
        if last < first {
            return;
        }
        let (mut first, mut last) = (first, last);
        let reach = last.saturating_add(1);
        while let Some((&start, &end)) = self.lasts.range(..=reach).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            self.lasts.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        self.lasts.insert(first, last);
    }

    /// Returns the stretch that holds `number`.
    #[must_use]
    pub fn around(&self, number: Sequence) -> Option<(Sequence, Sequence)> {
        let (&first, &last) = self.lasts.range(..=number).next_back()?;
        (number <= last).then_some((first, last))
    }

    /// Removes all numbers up to and including `floor`.
    pub fn remove_through(&mut self, floor: Sequence) {
        while let Some(entry) = self.lasts.first_entry().filter(|entry| *entry.key() <= floor) {
            let last = entry.remove();
            if floor < last {
                self.lasts.insert(floor + 1, last);
            }
        }
    }

    /// Removes the numbers up to `floor` and those that follow without a gap; returns the last
    /// number up to which there is none then.
    pub fn absorb(&mut self, floor: Sequence) -> Sequence {
        let mut floor = floor;
        while let Some(entry) = self.lasts.first_entry().filter(|entry| *entry.key() <= floor + 1) {
            floor = floor.max(entry.remove());
        }
        floor
    }

    /// Returns how many stretches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lasts.len()
    }

    /// Says whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lasts.is_empty()
    }

    /// Iterates over the stretches, ascending: first and last number of each.
    pub fn iter(&self) -> impl Iterator<Item = (Sequence, Sequence)> {
        self.lasts.iter().map(|(&first, &last)| (first, last))
    }
}

impl FromIterator<(Sequence, Sequence)> for Stretches {
    fn from_iter<T: IntoIterator<Item = (Sequence, Sequence)>>(stretches: T) -> Self {
        let mut set = Stretches::default();
        stretches.into_iter().for_each(|(first, last)| set.add(first, last));
        set
    }
}

#[cfg(test)]
mod tests;
