//! A file that was read, and where in it something stands.

use std::path::Path;

use crate::error::Origin;

/// A file while it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl File<'_> {
    /// Returns line and column of the byte `at`.
    pub(crate) fn origin(&self, at: usize) -> Origin {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// Returns the file as a whole.
    pub(crate) fn whole(&self) -> Origin {
        Origin::File { path: self.path.to_owned(), line: 0, column: 0 }
    }

    /// Returns each line without its end, and where it begins.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut next = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let start = next;
            next += line.len();
            (start, line.trim_end_matches(['\n', '\r']))
        })
    }
}
