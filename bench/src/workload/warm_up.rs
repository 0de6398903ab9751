//! What precedes the part of a run that is measured.

/// Part of a run that only warms up: a twentieth.
pub(super) fn warm_up(total: u64) -> u64 {
    total / 20
}
