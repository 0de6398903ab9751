//! Names and numbers as the database holds them.

use rialto_domain::{ChannelName, ClientId};
use tokio_postgres::Row;

/// How many parts the tables could be divided into.
const SHARDS: u32 = 64;

/// Returns the part that a name belongs to.
pub(crate) fn shard(name: &str) -> i16 {
    (crc32fast::hash(name.as_bytes()) % SHARDS) as i16
}

/// Returns a name as bytes.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

/// Returns a number as the database holds it; those beyond what it can hold as the greatest.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a number of the database's; none is negative.
pub(crate) fn unsigned(row: &Row, column: usize) -> u64 {
    row.get::<_, i64>(column).max(0).unsigned_abs()
}

/// Returns a client's id; `None` if it is not text.
pub(crate) fn client(row: &Row, column: usize) -> Option<ClientId> {
    std::str::from_utf8(row.get(column)).ok().map(ClientId::from)
}

/// Returns a channel's name; `None` if it is not text.
pub(crate) fn channel(row: &Row, column: usize) -> Option<ChannelName> {
    std::str::from_utf8(row.get(column)).ok().map(ChannelName::from)
}

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
