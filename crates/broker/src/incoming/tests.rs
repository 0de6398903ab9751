use rialto_domain::{PayloadsBuilder, Sequence, StoredPage};

use super::{AHEAD_BYTES_MAX, Incoming};

fn page(first: Sequence, bytes: usize) -> StoredPage {
    let mut payloads = PayloadsBuilder::default();
    payloads.push(&vec![b'1'; bytes]);
    let payloads = payloads.finish();
    StoredPage { first, publisher: "ada".into(), at: 0, count: 1, payloads }
}

#[test]
fn pages_wait_for_their_turn_and_those_that_came_otherwise_are_forgotten() {
    let mut incoming = Incoming::default();
    [9, 4, 7].into_iter().for_each(|first| incoming.keep(page(first, 10), true));
    assert_eq!(incoming.take(3), None);
    assert_eq!(incoming.take(4).map(|it| it.page.first), Some(4));
    assert_eq!(incoming.take(8), None, "7 was passed over");
    assert_eq!(incoming.take(9).map(|it| it.page.first), Some(9));
    assert_eq!(incoming.take(99), None);
    assert_eq!(incoming.ahead_bytes, 0);
}

#[test]
fn what_is_too_much_is_not_kept() {
    let mut incoming = Incoming::default();
    incoming.keep(page(2, AHEAD_BYTES_MAX / 2), true);
    incoming.keep(page(3, AHEAD_BYTES_MAX), false);
    incoming.keep(page(4, 10), false);
    let taken = [2, 3, 4].map(|first| incoming.take(first).is_some());
    assert_eq!(taken, [true, false, true]);
}
