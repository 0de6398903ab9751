//! The policies: which of some candidates gets the next connection. Each returns its place in the pool.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;

use super::member::{Candidate, Member};

/// Returns the one with the fewest open connections for its weight.
pub(super) fn least_connections(candidates: &[Candidate]) -> Option<usize> {
    candidates.iter().min_by(|a, b| load(a).total_cmp(&load(b))).map(|it| it.index)
}

/// Returns the one whose turn it is: each gains its weight, and who has most pays for all. So one of twice the
/// weight comes twice as often, and not twice in a row where that can be.
pub(super) fn round_robin(candidates: &[Candidate], members: &mut [Member]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for candidate in candidates {
        let credit = &mut members[candidate.index].credit;
        *credit += candidate.weight;
        if best.is_none_or(|(_, most)| most < *credit) {
            best = Some((candidate.index, *credit));
        }
    }
    let (index, _) = best?;
    members[index].credit -= candidates.iter().map(|it| it.weight).sum::<f64>();
    Some(index)
}

/// Returns the less loaded of two that are drawn, by weight.
pub(super) fn random_of_two(candidates: &[Candidate], chance: u64) -> Option<usize> {
    let total: f64 = candidates.iter().map(|it| it.weight).sum();
    let draw = |part: u32| {
        let mut left = f64::from(part) / (f64::from(u32::MAX) + 1.0) * total;
        let drawn = candidates.iter().find(|it| {
            left -= it.weight;
            left < 0.0
        });
        drawn.or(candidates.last())
    };
    #[expect(clippy::cast_possible_truncation, reason = "each half is a draw of its own")]
    let (one, other) = (draw((chance >> 32) as u32)?, draw(chance as u32)?);
    Some(if load(other) < load(one) { other.index } else { one.index })
}

/// Returns the one that has the highest number for the key (rendezvous hashing): with a server that goes, only its
/// keys move; with one that comes, only those that it gets.
pub(super) fn by_key(candidates: &[Candidate], key: u64) -> Option<usize> {
    let number = |candidate: &Candidate| -> f64 {
        let hash = FixedState::with_seed(key).hash_one(candidate.identity);
        // From 0 to 1, without either.
        let drawn = (hash >> 12) as f64 / (1_u64 << 52) as f64 + f64::EPSILON / 2.0;
        -candidate.weight / drawn.ln()
    };
    candidates.iter().max_by(|a, b| number(a).total_cmp(&number(b))).map(|it| it.index)
}

/// Returns how loaded a server would be with one connection more.
fn load(candidate: &Candidate) -> f64 {
    (f64::from(candidate.open) + 1.0) / candidate.weight
}
