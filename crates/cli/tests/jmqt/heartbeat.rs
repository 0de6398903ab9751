//! Heartbeat and silence (J-41 to J-45).

use std::{
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Ending, Peer, Transport};

use crate::{check, start};

/// The shortest silence that can be configured.
const SILENCE: Duration = Duration::from_secs(3);

/// First byte of a WebSocket's ping.
const PING: u8 = 0x89;

/// Starts a broker that loses patience as soon as it may, and does not wait for a disk.
fn start_impatient(settings: &[&str]) -> Broker {
    start(&[&["session.heartbeat_timeout=3s", "store.kind=memory"], settings].concat())
}

#[test]
fn a_heartbeat_is_answered_in_a_session_and_only_there() {
    // J-41, J-42: each by one empty hbAck; none before conn, none behind a disconn.
    check(
        r#"
        ada > {"hb":{}}
        ada > {"hb":null}
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"hb":{}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada > {"hb":{}}
        ada > {"hb":null}
        ada > {"hb":{"more":1}}
        ada < {"hbAck":{}}
        ada < {"hbAck":{}}
        ada < {"hbAck":{}}
        ada silent
        ada > {"disconn":{}}
        ada closed
        "#,
    );
}

#[test]
fn a_heartbeat_behind_a_goodbye_is_not_answered() {
    // J-42: both in one write.
    let broker = start(&[]);
    for transport in [Transport::Tcp, Transport::Tls] {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_raw(b"{\"hb\":{}}\0{\"disconn\":{}}\0{\"hb\":{}}\0");
        ada.expect(r#"{"hbAck":{}}"#);
        ada.expect_goodbye(1000);
    }
}

#[test]
fn a_silent_session_is_closed_in_time_and_not_too_early() {
    // J-44: between ts and twice ts after the last packet, a WebSocket with code 1000.
    let broker = start_impatient(&[]);
    thread::scope(|scope| {
        for transport in Transport::ALL {
            let broker = &broker;
            scope.spawn(move || {
                let mut ada = Peer::online(broker, transport, &format!("ada over {transport}"));
                let before = Instant::now();
                ada.expect_silence();
                let after = Instant::now();
                if transport.is_websocket() {
                    // J-130: it does not answer the ping.
                    let last = ada.read_to_end();
                    assert_eq!(last[..2], [PING, 0]);
                    assert_eq!(last[4..6], 1000_u16.to_be_bytes());
                } else {
                    assert_eq!(ada.expect_close(), Ending::Eof);
                }
                assert!(SILENCE <= before.elapsed(), "{transport}: {:?}", before.elapsed());
                assert!(after.elapsed() <= 2 * SILENCE, "{transport}: {:?}", after.elapsed());
            });
        }
    });
    assert_eq!(broker.stat("closed_silent"), 4);
}

#[test]
fn a_websocket_that_answers_pings_keeps_its_session() {
    // J-130: though its client sends nothing, as a page whose timers sleep.
    let broker = start_impatient(&[]);
    thread::scope(|scope| {
        for transport in Transport::WEBSOCKETS {
            let broker = &broker;
            scope.spawn(move || {
                let mut ada = Peer::online(broker, transport, &format!("ada over {transport}"));
                let begun = Instant::now();
                (0..5).for_each(|_| ada.answer_ping());
                assert!(2 * SILENCE <= begun.elapsed(), "{transport}: {:?}", begun.elapsed());
                ada.expect_silence();
            });
        }
    });
    assert_eq!(broker.stat("closed_silent"), 0);
}

#[test]
fn a_connection_without_a_session_is_closed_in_the_same_way() {
    // J-45: whether or not it said anything, and also one that said not even what it speaks.
    let brokers = [
        start_impatient(&[]),
        // As in the defaults, where the time to open a session is as long.
        start_impatient(&["limits.authenticate_timeout=3s"]),
    ];
    thread::scope(|scope| {
        for broker in &brokers {
            for transport in Transport::ALL {
                scope.spawn(move || wait_without_session(broker, transport, None));
                let greeting = Some(r#"{"auth":{"dt":"?"}}"#);
                scope.spawn(move || wait_without_session(broker, transport, greeting));
            }
        }
    });
    for broker in &brokers {
        assert_eq!(broker.stat("closed_silent"), 8);
    }
}

/// Connects, says no more than that, and checks when and how the connection ends.
fn wait_without_session(broker: &Broker, transport: Transport, greeting: Option<&str>) {
    let before = Instant::now();
    let mut peer = Peer::connect(broker, transport);
    if let Some(greeting) = greeting {
        peer.ask(greeting);
    }
    let after = Instant::now();
    let ending = peer.expect_close();
    let how = format!("{transport}, {greeting:?}: {ending:?} after {:?}", after.elapsed());
    // Inside TLS nothing can be said to one of whom nothing was heard.
    let is_cut = ending == Ending::Cut && greeting.is_none();
    assert!(is_cut || ending.is_goodbye(transport, 1000), "{how}");
    assert!(SILENCE <= before.elapsed(), "{how}");
    assert!(after.elapsed() <= 2 * SILENCE, "{how}");
}

#[test]
fn any_packet_is_a_sign_of_life() {
    // J-43: none of these is a heartbeat, and the session outlives twice its timeout.
    let broker = start_impatient(&[]);
    let packets = [
        r#"{"pushAck":{"id":"none"}}"#,
        r#"{"pub":{"cn":"room","dt":1}}"#,
        r#"{"pub":{"cn":"room"}}"#,
    ];
    thread::scope(|scope| {
        for transport in Transport::ALL {
            for packet in packets {
                let broker = &broker;
                scope.spawn(move || {
                    let mut ada = Peer::online(broker, transport, &format!("{packet} {transport}"));
                    for _ in 0..5 {
                        // A WebSocket is sent a ping meanwhile (J-130).
                        ada.has_something_within(Duration::from_secs(2));
                        ada.send(packet);
                    }
                    ada.expect_silence();
                });
            }
        }
    });
}
