//! How many connections there may be, and how long they may take to open a session.

use std::{
    net::{IpAddr, Ipv4Addr},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, PATIENCE, Peer, Transport};

use crate::{check_logged, check_serves, start};

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn so_many_connections_may_be_open() {
    // J-104: one more is told so and closed; those that are open go on.
    let broker = start(&["limits.connections_max=4"]);
    let mut open = Transport::ALL
        .map(|transport| Peer::online(&broker, transport, &format!("over {transport}")));
    check_turned_away(&broker, HERE);
    check_turned_away(&broker, ELSEWHERE);
    for peer in &mut open {
        peer.expect_silence();
    }
    check_logged(&broker, "WARN", "connections are refused");
    for peer in open {
        peer.leave();
    }
    wait_until_let_in(&broker, HERE);
    check_serves(&broker);
    assert!(4 <= broker.stat("refused_connections"));
}

#[test]
fn so_many_connections_may_come_from_one_address() {
    // J-104: those from another address are let in.
    let broker = start(&["limits.connections_per_address_max=2"]);
    let first = Peer::online(&broker, Transport::Tcp, "first");
    let _second = Peer::online(&broker, Transport::Tls, "second");
    check_turned_away(&broker, HERE);
    let mut other = Peer::connect_from(&broker, ELSEWHERE.into(), Transport::Tcp).unwrap();
    other.log_in("other");
    other.expect_silence();
    let entry = check_logged(&broker, "WARN", "connections are refused");
    assert!(entry["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{entry}");
    first.leave();
    wait_until_let_in(&broker, HERE);
    let mut again = Peer::connect_from(&broker, ELSEWHERE.into(), Transport::WebSocket).unwrap();
    again.log_in("again");
}

/// Proves that a connection is refused: a socket is told why, the others find it closed.
#[track_caller]
fn check_turned_away(broker: &Broker, source: Ipv4Addr) {
    let mut peer = Peer::connect_from(broker, source.into(), Transport::Tcp).unwrap();
    peer.expect_last_word(1013, 5);
    for transport in [Transport::Tls, Transport::WebSocket, Transport::WebSocketTls] {
        let refused = Peer::connect_from(broker, source.into(), transport);
        assert!(refused.is_err(), "{transport} was let in");
    }
}

/// Waits until the broker has noticed that somebody left.
fn wait_until_let_in(broker: &Broker, source: Ipv4Addr) {
    let deadline = Instant::now() + PATIENCE;
    let source = IpAddr::from(source);
    loop {
        let mut peer = Peer::connect_from(broker, source, Transport::Tcp).unwrap();
        if peer.try_send_frame(br#"{"auth":{"dt":"?"}}"#).is_ok()
            && peer.next().is_ok_and(|answer| answer.get("authAck").is_some())
        {
            peer.hang_up();
            return;
        }
        assert!(Instant::now() < deadline, "still nobody is let in");
    }
}

#[test]
fn a_session_must_be_opened_in_time() {
    // J-31: however much is said meanwhile, as long as it is no session.
    const TIME: Duration = Duration::from_millis(500);
    let broker = start(&["limits.authenticate_timeout=500ms"]);
    let mut present = Peer::online(&broker, Transport::Tcp, "present");
    thread::scope(|scope| {
        for transport in Transport::ALL {
            let broker = &broker;
            scope.spawn(move || {
                let started = Instant::now();
                let mut late = Peer::connect(broker, transport);
                late.ask(r#"{"auth":{"dt":{"client_name":"late"}}}"#);
                late.ask(r#"{"sub":{"cn":"room"}}"#);
                late.expect_last_word(1008, 7);
                assert!(TIME <= started.elapsed(), "{transport}: {:?}", started.elapsed());
            });
        }
    });
    present.expect_silence();
    assert_eq!(broker.stat("closed_silent"), 4);
    check_serves(&broker);
}

#[test]
fn a_handshake_must_be_finished_in_time() {
    // J-45, J-104: a ClientHello, an upgrade request, a frame of which only half comes.
    let broker = start(&["limits.authenticate_timeout=500ms"]);
    let halves: [&[u8]; 6] = [
        b"",
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"G",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n",
        b"{\"auth\":{\"dt\":",
    ];
    thread::scope(|scope| {
        for half in halves {
            let broker = &broker;
            scope.spawn(move || {
                let mut peer = Peer::connect(broker, Transport::Tcp);
                peer.send_raw(half);
                while let Ok(packet) = peer.next() {
                    // Whoever spoke as a socket is told why.
                    assert_eq!(packet["connAck"]["st"], 7);
                }
            });
        }
    });
    assert_eq!(broker.stat("closed_silent"), 6);
    check_serves(&broker);
}

#[test]
fn a_frame_that_comes_a_byte_at_a_time_does_not_keep_a_place_for_ever() {
    // J-45: bytes are no packets.
    let broker = start(&["limits.authenticate_timeout=500ms"]);
    let mut slow = Peer::connect(&broker, Transport::Tcp);
    let started = Instant::now();
    while slow.try_send_raw(b" ").is_ok() {
        assert!(started.elapsed() < PATIENCE, "it is still open");
        if slow.has_something_within(Duration::from_millis(20)) {
            break;
        }
    }
    slow.expect_last_word(1008, 7);
    assert_eq!(broker.stat("closed_silent"), 1);
    check_serves(&broker);
}
