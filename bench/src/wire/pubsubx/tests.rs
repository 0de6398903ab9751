//! Messages of the server, whole and cut.

use super::{END, PROBE, Pubsubx};
use crate::payload::{PAYLOAD_BYTES, PLACEHOLDER, payload};
use crate::session::{Role, Session, Subscription};
use crate::wire::{Dialect as _, Event};

#[test]
fn a_subscriber_connects_and_subscribes() {
    let mut out = Vec::new();
    subscriber().open(&mut out);
    assert_eq!(out, b"CONNECT x\n\nx");
    out.clear();
    let accepted = format!("OK: Conn accepted{END}");
    let event = subscriber().next(accepted.as_bytes(), &mut out).unwrap().unwrap();
    assert_eq!(event, (accepted.len(), Event::Other));
    let commands = "SUBSCRIBE room\n\nxSUBSCRIBE x\n\nxPUBLISH x am I subscribed?\n\nx";
    assert_eq!(out, commands.as_bytes());
    let probe = format!("x {PROBE}{END}");
    let event = subscriber().next(probe.as_bytes(), &mut out).unwrap().unwrap();
    assert_eq!(event.1, Event::Ready);
}

#[test]
fn a_message_is_found_once_it_is_whole() {
    let text = payload(0).replace(PLACEHOLDER, "0000000007");
    let message = format!("room {text}{END}");
    for cut in 0..message.len() {
        let part = &message.as_bytes()[..cut];
        assert!(subscriber().next(part, &mut Vec::new()).unwrap().is_none(), "{cut}");
    }
    let mut subscriber = subscriber();
    let found = subscriber.next(message.as_bytes(), &mut Vec::new()).unwrap();
    let Some((length, Event::Delivery { payload, .. })) = found else { panic!("{found:?}") };
    assert_eq!((length, payload.len()), (message.len(), PAYLOAD_BYTES));
}

#[test]
fn a_refusal_is_an_error() {
    let refused = format!("ERROR: Name already taken{END}");
    assert!(subscriber().next(refused.as_bytes(), &mut Vec::new()).is_err());
}

fn subscriber() -> Pubsubx {
    let role = Role::Subscriber { channel: "room".to_owned(), subscription: Subscription::Live };
    Pubsubx::new(Session { name: "x".to_owned(), role })
}
