//! Transports and framing (J-1 to J-9; the limits, J-10 and J-11, have tests of their own).

use std::process::Command;

use rialto_testkit::{Peer, Transport, Upgrade};

use crate::{RIALTO, start};

#[test]
fn a_frame_on_a_socket_is_json_in_utf_8_and_a_nul() {
    // J-1: in both directions; the peer cuts what it reads at each NUL and nowhere else.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.subscribe("Grüße 😀");
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.send_raw("{\"pub\":{\"cn\":\"Grüße 😀\",\"dt\":\"日本語\"}}\0".as_bytes());
        let push = ada.recv_text();
        assert!(push.contains("日本語") && push.contains("Grüße 😀"), "{push}");
        ada.leave();
        bob.leave();
    }
}

#[test]
fn it_makes_no_difference_how_tcp_cuts_the_bytes() {
    // J-2: many frames in one write, one frame over many.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        let mut session = Vec::new();
        for n in 0..50 {
            let packets = format!(
                "{{\"sub\":{{\"cn\":\"{n}\"}}}}\0{{\"hb\":{{}}}}\0\
                 {{\"pub\":{{\"cn\":\"room\",\"dt\":{n},\"q\":1,\"id\":\"{n}\"}}}}\0"
            );
            session.extend_from_slice(packets.as_bytes());
        }
        for cut in [session.len(), 1, 7, 64] {
            for piece in session.chunks(cut) {
                ada.send_raw(piece);
            }
            for n in 0..50 {
                ada.expect(format!(r#"{{"subAck":{{"st":1,"cn":"{n}"}}}}"#));
                ada.expect(r#"{"hbAck":{}}"#);
                ada.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{n}"}}}}"#));
            }
        }
        ada.leave();
    }
}

#[test]
fn bytes_without_a_nul_at_the_end_of_the_stream_are_no_frame() {
    // J-2
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.subscribe("room");
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send(r#"{"pub":{"cn":"room","dt":"whole"}}"#);
        ada.send_raw(br#"{"pub":{"cn":"room","dt":"without an end"}}"#);
        ada.hang_up();
        bob.expect(r#"{"push":{"cn":"room","dt":"whole","cl":"ada"}}"#);
        bob.expect_silence();
        bob.leave();
    }
}

#[test]
fn an_empty_frame_is_skipped() {
    // J-3: before a session too, and not counted as malformed.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::connect(&broker, transport);
        for _ in 0..3 {
            ada.send("");
        }
        ada.log_in("ada");
        for _ in 0..3 {
            ada.send("");
        }
        ada.expect_silence();
    }
    assert_eq!(broker.stat("malformed"), 0);
}

#[test]
fn a_frame_on_a_websocket_is_a_text_message_without_a_nul() {
    // J-4: one with a NUL is malformed, like any other text behind a packet.
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send(r#"{"pub":{"cn":"$time","id":"1"}}"#);
        let answer = ada.recv_text();
        assert!(answer.starts_with('{') && answer.ends_with('}'), "{answer:?}");
        ada.send("{\"pub\":{\"cn\":\"$time\",\"id\":\"2\"}}\0");
        ada.expect_silence();
    }
    assert_eq!(broker.stat("malformed"), 2);
}

#[test]
fn a_websocket_message_may_be_fragmented_and_interrupted_by_a_ping() {
    // J-4
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        let packet = r#"{"pub":{"cn":"room","dt":"ä","q":1,"id":"1"}}"#.as_bytes();
        for size in [1, 5, 40] {
            ada.send_fragments(packet.chunks(size));
            ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
        }
        ada.leave();
    }
}

#[test]
fn a_websocket_message_that_is_no_text_closes_the_connection() {
    // J-5: 1003 for a binary message, 1007 for a text that is not UTF-8.
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_binary(br#"{"hb":{}}"#);
        ada.expect_goodbye(1003);

        for bad in [&b"{\"hb\":{\"\xff\":1}}"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"] {
            let mut ada = Peer::online(&broker, transport, "ada");
            ada.send_frame(bad);
            ada.expect_goodbye(1007);
        }
        // Cut within a character, but whole in the end.
        let mut ada = Peer::online(&broker, transport, "ada");
        let text = r#"{"pub":{"cn":"room","dt":"😀","q":1,"id":"1"}}"#.as_bytes();
        let within = text.iter().position(|&byte| byte == 0xf0).unwrap() + 2;
        ada.send_fragments([&text[..within], &text[within..]]);
        ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }
}

#[test]
fn an_upgrade_is_accepted_on_any_path_from_anywhere() {
    // J-6: without a subprotocol, whatever extensions are offered and whichever Origin is named.
    let broker = start(&[]);
    let requests = [
        ("/", ""),
        ("/mqtt?token=1&x=/../", ""),
        ("/ws", "Origin: https://elsewhere.example\r\n"),
        ("/a/b/c", "Origin: null\r\n"),
        ("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"),
        ("/", "Cookie: a=b\r\nUser-Agent: Mozilla/5.0\r\nPragma: no-cache\r\n"),
        ("/", "Sec-WebSocket-Protocol: mqtt, jmqt\r\n"),
    ];
    for transport in Transport::WEBSOCKETS {
        for (path, headers) in requests {
            let upgrade = Upgrade::on(path).with_headers(headers);
            let (mut ada, response) = upgrade.send(&broker, transport);
            let response = response.to_ascii_lowercase();
            assert!(response.starts_with("http/1.1 101 "), "{response}");
            assert!(!response.contains("sec-websocket-protocol"), "{response}");
            assert!(!response.contains("sec-websocket-extensions"), "{response}");
            ada.log_in("ada");
            ada.expect_silence();
            ada.leave();
        }
    }
}

#[test]
fn one_listener_takes_all_transports() {
    // J-7, J-8: also when what tells them apart comes in pieces.
    let broker = start(&[]);
    let online = Transport::ALL.map(|transport| Peer::online(&broker, transport, "ada"));
    drop(online);

    let mut ada = Peer::connect(&broker, Transport::Tcp);
    for byte in br#" {"auth":{"dt":{"client_name":"ada"}}}"# {
        ada.send_raw(&[*byte]);
    }
    ada.send_raw(b"\0");
    ada.expect(r#"{"authAck":{"st":1,"at":"*","cl":"ada"}}"#);
    for transport in Transport::WEBSOCKETS {
        let (mut ada, _) = Upgrade::on("/").in_pieces_of(1).send(&broker, transport);
        ada.log_in("ada");
        ada.leave();
    }
}

#[test]
fn packets_may_come_right_behind_the_upgrade_request() {
    // J-6: before its answer was seen.
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let packets = [r#"{"auth":{"dt":{"client_name":"ada"}}}"#, r#"{"sub":{"cn":"room"}}"#];
        for piece_bytes in [usize::MAX, 100, 1] {
            let upgrade = Upgrade::on("/").with_packets(&packets).in_pieces_of(piece_bytes);
            let (mut ada, _) = upgrade.send(&broker, transport);
            ada.expect(r#"{"authAck":{"st":1,"at":"*","cl":"ada"}}"#);
            ada.expect(r#"{"subAck":{"st":7,"cn":"room"}}"#);
        }
    }
}

#[test]
fn the_default_ports_are_those_that_the_original_clients_know() {
    // J-8: read from the defaults, since tests use no fixed ports.
    let output = Command::new(RIALTO).args(["config", "default"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let address_of = |listener: &str| {
        let (_, section) = text.split_once(&format!("[listeners.{listener}]")).unwrap();
        let line = section.lines().find_map(|line| line.strip_prefix("address = ")).unwrap();
        line.trim_matches('"').to_owned()
    };
    let addresses = ["tcp", "tls", "websocket", "wss"].map(address_of);
    assert_eq!(addresses, ["127.0.0.1:8010", "127.0.0.1:8011", "127.0.0.1:8012", "127.0.0.1:8013"]);
}
