//! What stays of what a lost client misses.

use std::sync::Arc;

use bytes::Bytes;

use super::{Inbox, InboxLimits, Missed, OVERHEAD_BYTES};
use crate::{ClientId, MessageId, output::Author};

/// Bytes that a message of one digit to channel `c` takes.
const ONE: usize = OVERHEAD_BYTES + 2;

#[test]
fn the_newest_stay_where_the_oldest_are_dropped() {
    check(true, 3 * ONE, &["12", "34567"], &["5", "6", "7"], 4);
}

#[test]
fn the_oldest_stay_where_new_ones_are_dropped() {
    check(false, 3 * ONE, &["12", "34567"], &["1", "2", "3"], 4);
}

#[test]
fn what_fits_exactly_is_kept() {
    check(true, 2 * ONE, &["12"], &["1", "2"], 0);
    check(true, 2 * ONE - 1, &["12"], &["2"], 1);
    check(false, 2 * ONE - 1, &["12"], &["1"], 1);
    check(true, 0, &["1"], &[], 1);
}

/// Adds runs, each a message a character, and compares what is left and how many were dropped.
#[track_caller]
fn check(drop_oldest: bool, bytes_max: usize, runs: &[&str], kept: &[&str], dropped: u64) {
    let limits = InboxLimits { bytes_max, drop_oldest };
    let mut inbox = Inbox::default();
    let lost: u64 = runs.iter().map(|run| inbox.push(&missed(run), limits)).sum();
    let texts = inbox.iter().map(|(missed, index)| missed.payloads[index as usize].clone());
    assert_eq!(texts.collect::<Vec<_>>(), kept);
    assert_eq!(lost, dropped);
    assert!(inbox.bytes <= bytes_max);
}

fn missed(run: &str) -> Arc<Missed> {
    let payloads = run.chars().map(|digit| Bytes::from(digit.to_string())).collect();
    Arc::new(Missed {
        channel: "c".into(),
        author: Author {
            from: None,
            publisher: ClientId::server(),
            at: 0,
            server: None,
            on_behalf_of: None,
        },
        first: MessageId::default(),
        acknowledged: false,
        payloads,
    })
}
