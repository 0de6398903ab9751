//! The first command, and what refuses it (P-11 to P-18).

use std::{net::Shutdown, time::Duration};

use rialto_testkit::{Peer, PubsubxPeer, Transport};

use crate::{ACCEPTED, TAKEN, check_serves, online, start, subscriber};

#[test]
fn a_free_name_is_accepted_in_a_segment_of_its_own() {
    // P-11, P-12: whatever follows the command in its segment.
    let broker = start(&[]);
    for round in 0..20 {
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        ada.send(format!("CONNECT ada-{round}"));
        assert_eq!(ada.read_once(1024), b"OK: Conn accepted\n\nx");
        ada.send_all(["SUBSCRIBE a", "PUBLISH a 1"]);
        ada.expect("a 1");
        ada.leave();
    }
}

#[test]
fn any_other_first_command_closes_without_a_word() {
    // P-13, P-14: and nothing that follows is done; the end is an orderly one.
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "witness", "a");
    for first in [
        "SUBSCRIBE a",
        "PUBLISH a 0",
        "DISCONNECT",
        "UNSUBSCRIBE a",
        "connect ada",
        "CONNECT",
        "CONNECT ",
        "CONNECT  ada",
        " CONNECT ada",
        "HELLO",
        "x",
    ] {
        for transport in Transport::SOCKETS {
            let mut ada = PubsubxPeer::connect(&broker, transport);
            ada.send_all([first, "PUBLISH a 1", "CONNECT ada", "PUBLISH a 2", "SUBSCRIBE a"]);
            ada.expect_goodbye();
        }
    }
    witness.expect_silence();
    // The name was never taken.
    online(&broker, "ada").leave();
    check_serves(&broker);
}

#[test]
fn a_name_in_use_is_refused_in_an_orderly_way() {
    // P-14, P-15, P-16: more than the broker has read by then is behind the command, and the end
    // is still no reset.
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "ada", "a");
    let behind = "PUBLISH a 1\n\nx".repeat(500);
    for transport in Transport::SOCKETS {
        for behind in ["", "PUBLISH a 1\n\nx", &*behind] {
            let mut eve = PubsubxPeer::connect(&broker, transport);
            eve.send_raw(format!("CONNECT ada\n\nx{behind}").as_bytes());
            eve.expect(TAKEN);
            eve.expect_goodbye();
        }
    }
    ada.expect_silence();
    online(&broker, "bob").publish("a", "1");
    ada.expect("a 1");
    assert_eq!(broker.stat("rejected"), 6);
}

#[test]
fn one_who_only_waits_after_a_refusal_sees_the_end() {
    // P-16: it does not have to close first.
    let broker = start(&[]);
    let _ada = online(&broker, "ada");
    let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
    eve.send("CONNECT ada");
    assert_eq!(eve.read_once(1024), format!("{TAKEN}\n\nx").as_bytes());
    eve.expect_goodbye();
}

#[test]
fn a_name_is_free_for_one_of_many_that_want_it_at_once() {
    // P-11, P-15
    let broker = start(&[]);
    for round in 0..20 {
        let mut peers: Vec<_> =
            (0..10).map(|_| PubsubxPeer::connect(&broker, Transport::Tcp)).collect();
        for peer in &mut peers {
            peer.send(format!("CONNECT ada-{round}"));
        }
        let answers: Vec<_> = peers.iter_mut().map(PubsubxPeer::recv).collect();
        assert_eq!(answers.iter().filter(|answer| *answer == ACCEPTED).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| *answer == TAKEN).count(), 9, "{answers:?}");
    }
}

#[test]
fn a_second_connect_is_ignored() {
    // P-17: with the same name, with another, which stays free, and without any.
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "ada", "a");
    for second in ["CONNECT ada", "CONNECT eve", "CONNECT"] {
        ada.send(second);
        ada.expect_silence();
    }
    online(&broker, "eve").publish("a", "1");
    ada.expect("a 1");
}

#[test]
fn names_are_any_text_without_a_blank() {
    // P-8, P-11: what stands behind the name does not belong to it.
    let broker = start(&[]);
    for name in ["Grüße", "日本😀", "a/b#c", "\"quoted\"", "a\nb", "{\"n\":1}", "$stats", "x"]
    {
        let mut ada = PubsubxPeer::online(&broker, Transport::Tcp, &format!("{name} and more"));
        let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
        eve.send(format!("CONNECT {name}"));
        eve.expect(TAKEN);
        ada.expect_silence();
        ada.leave();
    }
}

#[test]
fn a_name_is_taken_for_all_dialects() {
    // P-15: the session that has it goes on, whatever it speaks.
    let broker = start(&[]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
    eve.send("CONNECT bob");
    eve.expect(TAKEN);
    eve.expect_goodbye();
    bob.expect_silence();
}

#[test]
fn silence_is_no_reason_to_close() {
    // P-18: for longer than a JMQT client may be silent, and a connection may be without a session;
    // the latter is closed when its time is over.
    let broker = start(&["session.heartbeat_timeout=3s", "limits.authenticate_timeout=500ms"]);
    let mut ada = subscriber(&broker, "ada", "a");
    let mut mute = PubsubxPeer::connect(&broker, Transport::Tcp);
    mute.expect_goodbye();
    ada.expect_nothing_for(Duration::from_secs(5));
    online(&broker, "bob").publish("a", "1");
    ada.expect("a 1");
}

#[test]
fn a_connection_that_ends_before_its_session_leaves_nothing() {
    // P-40: within the first command too.
    let broker = start(&[]);
    for said in ["", "CONN", "CONNECT ada", "CONNECT ada\n\n"] {
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        ada.send_raw(said.as_bytes());
        ada.socket().shutdown(Shutdown::Write).unwrap();
        assert_eq!(ada.read_to_end(), b"");
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        ada.send_raw(said.as_bytes());
        ada.reset();
    }
    assert_eq!(broker.stat("sessions_lost"), 0);
    online(&broker, "ada").leave();
}

#[test]
fn a_name_that_leaves_no_room_in_the_first_answer_is_none() {
    // P-43, P-37
    let broker = start(&[]);
    let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
    ada.send(format!("CONNECT {}", "x".repeat(1009)));
    assert_eq!(ada.read_once(64), b"", "it is closed without a word");
}
