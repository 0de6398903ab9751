//! Frames of the server, whole and cut.

use super::{Coremq, SENT, frame};
use crate::payload::{PAYLOAD_BYTES, PLACEHOLDER, payload};
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::wire::{Dialect as _, Event};

#[test]
fn a_subscriber_subscribes_after_the_welcome() {
    let mut subscriber = Coremq::new(session(Role::Subscriber {
        channel: "room".to_owned(),
        subscription: Subscription::Live,
    }));
    let mut out = Vec::new();
    let welcome = frame("id", r#"{"response":"OK: Welcome to CoreMQ server","server":"x"}"#);
    assert_eq!(next(&mut subscriber, &welcome, &mut out), (welcome.len(), Event::Other));
    assert_eq!(out, frame("-", r#"{"coremq_subscribe":"room"}"#).as_bytes());
    let done = frame("id", r#"{"response":"OK: Subscribe successful"}"#);
    assert_eq!(next(&mut subscriber, &done, &mut out).1, Event::Ready);
}

#[test]
fn a_message_is_found_and_its_answer_passed_over() {
    let mut publisher = publisher();
    let payload = payload(0).replace(PLACEHOLDER, "0000000007");
    let message = frame("room", &format!("{{\"data\":{payload},\"coremq_sender\":\"x\"}}"));
    let (length, event) = next(&mut publisher, &message, &mut Vec::new());
    assert_eq!(length, message.len());
    let Event::Delivery { payload: found, .. } = event else { panic!("{event:?}") };
    assert_eq!((found, found.len()), (payload.as_bytes(), PAYLOAD_BYTES));

    let sent = frame("id", std::str::from_utf8(&SENT[1..]).unwrap());
    assert_eq!(next(&mut publisher, &sent, &mut Vec::new()).1, Event::Other);
}

#[test]
fn a_frame_that_is_cut_waits_for_its_rest() {
    let sent = frame("id", std::str::from_utf8(&SENT[1..]).unwrap());
    for cut in 0..sent.len() {
        let part = &sent.as_bytes()[..cut];
        assert!(publisher().next(part, &mut Vec::new()).unwrap().is_none(), "{cut}");
    }
}

#[test]
fn a_refusal_is_an_error() {
    let refused = frame("id", r#"{"response":"ERROR: no"}"#);
    assert!(publisher().next(refused.as_bytes(), &mut Vec::new()).is_err());
}

fn publisher() -> Coremq {
    let channel = "room".to_owned();
    Coremq::new(session(Role::Publisher { channel, acknowledged: Acknowledged::No }))
}

fn session(role: Role) -> Session {
    Session { name: "x".to_owned(), role }
}

fn next<'a>(dialect: &mut Coremq, frame: &'a str, out: &mut Vec<u8>) -> (usize, Event<'a>) {
    dialect.next(frame.as_bytes(), out).unwrap().unwrap()
}
