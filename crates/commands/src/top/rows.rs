//! The rows of a list: which, in which order, and which of them is chosen.

use serde_json::Value;

use super::columns::Column;
use super::source::Listed;

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

    /// Returns the entries that are shown, in their order.
    pub(super) fn shown(&self) -> Vec<&Value> {
        let name = self.columns[0];
        let entries = self.listed.entries.iter();
        let mut shown: Vec<_> =
            entries.filter(|entry| name.cell(entry).contains(&self.filter)).collect();
        let column = self.columns[self.sorted_by];
        shown.sort_by(|one, other| {
            let order = column.compare(one, other);
            let order =
                if column.is_number() != self.is_reversed { order.reverse() } else { order };
            order.then_with(|| name.compare(one, other))
        });
        shown
    }

    /// Returns how many there are in all, and whether these are not even all.
    pub(super) fn count(&self) -> (usize, bool) {
        (self.listed.entries.len(), self.listed.has_more)
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
        let last = self.shown().len().saturating_sub(1);
        self.marked = self.marked.saturating_add_signed(steps).min(last);
    }

    /// Sorts by the next column that is shown, or by the one before.
    pub(super) fn sort_by_next(&mut self, is_forward: bool) {
        let count = self.columns.len();
        loop {
            let step = if is_forward { 1 } else { count - 1 };
            self.sorted_by = (self.sorted_by + step) % count;
            // The name is always there.
            if self.columns[self.sorted_by].is_known(&self.listed.entries) {
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
    use crate::top::columns::CHANNELS;

    fn rows() -> Rows {
        let channel =
            |name: &str, subscribers: u64| json!({"name": name, "subscribers": subscribers});
        let entries = vec![channel("b", 2), channel("ab", 10), channel("c", 2)];
        let mut rows = Rows::new(CHANNELS);
        rows.take(Ok(Listed { entries, has_more: false }));
        rows
    }

    fn names(rows: &Rows) -> Vec<&str> {
        rows.shown().iter().map(|entry| entry["name"].as_str().unwrap_or_default()).collect()
    }

    #[test]
    fn names_go_up_and_numbers_down_until_they_are_reversed() {
        let mut rows = rows();
        assert_eq!(names(&rows), ["ab", "b", "c"]);
        rows.reverse();
        assert_eq!(names(&rows), ["c", "b", "ab"]);
        rows.sort_by_next(true);
        assert_eq!(names(&rows), ["ab", "b", "c"]);
        rows.reverse();
        assert_eq!(names(&rows), ["b", "c", "ab"]);
    }

    #[test]
    fn what_the_broker_does_not_tell_is_no_column() {
        let mut rows = rows();
        let headings: Vec<_> = rows.columns().iter().map(|column| column.heading).collect();
        assert_eq!(headings, ["CHANNEL", "SUBS"]);
        rows.sort_by_next(false);
        assert_eq!(rows.sorted_by().heading, "SUBS");
    }

    #[test]
    fn the_mark_stays_among_the_rows_that_a_filter_leaves() {
        let mut rows = rows();
        rows.mark(5);
        assert_eq!(rows.marked(), 2);
        rows.filter_mut().push('b');
        rows.mark(0);
        assert_eq!((names(&rows), rows.marked()), (vec!["ab", "b"], 1));
        rows.mark(-9);
        assert_eq!(rows.marked(), 0);
    }
}
