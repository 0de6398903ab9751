//! What `stats` can be asked.

use crate::number::parsed;

/// What `stats` is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Everything in general.
    General,
    /// `settings`: how the cache is configured.
    Settings,
    /// `items`: what became of items, by size class.
    Items,
    /// `slabs`: how many items there are and what was asked of them, by size class.
    Slabs,
    /// `sizes` and `conns`, which are empty.
    Nothing,
    /// `cachedump`: the keys of a size class, as many as are asked for; 0 is all that an answer has room for.
    Keys {
        /// The size class.
        class: usize,
        /// How many.
        count_max: usize,
    },
    /// `reset`: sets the counters to 0.
    Reset,
    /// `detail on` and `detail off`: begins to count by what keys begin with, or ends.
    Detail {
        /// Which of them.
        is_on: bool,
    },
    /// `detail dump`: what was counted by what keys begin with.
    DetailDump,
    /// `detail` of anything else.
    DetailUsage,
    /// `cachedump` with anything that is no number.
    KeysUsage,
}

impl Report {
    /// Reads the words behind `stats`; `None` when there is no such report.
    pub(crate) fn parse(words: &[&[u8]]) -> Option<Report> {
        Some(match words {
            [] => Report::General,
            [b"reset"] => Report::Reset,
            [b"settings"] => Report::Settings,
            [b"items"] => Report::Items,
            [b"slabs"] => Report::Slabs,
            [b"sizes" | b"conns"] => Report::Nothing,
            [b"cachedump", class, count_max, ..] => match (parsed(class), parsed(count_max)) {
                (Some(class), Some(count_max)) => Report::Keys { class, count_max },
                _ => Report::KeysUsage,
            },
            [b"cachedump", ..] => Report::KeysUsage,
            [b"detail", b"on"] => Report::Detail { is_on: true },
            [b"detail", b"off"] => Report::Detail { is_on: false },
            [b"detail", b"dump"] => Report::DetailDump,
            [b"detail", ..] => Report::DetailUsage,
            _ => return None,
        })
    }
}
