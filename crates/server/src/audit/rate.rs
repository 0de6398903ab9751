//! How many lines of refusals are written: few for each address and event, few in all, and a count
//! of those left out at the end of each window.
//!
//! Pure: whoever has it says when a second and when a window is over, so that nothing here reads a
//! clock at a refusal.

use std::{collections::HashMap, mem, net::IpAddr};

use super::event::Event;

/// Lines for one address and one event in a window.
pub(super) const LINES_PER_KEY: u32 = 10;
/// Lines in a second, whoever is refused.
const LINES_PER_SECOND: u32 = 100;
/// Of these, how many only the first of an address and event in a window may take: many that repeat
/// themselves do not hide one that comes new.
const FIRST_LINES_PER_SECOND: u32 = 50;
/// Addresses and events that are told apart in a window.
const KEYS_MAX: usize = 10_000;

/// Who was refused, and what: an address by itself or its network, see
/// [`network_of`](rialto_domain::network_of).
pub(super) type Key = (IpAddr, Event);

/// The count of refusals.
#[derive(Debug, Default)]
pub(super) struct Rate {
    keys: HashMap<Key, Count>,
    written_this_second: u32,
    /// Left out for who is not told apart any more.
    others: u64,
}

#[derive(Debug, Default)]
struct Count {
    written: u32,
    left_out: u64,
}

/// What a window left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// `None` for all that were too many to be told apart.
    pub(super) key: Option<Key>,
    pub(super) count: u64,
}

impl Rate {
    /// Says whether there is to be a line for one more refusal, and counts it if there is not.
    pub(super) fn admit(&mut self, key: Key) -> bool {
        if KEYS_MAX <= self.keys.len() && !self.keys.contains_key(&key) {
            self.others += 1;
            return false;
        }
        let count = self.keys.entry(key).or_default();
        let is_first = count.written == 0 && count.left_out == 0;
        let free = LINES_PER_SECOND - self.written_this_second;
        let reserved = if is_first { 0 } else { FIRST_LINES_PER_SECOND };
        if LINES_PER_KEY <= count.written || free <= reserved {
            count.left_out += 1;
            return false;
        }
        count.written += 1;
        self.written_this_second += 1;
        true
    }

    /// Notes that a second is over.
    pub(super) fn end_second(&mut self) {
        self.written_this_second = 0;
    }

    /// Ends a window, and returns what it left out, in the order of addresses.
    pub(super) fn end_window(&mut self) -> Vec<LeftOut> {
        let keys = mem::take(&mut self.keys).into_iter();
        let mut all: Vec<LeftOut> = keys
            .filter(|(_, count)| count.left_out > 0)
            .map(|(key, count)| LeftOut { key: Some(key), count: count.left_out })
            .collect();
        all.sort_unstable_by_key(|left_out| left_out.key);
        // As many lines at the end of a window as in a second of it: the largest speak for themselves.
        self.fold_smallest(&mut all);
        let others = mem::take(&mut self.others);
        all.extend((others > 0).then_some(LeftOut { key: None, count: others }));
        all
    }

    /// Counts together what is beyond the lines there may be.
    fn fold_smallest(&mut self, all: &mut Vec<LeftOut>) {
        let lines_max = LINES_PER_SECOND as usize;
        if lines_max < all.len() {
            all.sort_by_key(|left_out| std::cmp::Reverse(left_out.count));
            self.others += all.drain(lines_max..).map(|left_out| left_out.count).sum::<u64>();
        }
    }
}

#[cfg(test)]
mod tests;
