//! What is retained when the store has no room for what came last.

use bytes::Bytes;
use slotmap::SlotMap;

use super::{Request, RetainedMessage, Written};
use rialto_domain::Retained;

use crate::ConnectionKey;

#[test]
fn one_that_is_refused_gives_way_to_the_one_before() {
    let first = stored("22");
    let second = unstored("333", 2, Some(first));
    assert!(second.is_unsure());
    let Written { retained, refused } = handed_over(second).written(2, false);
    assert_eq!((text(&retained), refused), ("22".to_owned(), Some(Some(request()))));
    assert!(retained.unwrap().is_stored());
    let Written { retained, refused } = handed_over(unstored("1", 1, None)).written(1, false);
    assert!(retained.is_none() && refused.is_some());
}

#[test]
fn one_that_is_no_larger_is_never_given_up() {
    let second = unstored("44", 2, Some(stored("22")));
    assert!(!second.is_unsure() && !second.is_stored());
    let Written { retained, refused } = handed_over(second).written(2, false);
    assert_eq!((text(&retained), refused), ("44".to_owned(), None));
    let again = handed_over(retained.unwrap());
    assert!(again.written(2, true).retained.unwrap().is_stored());
}

#[test]
fn what_replaces_one_under_way_waits_for_its_outcome() {
    for (is_done, before) in [(true, "333"), (false, "22")] {
        let under_way = handed_over(unstored("333", 2, Some(stored("22"))));
        let third = unstored("4444", 3, Some(under_way));
        let Written { retained, refused } = third.written(2, is_done);
        assert_eq!((text(&retained), refused.is_some()), ("4444".to_owned(), !is_done));
        let third = handed_over(retained.unwrap());
        assert_eq!(text(&third.written(3, false).retained), before);
    }
}

#[test]
fn one_that_never_went_to_the_store_is_nothing_to_go_back_to() {
    let second = unstored("333", 2, Some(stored("22")));
    assert!(second.leaves_room_for(2) && !second.leaves_room_for(3));
    let third = unstored("44", 3, Some(second));
    assert!(!third.is_unsure(), "the store has 22, and 44 takes no more");
    let fourth = unstored("5555", 4, Some(third));
    // 44 is not stored yet, and will be.
    let Written { retained, .. } = handed_over(fourth).written(4, false);
    assert_eq!(text(&retained), "44");
    assert!(!retained.unwrap().is_stored());
}

#[test]
fn a_smaller_one_under_way_leaves_no_more_room_than_it_takes() {
    let small = handed_over(unstored("1", 2, Some(stored("333"))));
    assert!(small.leaves_room_for(1) && !small.leaves_room_for(2));
}

#[test]
fn what_is_not_stored_counts_with_what_it_may_give_way_to() {
    let (one, other) = (stored("22"), stored("333"));
    let sum = one.bytes() + other.bytes();
    let second = unstored("333", 2, Some(one));
    assert!(sum <= second.bytes());
    let second = handed_over(second).written(2, true).retained.unwrap();
    assert_eq!(second.bytes(), other.bytes());
}

fn stored(payload: &'static str) -> Box<RetainedMessage> {
    Box::new(RetainedMessage::stored(message(payload), 1))
}

fn unstored(
    payload: &'static str,
    version: u64,
    present: Option<Box<RetainedMessage>>,
) -> Box<RetainedMessage> {
    Box::new(RetainedMessage::unstored(message(payload), version, Some(request()), present))
}

fn handed_over(mut retained: Box<RetainedMessage>) -> Box<RetainedMessage> {
    retained.hand_over();
    retained
}

fn message(payload: &'static str) -> Retained {
    Retained { publisher: "".into(), payload: Bytes::from_static(payload.as_bytes()) }
}

fn request() -> Request {
    let connection = SlotMap::<ConnectionKey, ()>::default().insert(());
    Request { connection, id: "7".into() }
}

fn text(retained: &Option<Box<RetainedMessage>>) -> String {
    let payload = retained.as_ref().map(|it| it.message.payload.to_vec()).unwrap_or_default();
    String::from_utf8(payload).unwrap()
}
