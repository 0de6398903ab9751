//! Lists for people, in columns, and how times are written in them.

use std::time::Duration;

use rialto_client::shown::one_word;
use time::OffsetDateTime;

/// What stands where there is nothing to say.
const NOTHING: &str = "-";
/// Blanks between two columns.
const GAP: usize = 2;

/// Rows of words under a heading.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Begins with the heading.
    pub(crate) fn under(heading: [&str; COLUMNS]) -> Self {
        Table { rows: vec![heading.map(str::to_owned)] }
    }

    /// Begins without a heading.
    pub(crate) fn plain() -> Self {
        Table { rows: Vec::new() }
    }

    /// Adds a row of cells; what strangers wrote must have gone through [`word`].
    pub(crate) fn push(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    /// Returns a line for each row, with the columns below each other; the last one is as wide as
    /// its text.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        self.rows.into_iter().map(|row| line(&row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        let blanks = width - cell.chars().count() + GAP;
        line.extend(std::iter::repeat_n(' ', blanks));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Returns a name that a stranger gave as one word.
pub(crate) fn word(text: &str) -> String {
    one_word(text).into_owned()
}

/// Returns a cell that may be empty.
pub(crate) fn or_nothing(text: Option<String>) -> String {
    text.unwrap_or_else(|| NOTHING.to_owned())
}

/// Returns a length of time in its two largest units, such as `3h 12m`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// Returns a time of day in UTC, such as `2027-01-15T08:00:05Z`.
pub(crate) fn moment(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1000).ok();
    let at = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let Some(at) = at else { return format!("{unix_ms} ms after 1970") };
    let ((year, month, day), (hour, minute, second)) = (at.to_calendar_date(), at.to_hms());
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
