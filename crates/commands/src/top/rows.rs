//! The rows of a list: which, in which order, and which of them is chosen.

use serde_json::Value;

use super::columns::Column;
use super::source::{Listed, Order};

/// A list with how it is looked at.
#[derive(Debug)]
pub(super) struct Rows {
    columns: &'static [Column],
    /// The column that it is sorted by.
    sorted_by: usize,
    is_reversed: bool,
    /// Only names that contain this.
    filter: String,
    /// The row that is marked.
    marked: usize,
    listed: Listed,
    /// Why there is none.
    pub(super) problem: Option<String>,
}

impl Rows {
    pub(super) fn new(columns: &'static [Column]) -> Self {
        Rows {
            columns,
            sorted_by: 0,
            is_reversed: false,
            filter: String::new(),
            marked: 0,
            listed: Listed::default(),
            problem: None,
        }
    }

    pub(super) fn take(&mut self, listed: Result<Listed, String>) {
        match listed {
            Ok(listed) => (self.listed, self.problem) = (listed, None),
            Err(problem) => self.problem = Some(problem),
        }
        self.mark(0);
    }

    /// Returns the columns that there is something to show in.
    pub(super) fn columns(&self) -> Vec<&'static Column> {
        self.columns.iter().filter(|column| column.is_known(&self.listed.entries)).collect()
    }

    /// Returns the entries, in their order.
    pub(super) fn entries(&self) -> &[Value] {
        &self.listed.entries
    }

    pub(super) fn listed(&self) -> &Listed {
        &self.listed
    }

    /// Returns in which order the broker is to tell them.
    pub(super) fn order(&self) -> Order {
        let column = self.sorted_by();
        Order {
            sort: column.sort().unwrap_or_default(),
            is_descending: column.is_number() != self.is_reversed,
            contains: self.filter.clone(),
        }
    }

    /// Returns the column that it is sorted by, which need not be one that there is room for.
    pub(super) fn sorted_by(&self) -> &'static Column {
        &self.columns[self.sorted_by]
    }

    pub(super) fn is_reversed(&self) -> bool {
        self.is_reversed
    }

    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    pub(super) fn filter_mut(&mut self) -> &mut String {
        &mut self.filter
    }

    pub(super) fn marked(&self) -> usize {
        self.marked
    }

    /// Marks a row so many further down, or up.
    pub(super) fn mark(&mut self, steps: isize) {
        let last = self.listed.entries.len().saturating_sub(1);
        self.marked = self.marked.saturating_add_signed(steps).min(last);
    }

    /// Sorts by the next column that is shown and can be sorted by, or by the one before.
    pub(super) fn sort_by_next(&mut self, is_forward: bool) {
        let count = self.columns.len();
        loop {
            let step = if is_forward { 1 } else { count - 1 };
            self.sorted_by = (self.sorted_by + step) % count;
            let column = &self.columns[self.sorted_by];
            // The name is always there.
            if column.sort().is_some() && column.is_known(&self.listed.entries) {
                return self.is_reversed = false;
            }
        }
    }

    pub(super) fn reverse(&mut self) {
        self.is_reversed = !self.is_reversed;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::top::columns::CLIENTS;

    fn rows() -> Rows {
        let client = |id: &str| json!({"id": id, "online": true, "subscriptions": 1, "lag": 2});
        let entries = vec![client("b"), client("ab"), client("c")];
        let mut rows = Rows::new(CLIENTS);
        rows.take(Ok(Listed { entries, total: 3, ..Listed::default() }));
        rows
    }

    #[test]
    fn names_go_up_and_numbers_down_until_they_are_reversed() {
        let mut rows = rows();
        let order = |rows: &Rows| (rows.order().sort, rows.order().is_descending);
        assert_eq!(order(&rows), ("id", false));
        rows.reverse();
        assert_eq!(order(&rows), ("id", true));
        // The state of a client is nothing that the broker sorts by, and its rates are not known.
        rows.sort_by_next(true);
        assert_eq!(order(&rows), ("subscriptions", true));
        rows.sort_by_next(true);
        rows.reverse();
        assert_eq!(order(&rows), ("lag", false));
        rows.filter_mut().push('b');
        assert_eq!(rows.order().contains, "b");
    }

    #[test]
    fn what_the_broker_does_not_tell_is_no_column() {
        let headings: Vec<_> = rows().columns().iter().map(|column| column.heading).collect();
        assert_eq!(headings, ["CLIENT", "STATE", "SUBS", "LAG"]);
    }

    #[test]
    fn the_mark_stays_among_the_rows() {
        let mut rows = rows();
        rows.mark(5);
        assert_eq!(rows.marked(), 2);
        rows.take(Ok(Listed { entries: vec![json!({"id": "b"})], ..Listed::default() }));
        assert_eq!(rows.marked(), 0);
        rows.mark(-9);
        assert_eq!(rows.marked(), 0);
    }
}
