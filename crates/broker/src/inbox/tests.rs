//! What stays of what a lost client misses.

use bytes::Bytes;

use super::{About, Inbox, InboxLimits, Missed, SHARED_BYTES_MIN};
use rialto_domain::ClientId;

/// Bytes that a message of one digit takes behind one of the same publisher.
const ONE: usize = 4 + 1;

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

#[test]
fn a_message_that_can_never_fit_takes_no_others_room() {
    for drop_oldest in [true, false] {
        let limits = InboxLimits { bytes_max: about_bytes() + 100, drop_oldest };
        let mut inbox = Inbox::default();
        assert_eq!(inbox.push(&missed("12"), limits), 0);
        assert_eq!(inbox.push(&missed_payloads(vec![vec![b'0'; 200]]), limits), 1);
        assert_eq!(texts(&mut inbox), ["1", "2"]);
    }
}

#[test]
fn large_and_small_messages_keep_their_order_and_only_large_ones_are_shared() {
    let large = vec![b'0'; SHARED_BYTES_MIN];
    let payloads = vec![b"1".to_vec(), large.clone(), b"2".to_vec(), large];
    let missed = missed_payloads(payloads.clone());
    let mut inbox = Inbox::default();
    let limits = InboxLimits { bytes_max: 1 << 20, drop_oldest: true };
    assert_eq!(inbox.push(&missed, limits), 0);
    assert_eq!(inbox.shared.len(), 2);
    assert!(inbox.shared.iter().all(|payload| payload.len() == SHARED_BYTES_MIN));
    let kept: Vec<_> = std::iter::from_fn(|| inbox.pop()).map(|it| it.payload).collect();
    assert_eq!(kept, payloads);
    assert_eq!(inbox.bytes(), 0);
}

#[test]
fn messages_come_back_with_their_names_and_authors() {
    let about = |publisher: &str| About { publisher: ClientId::from(publisher), ..about() };
    let mut inbox = Inbox::default();
    let limits = InboxLimits { bytes_max: 1 << 20, drop_oldest: true };
    for round in 0..100 {
        let name = format!("client {}", round % 50);
        // Clocks may step back, and other servers count for themselves.
        let (at, first) = (1000 - round, if round % 2 == 0 { round } else { u64::MAX - round });
        let payload = Bytes::from(round.to_string());
        inbox.push(&Missed::new(about(&name), at, first, [payload].into_iter()), limits);
    }
    for round in 0..100 {
        let message = inbox.pop().unwrap();
        assert_eq!(*message.about, about(&format!("client {}", round % 50)));
        assert_eq!(message.payload, round.to_string());
        assert_eq!(message.stamp.at, 1000 - round);
        let first = if round % 2 == 0 { round } else { u64::MAX - round };
        assert_eq!(message.stamp.sequence, first);
    }
    assert_eq!(inbox.bytes(), 0);
}

#[test]
fn what_is_forgotten_gives_its_room_back() {
    let mut inbox = Inbox::default();
    let limits = InboxLimits { bytes_max: 1 << 20, drop_oldest: true };
    inbox.push(&missed("12"), limits);
    let before = inbox.bytes();
    let other = About { channel: "d".into(), ..about() };
    let payloads = [Bytes::from_static(b"3"), Bytes::from(vec![b'4'; 5000])];
    inbox.push(&Missed::new(other, 0, 3, payloads.into_iter()), limits);
    inbox.forget(|about| about.channel.as_str() == "d");
    assert_eq!(inbox.bytes(), before);
    assert_eq!(texts(&mut inbox), ["1", "2"]);
}

#[test]
fn room_is_made_up_to_the_limit_and_not_beyond() {
    let limits = InboxLimits { bytes_max: 2000, drop_oldest: true };
    let mut inbox = Inbox::default();
    for _ in 0..5000 {
        inbox.push(&missed("123"), limits);
        assert!(inbox.records.capacity() <= limits.bytes_max, "{}", inbox.records.capacity());
        assert!(inbox.bytes() <= limits.bytes_max);
    }
}

/// Adds runs, each a message a character, to an inbox that has so many bytes beside what messages
/// have in common, and compares what is left and how many were dropped.
#[track_caller]
fn check(drop_oldest: bool, bytes: usize, runs: &[&str], kept: &[&str], dropped: u64) {
    let limits = InboxLimits { bytes_max: about_bytes() + bytes, drop_oldest };
    let mut inbox = Inbox::default();
    let lost: u64 = runs.iter().map(|run| inbox.push(&missed(run), limits)).sum();
    assert!(inbox.bytes() <= limits.bytes_max);
    assert_eq!(texts(&mut inbox), kept);
    assert_eq!(lost, dropped);
}

fn texts(inbox: &mut Inbox) -> Vec<Bytes> {
    std::iter::from_fn(|| inbox.pop()).map(|message| message.payload).collect()
}

fn missed(run: &str) -> Missed {
    missed_payloads(run.chars().map(|digit| digit.to_string().into_bytes()).collect())
}

fn missed_payloads(payloads: Vec<Vec<u8>>) -> Missed {
    Missed::new(about(), 0, 1, payloads.into_iter().map(Bytes::from))
}

/// What one author and channel take, however many messages there are.
fn about_bytes() -> usize {
    let mut inbox = Inbox::default();
    inbox.push(&missed("1"), InboxLimits { bytes_max: 1000, drop_oldest: true });
    inbox.bytes() - ONE
}

fn about() -> About {
    About {
        channel: "c".into(),
        publisher: ClientId::server(),
        server: None,
        on_behalf_of: None,
        origin: 1,
        acknowledged: false,
    }
}
