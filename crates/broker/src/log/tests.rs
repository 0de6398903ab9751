use rialto_domain::{LogExtent, LogId, OldestPage, Trim};

use super::Log;
use crate::LogLimits;

/// Returns a log with pages of ten messages and 100 bytes each, taken in at 1, 2 and so on.
fn log(pages: u64) -> Log {
    let mut log = Log::new(LogId(1), 0);
    for page in 1..=pages {
        log.append((10 * page - 9, 10 * page), 100, page);
    }
    log
}

fn extent(trimmed: u64, pages: u64) -> LogExtent {
    let oldest = OldestPage { last: trimmed + 10, served: trimmed / 10 + 1 };
    LogExtent { trimmed, bytes: 100 * pages, oldest: (0 < pages).then_some(oldest) }
}

#[test]
fn what_all_have_acknowledged_is_held_no_more_and_its_pages_go_once_they_are_whole() {
    let mut log = log(3);
    assert_eq!((log.count(), log.bytes(), log.trimmable()), (30, 300, None));
    assert_eq!(log.acknowledged(9), 9);
    assert_eq!((log.count(), log.trimmable()), (21, None), "the oldest page is needed still");
    assert_eq!(log.acknowledged(12), 3);
    assert_eq!(log.acknowledged(11), 0, "nothing is taken back");
    assert_eq!(log.trimmable(), Some(Trim::through(12)));
    assert_eq!(log.trimmed(extent(10, 2)), 0, "that was counted");
    assert_eq!((log.count(), log.bytes(), log.trimmable()), (18, 200, None));
    assert_eq!(log.acknowledged(30), 18);
    assert_eq!(log.trimmed(extent(30, 0)), 0);
    assert_eq!((log.count(), log.bytes(), log.trimmable()), (0, 0, None));
}

#[test]
fn what_a_limit_drops_is_what_was_not_acknowledged() {
    let mut log = log(3);
    log.acknowledged(4);
    assert_eq!(log.trimmed(extent(20, 1)), 16);
    assert_eq!((log.count(), log.floor()), (10, 20));
}

#[test]
fn a_limit_leaves_room_for_one_message_more() {
    let is_full = |messages_max, bytes_max, drop_oldest| {
        log(3).is_full(&LogLimits { messages_max, bytes_max, drop_oldest, ..LogLimits::default() })
    };
    assert!(is_full(30, 0, true) && !is_full(31, 0, true));
    assert!(is_full(0, 300, false) && !is_full(0, 301, false));
    assert!(!is_full(0, 0, true));
    let limits = LogLimits { messages_max: 30, bytes_max: 0, ..LogLimits::default() };
    assert_eq!(log(3).within(&limits), Trim { count_max: 29, ..Trim::default() });
    let limits = LogLimits { messages_max: 0, bytes_max: 300, ..LogLimits::default() };
    assert_eq!(log(3).within(&limits), Trim { bytes_max: 299, ..Trim::default() });
}

#[test]
fn the_store_is_asked_to_limit_a_log_once_at_a_time() {
    let mut log = log(2);
    assert!(log.has_aged(2) && !log.has_aged(1));
    assert!(log.begin_limiting());
    assert!(!log.begin_limiting() && !log.has_aged(2));
    log.end_limiting();
    assert!(log.has_aged(2) && log.begin_limiting());
}

#[test]
fn damaged_messages_are_held_no_more_and_counted_once() {
    let mut log = log(3);
    assert_eq!(log.lose(11, 20), Some(10));
    assert_eq!(log.lose(11, 20), None, "another subscriber comes to them");
    assert_eq!(log.count(), 20);
    assert_eq!(log.acknowledged(15), 10, "the damaged ones among them are counted already");
    assert_eq!(log.count(), 10);
    assert_eq!(log.trimmed(extent(20, 1)), 0);
    assert_eq!(log.lose(11, 20), None, "they are gone");
    assert_eq!(log.count(), 10);
}

#[test]
fn numbers_that_the_store_left_out_are_no_messages() {
    let mut log = log(2);
    log.append((1_000_001, 1_000_010), 100, 3);
    assert_eq!((log.last, log.count()), (1_000_010, 30));
    let limits = LogLimits { messages_max: 31, drop_oldest: true, ..LogLimits::default() };
    assert!(!log.is_full(&limits));
    log.append((1_000_011, 1_000_020), 100, 4);
    assert!(log.is_full(&limits));
    // By numbers, what is dropped is the first page only.
    let Trim { count_max, .. } = log.within(&limits);
    let left = |trimmed: u64| 1_000_020 - trimmed;
    assert!(count_max < left(0) && left(10) <= count_max, "{count_max}");
    assert_eq!(log.acknowledged(20), 20);
    assert_eq!(log.acknowledged(1_000_010), 10);
    assert_eq!((log.count(), log.acknowledged(1_000_020)), (10, 10));
}
