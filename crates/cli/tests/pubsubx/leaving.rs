//! Saying goodbye, and being forgotten (P-32, P-33, P-39, P-40).

use rialto_testkit::{PubsubxPeer, Transport};

use crate::{check_serves, online, start, subscriber, wait_for};

#[test]
fn who_says_goodbye_is_forgotten_at_once() {
    // P-32: the connection closes without an answer; the name is free, and new.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for transport in Transport::SOCKETS {
        for _ in 0..20 {
            let mut ada = PubsubxPeer::online(&broker, transport, "ada");
            ada.subscribe("a");
            ada.leave();
            bob.publish("a", "1");
            let mut ada = PubsubxPeer::online(&broker, transport, "ada");
            ada.expect_silence();
            ada.leave();
        }
    }
    assert_eq!(broker.stat("sessions_lost"), 0);
}

#[test]
fn what_follows_a_goodbye_has_no_effect() {
    // P-33
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "witness", "a");
    for transport in Transport::SOCKETS {
        let mut ada = PubsubxPeer::online(&broker, transport, "ada");
        ada.send_all([
            "SUBSCRIBE a",
            "DISCONNECT",
            "SUBSCRIBE a",
            "PUBLISH a 1",
            "UNSUBSCRIBE a",
            "CONNECT ada",
            "DISCONNECT",
            "PUBLISH a 2",
        ]);
        ada.expect_goodbye();
    }
    witness.expect_silence();
    check_serves(&broker);
}

#[test]
fn a_goodbye_with_a_reset_behind_it_is_one() {
    // P-32, P-40
    let broker = start(&[]);
    for _ in 0..20 {
        let mut ada = subscriber(&broker, "ada", "a");
        ada.send("DISCONNECT");
        ada.expect_goodbye();
        ada.reset();
    }
    check_serves(&broker);
}

#[test]
fn who_is_lost_for_too_long_is_forgotten() {
    // P-34, P-39: what was kept is gone, and the name connects as a new one.
    let broker = start(&["pubsubx.resume_time=1s"]);
    let mut bob = online(&broker, "bob");
    let ada = subscriber(&broker, "ada", "a");
    let eve = subscriber(&broker, "eve", "a");
    ada.hang_up();
    eve.reset();
    wait_for(&broker, "client lost", "ada");
    wait_for(&broker, "client lost", "eve");
    bob.publish("a", "1");
    for name in ["ada", "eve"] {
        wait_for(&broker, "client removed", name);
        let mut peer = online(&broker, name);
        peer.expect_silence();
        bob.publish("a", "2");
        peer.expect_silence();
        peer.leave();
    }
    assert_eq!(broker.stat("sessions_restored"), 0);
}

#[test]
fn who_is_not_to_be_kept_is_forgotten_with_its_connection() {
    // P-34, P-39: the setting may be nothing.
    let broker = start(&["pubsubx.resume_time=0s"]);
    let ada = subscriber(&broker, "ada", "a");
    ada.hang_up();
    online(&broker, "ada").expect_silence();
}

#[test]
fn who_comes_back_in_time_is_not_forgotten_when_it_is_over() {
    // P-34, P-36: nor is one that is lost again, before its own time has passed.
    let broker = start(&["pubsubx.resume_time=1s"]);
    subscriber(&broker, "ada", "a").hang_up();
    let other = subscriber(&broker, "other", "a");
    let mut ada = crate::back(&broker, "ada", &["a"]);
    other.reset();
    wait_for(&broker, "client removed", "other");
    online(&broker, "bob").publish("a", "1");
    ada.expect("a 1");
}
