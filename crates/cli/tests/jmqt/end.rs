//! The end of a session, and what it leaves others (J-102 to J-105).

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
};

use rialto_testkit::{Dialogue, Peer, Transport};

use crate::{check, launch, start};

#[test]
fn a_goodbye_is_not_answered_but_ends_the_connection() {
    // J-102: a WebSocket with code 1000.
    check(
        r#"
        ada online
        ada > {"disconn":{}}
        ada closed 1000
        ada online
        ada > {"disconn":null}
        ada closed 1000
        "#,
    );
}

#[test]
fn nothing_behind_a_goodbye_is_acted_on() {
    // J-102: although it came with it.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.subscribe("room");
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_all(&[
            r#"{"pub":{"cn":"room","dt":"before"}}"#,
            r#"{"disconn":{}}"#,
            r#"{"pub":{"cn":"room","dt":"behind"}}"#,
            r#"{"pub":{"cn":"room","dt":"behind","q":1,"id":"1"}}"#,
            r#"{"pub":{"cn":"room","dt":"behind","q":1,"rt":1,"id":"1"}}"#,
            r#"{"sub":{"cn":"room","pr":1}}"#,
            r#"{"hb":{}}"#,
        ]);
        ada.expect_goodbye(1000);
        bob.expect(r#"{"push":{"cn":"room","dt":"before","cl":"ada"}}"#);
        bob.expect_silence();
        bob.subscribe("room");
        bob.expect_silence();
        bob.leave();
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
        ada.expect(r#"{"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":"*"}}}"#);
        ada.leave();
    }
}

#[test]
fn what_was_asked_before_a_goodbye_is_still_answered() {
    // J-102, J-57: the store's answers too, as long as they were asked for before.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_all(&[r#"{"sub":{"cn":"room"}}"#, r#"{"hb":{}}"#, r#"{"disconn":{}}"#]);
        ada.expect(r#"{"subAck":{"st":1,"cn":"room"}}"#);
        ada.expect(r#"{"hbAck":{}}"#);
        ada.expect_goodbye(1000);
    }
}

/// What becomes of a session's own subscriptions, and of what was not acknowledged for them.
const AFTERWARDS: &str = r#"
    bob > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
    bob < {"pubAck":{"st":1,"id":"2"}}
    ada online
    ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
    ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":"*"}}}
    ada > {"sub":{"cn":"room"}}
    ada < {"subAck":{"st":1,"cn":"room"}}
    ada silent
    bob > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
    bob < {"pubAck":{"st":1,"id":"3"}}
    ada < {"push":{"cn":"room","dt":3,"cl":"bob","q":1,"id":"<m3>"}}
    ada silent
"#;

/// A session with a subscription of its own and an unacknowledged message.
const BEFORE: &str = r#"
    bob online
    ada online
    ada > {"sub":{"cn":"room"}}
    ada < {"subAck":{"st":1,"cn":"room"}}
    bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
    bob < {"pubAck":{"st":1,"id":"1"}}
    ada < {"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
"#;

#[test]
fn a_session_takes_its_own_subscriptions_along_however_it_ends() {
    // J-103: goodbye, loss, takeover, the end of the server.
    for ending in ["ada leaves", "ada drops", "ada' online\nada closed 1008 or 7\nada' leaves"] {
        check(&format!("{BEFORE}\n{ending}\n{AFTERWARDS}"));
    }
    for ending in ["broker killed", "broker stopped"] {
        check(&format!("{BEFORE}\n{ending}\nbob online\n{AFTERWARDS}"));
    }
}

#[test]
fn a_session_that_falls_silent_takes_its_own_subscriptions_along() {
    // J-103: idleness. Bob speaks now and then, ada does not, nor does she answer pings.
    let mut broker = start(&["session.heartbeat_timeout=3s"]);
    let mut dialogue = Dialogue::new(&mut broker, Transport::WebSocket);
    dialogue.play(BEFORE);
    let mut ada = dialogue.take("ada");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| ada.read_to_end());
        while !waiting.is_finished() {
            dialogue.peer("bob").expect_nothing_for(std::time::Duration::from_millis(500));
            dialogue.play("bob silent");
        }
        assert!(waiting.join().unwrap().ends_with(b"silent: heartbeat timeout"));
    });
    dialogue.play(AFTERWARDS);
}

#[test]
fn one_peers_misdeeds_leave_the_others_alone() {
    // J-104: reset in the middle of a frame, garbage, half a session, all at once.
    let broker = start(&[]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut bob = Peer::online(&broker, Transport::WebSocketTls, "bob");
    ada.subscribe_for_good("log");
    for transport in Transport::ALL {
        for round in 0..20 {
            let mut eve = Peer::online(&broker, transport, "eve");
            eve.send(r#"{"sub":{"cn":"log","pr":1}}"#);
            eve.send("][");
            eve.send(r#"{"pub":{"cn":"log","dt":"#);
            eve.send(r##"{"pub":{"cn":"#ada","dt":1,"q":1,"id":"unheard"}}"##);
            eve.send_raw(br#"{"pub":{"cn":"log","dt":"half a fr"#);
            eve.reset();
            bob.send(format!(r#"{{"pub":{{"cn":"log","dt":{round},"q":1,"id":"1"}}}}"#));
            bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            loop {
                let push = ada.recv()["push"].take();
                ada.send(format!(r#"{{"pushAck":{{"id":{}}}}}"#, push["id"]));
                if push["cn"] == "log" {
                    assert_eq!((&push["cl"], &push["dt"]), (&"bob".into(), &round.into()));
                    break;
                }
            }
        }
    }
    bob.expect_silence();
}

#[test]
fn why_a_session_ends_is_one_word_on_every_carrier() {
    // J-128: taken over, too large a packet, and no room for one more connection.
    let broker = start(&["limits.packet_bytes_max=1KiB"]);
    for transport in Transport::ALL {
        let mut old = Peer::online(&broker, transport, "ada");
        let mut new = Peer::online(&broker, transport, "ada");
        assert_eq!(old.expect_last_word(1008, 7), "taken-over");
        new.send(format!(r#"{{"pub":{{"cn":"room","dt":"{}"}}}}"#, "x".repeat(1024)));
        assert_eq!(new.expect_last_word(1009, 10), "packet-too-large");
    }
    let broker = start(&["limits.connections_max=1"]);
    let mut first = Peer::online(&broker, Transport::Tcp, "ada");
    let mut late = Peer::connect(&broker, Transport::Tcp);
    assert_eq!(late.expect_last_word(1013, 5), "too-many-connections");
    first.expect_silence();
}

#[test]
fn a_session_that_goes_on_says_so() {
    // J-129
    let broker = start(&["session.resume_time=1m"]);
    let conn = r#"{"conn":{"cl":"ada","at":"*"}}"#;
    for transport in Transport::ALL {
        let mut ada = Peer::connect(&broker, transport);
        let answer = ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
        let token = answer["authAck"]["at"].as_str().unwrap();
        let conn = conn.replace('*', token);
        ada.send(&conn);
        ada.expect(r#"{"connAck":{"st":1,"ts":15}}"#);
        ada.subscribe("room");
        ada.hang_up();
        let mut again = Peer::connect(&broker, transport);
        again.send(&conn);
        again.expect(r#"{"connAck":{"st":1,"ts":15,"resumed":1}}"#);
        again.send(r#"{"pub":{"cn":"room","dt":1}}"#);
        again.send(&conn);
        again.expect(r#"{"connAck":{"st":1,"ts":15}}"#);
        again.leave();
    }
}

#[test]
fn tls_is_offered_with_the_same_packets_inside() {
    // J-105: with and without SNI; a listener that requires TLS takes nothing else.
    let broker = launch().listener("strict").set("listeners.strict.tls=require").start();
    let strict = broker.address_of("strict");
    for transport in [Transport::Tls, Transport::WebSocketTls] {
        for server_name in [None, Some("localhost")] {
            let mut ada = Peer::try_connect(&broker, strict, transport, server_name).unwrap();
            ada.log_in("ada");
            ada.expect_silence();
            ada.leave();
        }
    }
    for greeting in ["{\"auth\":{\"dt\":{\"client_name\":\"ada\"}}}\0", "GET / HTTP/1.1\r\n"] {
        let mut plain = TcpStream::connect(strict).unwrap();
        plain.write_all(greeting.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A reset is as good an end: nothing was answered.
        _ = plain.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }
}
