//! Sets of messages as the database writes them: multiranges.

/// Reads a set of stretches, as the database writes it: `{[5,7),[9,10)}`.
pub(crate) fn stretches(text: &str) -> Vec<(u64, u64)> {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    let ranges = inner.split("),").filter(|range| !range.is_empty());
    let ends = ranges.filter_map(|range| {
        let (first, end) = range.trim_matches(|c| matches!(c, '[' | ')' | ' ')).split_once(',')?;
        Some((first.parse().ok()?, end.parse::<u64>().ok()?.checked_sub(1)?))
    });
    ends.filter(|(first, last)| first <= last).collect()
}

/// Returns a set of stretches as the database reads it.
pub(crate) fn ranges(stretches: impl Iterator<Item = (u64, u64)>) -> String {
    let greatest = i64::MAX.unsigned_abs() - 1;
    let ranges: Vec<String> = stretches
        .filter(|(first, last)| first <= last && *first < greatest)
        .map(|(first, last)| format!("[{first},{}]", last.min(greatest)))
        .collect();
    format!("{{{}}}", ranges.join(","))
}

#[cfg(test)]
mod tests {
    use super::{ranges, stretches};

    #[test]
    fn stretches_are_read_as_they_are_written() {
        assert_eq!(stretches("{}"), []);
        assert_eq!(stretches("{[5,7)}"), [(5, 6)]);
        assert_eq!(stretches("{[5,7),[9,10)}"), [(5, 6), (9, 9)]);
        assert_eq!(
            ranges([(5, 6), (8, 7), (9, u64::MAX)].into_iter()),
            "{[5,6],[9,9223372036854775806]}"
        );
    }
}
