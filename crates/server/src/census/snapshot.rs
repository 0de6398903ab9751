//! A count that is done: sorted, filtered and paged without the broker.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_domain::UnixMs;
use rialto_stopwatch::Moment;

use super::{
    cursor::{Cursor, Place},
    rates::Counted,
};

/// What is listed: it has a name, and numbers to sort by.
pub(crate) trait Row: Counted + Clone + Send + Sync + 'static {
    /// What the API calls its name.
    const NAME: &'static str;
    /// What it can be sorted by besides.
    const NUMBERS: &'static [Number<Self>];

    fn name(&self) -> &str;
}

/// A number to sort by.
#[derive(Debug)]
pub(crate) struct Number<R: 'static> {
    /// What the API calls it.
    pub(crate) name: &'static str,
    /// Less than nothing where it does not apply.
    pub(crate) of: fn(&R) -> f64,
    /// Whether it is a rate, which is known from the second count on.
    pub(crate) is_rate: bool,
}

impl<R> Number<R> {
    /// A number as of the count.
    pub(super) const fn counted(name: &'static str, of: fn(&R) -> f64) -> Self {
        Number { name, of, is_rate: false }
    }

    /// A rate.
    pub(super) const fn rate(name: &'static str, of: fn(&R) -> f64) -> Self {
        Number { name, of, is_rate: true }
    }
}

/// In which order a list is told.
#[derive(Debug)]
pub(crate) struct Order<R: 'static> {
    /// By this number, or by name.
    pub(crate) by: Option<&'static Number<R>>,
    /// Whether it begins with the largest.
    pub(crate) is_descending: bool,
}

/// Which part of a list is told.
#[derive(Debug)]
pub(crate) struct Wish<R: 'static> {
    pub(crate) order: Order<R>,
    /// Behind this.
    pub(crate) after: Option<Cursor>,
    /// How many.
    pub(crate) count_max: usize,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Part<R> {
    pub(crate) rows: Vec<R>,
    /// Where the next part begins, if there is one.
    pub(crate) next: Option<Cursor>,
    /// How many fit, in all parts.
    pub(crate) total: usize,
}

/// The places of rows in an order, by the number that they are sorted by and whether the largest comes first.
type Orders = BTreeMap<(&'static str, bool), Arc<[u32]>>;

/// All that was counted, by name.
#[derive(Debug)]
pub(crate) struct Snapshot<R: Row> {
    /// When the count began.
    pub(super) at: Moment,
    /// The same by the wall clock.
    pub(crate) at_ms: UnixMs,
    /// Over which time rates are means; none before they are known.
    pub(crate) rates_over: Option<Duration>,
    rows: Vec<R>,
    /// Rows in the orders that were wanted so far.
    orders: Mutex<Orders>,
}

impl<R> Clone for Order<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Order<R> {}

impl<R: Row> Wish<R> {
    /// Says whether it goes on in a list by number.
    pub(super) fn reads_on_by_number(&self) -> bool {
        self.order.by.is_some() && self.after.is_some()
    }
}

impl<R: Row> Order<R> {
    /// Returns what the API calls it.
    pub(crate) fn name(&self) -> &'static str {
        self.by.map_or(R::NAME, |number| number.name)
    }

    /// Says whether it takes rates to sort so.
    pub(super) fn needs_rates(&self) -> bool {
        self.by.is_some_and(|number| number.is_rate)
    }

    /// Says whether a row stands behind a place.
    fn is_behind(&self, row: &R, place: &Place) -> bool {
        let by_name = row.name().cmp(&place.name);
        let order = match self.by {
            None if self.is_descending => by_name.reverse(),
            None => by_name,
            // Equal numbers stand by name in both directions.
            Some(number) => self.directed((number.of)(row).total_cmp(&place.number)).then(by_name),
        };
        order == Ordering::Greater
    }

    fn directed(&self, order: Ordering) -> Ordering {
        if self.is_descending { order.reverse() } else { order }
    }
}

impl<R: Row> Snapshot<R> {
    pub(super) fn new(
        (at, at_ms): (Moment, UnixMs),
        rates_over: Option<Duration>,
        rows: Vec<R>,
    ) -> Self {
        let mut rows = rows;
        rows.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        // One may be met twice on a walk.
        rows.dedup_by(|later, first| later.name() == first.name());
        Snapshot { at, at_ms, rates_over, rows, orders: Mutex::default() }
    }

    /// Returns how long ago the count began.
    pub(crate) fn age(&self) -> Duration {
        self.at.elapsed()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns all of them, by name.
    pub(crate) fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Returns the row of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&R> {
        let place = self.rows.binary_search_by(|row| row.name().cmp(name)).ok()?;
        Some(&self.rows[place])
    }

    /// Returns the part of the list that is wished for, of the rows that fit.
    ///
    /// # Cost
    /// A look at each row; the first time for an order, sorting them.
    pub(crate) fn part(&self, wish: &Wish<R>, fits: impl Fn(&R) -> bool) -> Part<R> {
        let Wish { order, after, count_max } = wish;
        let mut part = Part { rows: Vec::new(), next: None, total: 0 };
        let mut last = None;
        let mut take = |row: &R| {
            if !fits(row) {
                return;
            }
            part.total += 1;
            let is_wanted = match after {
                None => true,
                Some(Cursor::Counted(place)) => order.is_behind(row, place),
                Some(Cursor::Stored(_)) => false,
            };
            if is_wanted && part.rows.len() < *count_max {
                part.rows.push(row.clone());
            } else if is_wanted && last.is_none() {
                last = part.rows.last().map(|row| Place::of(row, order));
            }
        };
        match (order.by, order.is_descending) {
            (None, false) => self.rows.iter().for_each(&mut take),
            (None, true) => self.rows.iter().rev().for_each(&mut take),
            (Some(number), _) => {
                let sorted = self.sorted(number, order);
                sorted.iter().for_each(|&index| take(&self.rows[index as usize]));
            }
        }
        part.next = last.map(Cursor::Counted);
        part
    }

    fn sorted(&self, number: &'static Number<R>, order: &Order<R>) -> Arc<[u32]> {
        let key = (number.name, order.is_descending);
        if let Some(sorted) = self.orders.lock().get(&key) {
            return sorted.clone();
        }
        let numbers: Vec<f64> = self.rows.iter().map(number.of).collect();
        let mut sorted: Vec<u32> = (0..self.rows.len() as u32).collect();
        sorted.sort_unstable_by(|&one, &other| {
            let [first, second] = [one, other].map(|index| numbers[index as usize]);
            order.directed(first.total_cmp(&second)).then(one.cmp(&other))
        });
        let sorted: Arc<[u32]> = sorted.into();
        self.orders.lock().insert(key, sorted.clone());
        sorted
    }
}

impl Place {
    /// Returns where a row stands.
    pub(super) fn of<R: Row>(row: &R, order: &Order<R>) -> Self {
        let number = order.by.map_or(0.0, |number| (number.of)(row));
        Place { number, name: row.name().to_owned() }
    }
}

#[cfg(test)]
mod tests;
