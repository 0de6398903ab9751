//! Waits are random, grow, and have bounds.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use crate::dice::Dice;

use super::Backoff;

/// Returns the shortest and the longest of many waits, in milliseconds.
fn extremes(backoff: Backoff, futile_count: u32) -> (u128, u128) {
    let waits: Vec<_> = (0..1_000)
        .map(|seed| backoff.wait(futile_count, &mut Dice::seeded(seed)).as_millis())
        .collect();
    (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
}

#[test]
fn waits_are_spread_over_all_of_their_range() {
    for (futile_count, most) in [(0, 1_000), (1, 2_000), (4, 16_000), (5, 20_000), (60, 20_000)] {
        let (shortest, longest) = extremes(Backoff::default(), futile_count);
        assert!((100..100 + most / 20).contains(&shortest), "{futile_count}: {shortest}");
        assert!((most - most / 20..=most).contains(&longest), "{futile_count}: {longest}");
    }
}

#[test]
fn waits_shorter_than_the_shortest_are_taken_as_they_are() {
    let first = Duration::from_millis(1);
    assert_eq!(extremes(Backoff { first, longest: first, give_up_after: None }, 9), (1, 1));
}
