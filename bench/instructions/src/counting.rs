//! What every step shares: rounds, of which the first ones are not counted, and messages.

use std::hint::black_box;

/// Rounds before anything is counted, in which memory is allocated that is used again.
pub(crate) const WARM_UP_ROUNDS: usize = 20;
/// Rounds that are counted.
pub(crate) const ROUNDS: usize = 100;
/// Messages that the server gives the core at once in each round, where it does.
pub(crate) const MESSAGES_A_ROUND: usize = 64;

/// The payload of every message: 128 bytes, quotes included, as the benchmark's.
pub(crate) const PAYLOAD: &str = concat!(
    "\"the quick brown fox jumps over the lazy dog, the quick brown fox ",
    "jumps over the lazy dog, the quick brown fox jumps over the l\""
);

/// Does what is to be counted: the counter is on while this function runs, and at no other time.
#[inline(never)]
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Does the work of a round, counted unless it belongs to the warm-up.
pub(crate) fn in_round<T>(round: usize, work: impl FnOnce() -> T) -> T {
    if round < WARM_UP_ROUNDS { black_box(work()) } else { counted(work) }
}

/// Returns a publish of QoS 1 as it arrives.
pub(crate) fn publish_frame(id: usize) -> String {
    format!(r#"{{"pub":{{"cn":"bench/0","dt":{PAYLOAD},"q":1,"id":"{id:08}"}}}}"#)
}
