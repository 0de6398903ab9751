//! The length of frames, and how they are cut.

use rialto_testkit::{Broker, Ending, Peer, Transport};
use serde_json::json;

use crate::{check_logged, check_serves, start};

/// What every server accepts (J-11).
const FRAME_BYTES_MAX: usize = 64 << 10;

fn broker() -> Broker {
    start(&["limits.packet_bytes_max=64KiB"])
}

/// Makes a publish that is that many bytes long.
fn publish_of(bytes: usize) -> String {
    let packet = |data: &str| format!(r#"{{"pub":{{"cn":"room","dt":"{data}","q":1,"id":"1"}}}}"#);
    packet(&"x".repeat(bytes - packet("").len()))
}

#[test]
fn a_frame_of_the_limit_passes() {
    // J-11: and reaches its subscriber, which gets a longer frame than that.
    let broker = broker();
    for transport in Transport::ALL {
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.subscribe("room");
        let mut ada = Peer::online(&broker, transport, "ada");
        for bytes in [FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX] {
            ada.send(publish_of(bytes));
            ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            let push = bob.recv_text();
            assert!(bytes - 10 < push.len(), "{}", push.len());
        }
        ada.leave();
        bob.leave();
    }
    assert_eq!(broker.stat("closed_limit"), 0);
}

#[test]
fn a_longer_frame_closes_the_connection() {
    // J-10: a socket after a connAck of status 10, a WebSocket with 1009. What came before it is
    // answered.
    let broker = broker();
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        let too_long = publish_of(FRAME_BYTES_MAX + 1);
        ada.send_all(&[&publish_of(FRAME_BYTES_MAX), &too_long, r#"{"hb":{}}"#]);
        ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
        ada.expect_last_word(1009, 10);
        // Before there is a session, too.
        let mut nobody = Peer::connect(&broker, transport);
        nobody.send(&too_long);
        nobody.expect_last_word(1009, 10);
    }
    assert_eq!(broker.stat("closed_limit"), 8);
    let entry = check_logged(&broker, "WARN", "closed at a limit");
    assert!(entry["reason"].as_str().unwrap().contains("65536"), "{entry}");
    check_serves(&broker);
}

#[test]
fn a_frame_is_refused_as_soon_as_it_is_too_long() {
    // J-11: its end need not come.
    let broker = broker();
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_raw(&vec![b'x'; FRAME_BYTES_MAX]);
        ada.send_raw(b"x");
        ada.expect_last_word(1009, 10);
    }
    for transport in Transport::WEBSOCKETS {
        // The head of a text message of 2^40 bytes, and of one of one byte too many.
        for bytes in [1 << 40, FRAME_BYTES_MAX as u64 + 1] {
            let mut ada = Peer::online(&broker, transport, "ada");
            ada.send_raw(&[&[0x81, 0xff], &bytes.to_be_bytes()[..], &[0; 4]].concat());
            ada.expect_last_word(1009, 10);
        }
        // Fragments, each of them short enough: in all exactly the limit, and one byte more.
        let mut ada = Peer::online(&broker, transport, "ada");
        let whole = publish_of(FRAME_BYTES_MAX);
        ada.send_fragments(whole.as_bytes().chunks(1000));
        ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
        ada.send_fragments(publish_of(FRAME_BYTES_MAX + 1).as_bytes().chunks(1000));
        ada.expect_last_word(1009, 10);
    }
    check_serves(&broker);
}

#[test]
fn a_frame_that_is_too_long_is_found_behind_a_good_one() {
    // J-11: in the same read, and without an end.
    let broker = start(&["limits.packet_bytes_max=1KiB"]);
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_raw(&[&b"{\"hb\":{}}\0"[..], &[b'x'; 1025]].concat());
        ada.expect(r#"{"hbAck":{}}"#);
        ada.expect_last_word(1009, 10);
    }
}

#[test]
fn the_last_word_is_not_lost_behind_what_is_still_coming() {
    // J-10: what comes behind the limit is read and thrown away, or it would reset the connection.
    let broker = broker();
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send(publish_of(600 << 10));
        ada.expect_last_word(1009, 10);
    }
}

#[test]
fn a_flood_without_an_end_takes_no_memory() {
    // J-10, J-104: 50 MB of one frame. It is told so, if it listens before it is cut off.
    let broker = broker();
    check_serves(&broker);
    let before = broker.memory_bytes();
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        let piece = vec![b'x'; 1 << 20];
        let sent = (0..50).take_while(|_| ada.try_send_raw(&piece).is_ok()).count();
        if sent == 50 {
            ada.expect_last_word(1009, 10);
        }
    }
    assert_eq!(broker.stat("closed_limit"), 2);
    check_memory(&broker, before);
    check_serves(&broker);
}

#[test]
fn a_flood_of_nuls_is_a_flood_of_empty_frames() {
    // J-3, J-104: 50 MB of them, and the connection still serves.
    let broker = broker();
    let nuls = vec![0; 1 << 20];
    let empty_messages = [0x81, 0x80, 0, 0, 0, 0].repeat(100_000);
    let mut after_first = 0;
    for round in 0..3 {
        for transport in Transport::ALL {
            let mut ada = Peer::online(&broker, transport, "ada");
            let (piece, count) =
                if transport.is_websocket() { (&empty_messages, 3) } else { (&nuls, 50) };
            for _ in 0..count {
                ada.send_raw(piece);
            }
            ada.expect_silence();
        }
        if round == 0 {
            after_first = broker.memory_bytes();
        }
    }
    assert_eq!(broker.stat("malformed"), 0);
    check_memory(&broker, after_first);
    check_serves(&broker);
}

#[test]
fn a_session_may_be_cut_at_every_byte() {
    // J-2: a connection for each place; between the halves somebody else is served.
    let broker = broker();
    let mut eve = Peer::online(&broker, Transport::Tcp, "eve");
    let mut first = Peer::connect(&broker, Transport::Tcp);
    let token = first.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#)["authAck"]["at"].take();
    let packets = [
        json!({"conn": {"at": token, "cl": "ada"}}).to_string(),
        r#"{"sub":{"cn":"Grüße 😀"}}"#.to_owned(),
        String::new(),
        r#"{"pub":{"cn":"room","dt":{"a":["\u00e4",-1.5e3]},"q":1,"id":"№ 1"}}"#.to_owned(),
        r#"{"hb":{}}"#.to_owned(),
        r#"{"disconn":{}}"#.to_owned(),
    ];
    let session = packets.map(|packet| packet + "\0").concat().into_bytes();
    for cut in 0..=session.len() {
        let mut ada = Peer::connect(&broker, Transport::Tcp);
        let (head, tail) = session.split_at(cut);
        ada.send_raw(head);
        eve.expect_silence();
        ada.send_raw(tail);
        ada.expect(r#"{"connAck":{"st":1,"ts":15}}"#);
        ada.expect(r#"{"subAck":{"st":1,"cn":"Grüße 😀"}}"#);
        ada.expect(r#"{"pubAck":{"st":1,"id":"№ 1"}}"#);
        ada.expect(r#"{"hbAck":{}}"#);
        assert_eq!(ada.expect_close(), Ending::Eof, "cut at {cut}");
    }
    assert_eq!(broker.stat("malformed"), 0);
}

/// Proves that the process has not grown by much more than its buffers.
#[track_caller]
fn check_memory(broker: &Broker, before: usize) {
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "the process has grown by {} KiB", grown >> 10);
}
