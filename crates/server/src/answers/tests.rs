use std::task::Waker;

use super::*;

fn poll(queued: &mut Queued) -> Option<Room> {
    match queued.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(room) => room,
        Poll::Pending => None,
    }
}

#[test]
fn room_is_taken_until_it_is_given_back() {
    let answers = Answers::new();
    let room = answers.try_take(BYTES_MAX - 10).unwrap();
    assert!(answers.try_take(11).is_none());
    let mut rest = answers.try_take(10).unwrap();
    rest.merge(room);
    assert_eq!(rest.bytes(), BYTES_MAX);
    let lease = answers.lend(rest, Borrower::Client(ConnectionKey::default()));
    assert!(answers.try_take(1).is_none());
    drop(lease);
    assert!(answers.try_take(BYTES_MAX).is_some());
}

#[test]
fn an_answer_larger_than_all_room_takes_all_of_it() {
    let answers = Answers::new();
    assert_eq!(answers.try_take(usize::MAX).unwrap().bytes(), BYTES_MAX);
}

#[test]
fn those_who_wait_come_in_their_order_and_before_all_others() {
    let answers = Answers::new();
    let room = answers.try_take(BYTES_MAX).unwrap();
    let mut large = answers.queue(BYTES_MAX);
    let mut small = answers.queue(1);
    assert!(poll(&mut large).is_none() && poll(&mut small).is_none());
    drop(room);
    assert!(answers.try_take(1).is_none(), "it would overtake");
    let room = poll(&mut large).unwrap();
    assert!(poll(&mut small).is_none());
    drop(room);
    assert!(poll(&mut small).is_some());
}

#[test]
fn nobody_is_overdue_as_long_as_nobody_waits() {
    let answers = Answers::new();
    let room = answers.try_take(BYTES_MAX).unwrap();
    let lease = answers.lend(room, Borrower::Client(ConnectionKey::default()));
    let (now, late) = (running(), running() + READ_WITHIN);
    assert!(answers.overdue(late).is_empty());
    let queued = answers.queue(1);
    assert!(answers.overdue(now).is_empty(), "it has just begun to read");
    let overdue = answers.overdue(late);
    assert!(matches!(overdue[..], [Borrower::Client(it)] if it == ConnectionKey::default()));
    drop(queued);
    assert!(answers.overdue(late).is_empty());
    let _queued = answers.queue(1);
    drop(lease);
    assert!(answers.overdue(late).is_empty(), "its answers are read");
}
