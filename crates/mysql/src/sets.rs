//! Sets of messages as the tables hold them: stretches, first and last included, 8 bytes each.

use rialto_domain::{Sequence, Stretches};

/// Reads a set; what is not whole is left out.
pub(crate) fn read(bytes: &[u8]) -> Vec<(Sequence, Sequence)> {
    let (stretches, _) = bytes.as_chunks::<16>();
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let stretches = stretches.iter().map(|bytes| (number(&bytes[..8]), number(&bytes[8..])));
    stretches.filter(|(first, last)| first <= last).collect()
}

/// Returns a set as it is written, with more in it: from above a floor to a last message.
pub(crate) fn with_more(
    bytes: &[u8],
    more: Vec<(Sequence, Sequence)>,
    floor: Sequence,
    last: Sequence,
) -> Vec<u8> {
    let more = more.into_iter().map(|(first, end)| (first, end.min(last)));
    let mut set: Stretches = read(bytes).into_iter().chain(more).collect();
    set.remove_through(floor);
    set.iter()
        .flat_map(|(first, last)| [first.to_be_bytes(), last.to_be_bytes()])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{read, with_more};

    #[test]
    fn a_set_is_read_as_it_is_written() {
        let set = with_more(&[], vec![(9, u64::MAX), (5, 6), (8, 7)], 5, 20);
        assert_eq!(read(&set), [(6, 6), (9, 20)]);
        assert_eq!(read(&with_more(&set, vec![(7, 8)], 0, 20)), [(6, 20)]);
        assert_eq!(read(&with_more(&set, vec![], 20, 20)), []);
        assert_eq!(read(&set[..17]), [(6, 6)]);
    }
}
