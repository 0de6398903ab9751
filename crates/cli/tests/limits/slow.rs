//! Peers that do not read, or do not acknowledge.

use rialto_testkit::{Broker, Ending, Peer, Transport};
use serde_json::{Value, json};

use crate::{check_logged, check_serves, start};

/// What may wait for a client, in these tests.
const OUTBOX: [&str; 2] = ["limits.outbox_bytes_max=1MiB", "limits.packet_bytes_max=64KiB"];
/// Messages of one round: far more than outboxes and the buffers of the system hold.
const COUNT: usize = 1500;
const DATA_BYTES: usize = 32 << 10;

/// Has somebody publish `COUNT` messages, never faster than `reader` reads them, in order.
#[track_caller]
fn publish_to(broker: &Broker, reader: &mut Peer, q: u8) {
    const AT_ONCE: usize = 10;
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    let data = "x".repeat(DATA_BYTES);
    for first in (0..COUNT).step_by(AT_ONCE) {
        for n in first..first + AT_ONCE {
            bob.send(json!({"pub": {"cn": "room", "dt": [n, data], "q": q, "id": "1"}}));
        }
        for n in first..first + AT_ONCE {
            let push = reader.recv()["push"].take();
            assert_eq!(push["dt"][0], n);
            if q == 1 {
                reader.send(json!({"pushAck": {"id": push["id"]}}));
                bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            }
        }
    }
    bob.leave();
}

/// Connects subscribers over all transports that will not read for now.
fn sleepers(broker: &Broker) -> [Peer; 4] {
    Transport::ALL.map(|transport| {
        let mut sleeper = Peer::online(broker, transport, &format!("asleep over {transport}"));
        sleeper.subscribe("room");
        sleeper
    })
}

#[test]
fn a_subscriber_that_does_not_read_loses_messages_and_harms_nobody() {
    // J-104: memory stays within the outboxes; the drops are counted and said once each; whoever
    // reads again gets whole frames in order, and what is published then.
    let broker = start(&OUTBOX);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room");
    let mut sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_to(&broker, &mut reader, 0);
    check_memory(&broker, before);

    let dropped = broker.stat("dropped_slow");
    assert!(0 < dropped && dropped < 4 * COUNT as u64, "{dropped}");
    for transport in Transport::ALL {
        let client = format!(r#""client":"asleep over {transport}""#);
        let lines = broker.log_lines();
        let said =
            lines.iter().filter(|line| line.contains(&client) && line.contains("slow consumer"));
        assert_eq!(said.count(), 1, "{transport}");
    }
    let mut received = 0;
    for sleeper in &mut sleepers {
        sleeper.send(r#"{"hb":{}}"#);
        let mut last = None;
        while let packet = sleeper.recv()
            && packet.get("hbAck").is_none()
        {
            let n = packet["push"]["dt"][0].as_u64();
            assert!(last < n, "{n:?} came behind {last:?}");
            (last, received) = (n, received + 1);
        }
    }
    assert_eq!(received + dropped, 4 * COUNT as u64);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(r#"{"pub":{"cn":"room","dt":"still there"}}"#);
    for sleeper in &mut sleepers {
        sleeper.expect(r#"{"push":{"cn":"room","dt":"still there","cl":"bob"}}"#);
    }
    check_serves(&broker);
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_where_that_is_configured() {
    // J-104
    let settings = [OUTBOX[0], OUTBOX[1], "delivery.slow_consumer=close"];
    let broker = start(&settings);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room");
    let sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_to(&broker, &mut reader, 0);
    check_memory(&broker, before);
    check_closed(&broker, "slow consumer");
    for sleeper in sleepers {
        expect_abrupt_end(sleeper);
    }
    check_serves(&broker);
}

#[test]
fn a_subscriber_that_reads_no_quality_1_is_closed() {
    // J-104, J-75: what must be acknowledged is not dropped.
    let broker = start(&OUTBOX);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room");
    let sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_to(&broker, &mut reader, 1);
    check_memory(&broker, before);
    check_closed(&broker, "");
    for sleeper in sleepers {
        expect_abrupt_end(sleeper);
    }
    check_serves(&broker);
}

#[test]
fn what_a_persistent_subscriber_does_not_read_waits_in_the_store() {
    // J-77, J-78, J-104: nothing is lost, and memory stays within the window.
    let broker = start(&OUTBOX);
    let mut after_first = None;
    for transport in Transport::ALL {
        let mut reader = Peer::online(&broker, transport, "reader");
        reader.subscribe("room");
        let mut sleeper = Peer::online(&broker, transport, "asleep");
        sleeper.subscribe_for_good("room");
        publish_to(&broker, &mut reader, 1);
        // By the end of the first round the store's own cache is as large as it gets.
        check_memory(&broker, *after_first.get_or_insert_with(|| broker.memory_bytes()));
        for n in 0..COUNT {
            let push = sleeper.recv()["push"].take();
            assert_eq!(push["dt"][0], n, "{transport}");
            sleeper.send(json!({"pushAck": {"id": push["id"]}}));
        }
        sleeper.expect_silence();
        sleeper.send(r#"{"unsub":{"cn":"room"}}"#);
        sleeper.expect(r#"{"unsubAck":{"st":1,"cn":"room"}}"#);
        sleeper.leave();
        reader.leave();
    }
    assert_eq!((broker.stat("closed_limit"), broker.stat("dropped_slow")), (0, 0));
}

#[test]
fn a_publisher_that_does_not_read_its_acknowledgements_is_read_no_further_and_closed() {
    // J-104, J-119: long ids make long acknowledgements.
    let settings = [OUTBOX[0], OUTBOX[1], "session.heartbeat_timeout=3s"];
    let broker = start(&settings);
    let before = broker.memory_bytes();
    let id = "x".repeat(DATA_BYTES);
    let packet = json!({"pub": {"cn": "room", "dt": 1, "q": 1, "id": id}}).to_string();
    std::thread::scope(|scope| {
        let (broker, packet) = (&broker, packet.as_bytes());
        for transport in Transport::ALL {
            scope.spawn(move || {
                let mut ada = Peer::online(broker, transport, &format!("ada over {transport}"));
                let sent = (0..COUNT).take_while(|_| ada.try_send_frame(packet).is_ok()).count();
                assert!(sent < COUNT, "{transport}: all of it was taken");
            });
        }
    });
    check_memory(&broker, before);
    check_closed(&broker, "slow consumer");
    check_serves(&broker);
}

#[test]
fn a_live_subscriber_may_leave_so_many_messages_unacknowledged() {
    // J-104, J-75: it reads all of them; then it is told and closed. Never below a thousand.
    const LIMIT: usize = 1200;
    let broker = start(&[&format!("limits.unacknowledged_max={LIMIT}")]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.subscribe("room");
        let mut bob = Peer::online(&broker, transport, "bob");
        let mut publish = |count: usize, first: usize| {
            for n in first..first + count {
                bob.send(json!({"pub": {"cn": "room", "dt": n, "q": 1, "id": "1"}}));
                bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            }
        };
        publish(LIMIT, 0);
        let ids: Vec<Value> = (0..LIMIT).map(|_| ada.recv()["push"]["id"].take()).collect();
        ada.expect_silence();
        // An acknowledgement makes room for one more.
        ada.send(json!({"pushAck": {"id": ids[7]}}));
        ada.expect_silence();
        publish(1, LIMIT);
        ada.expect(json!({"push": {"cn": "room", "dt": LIMIT, "cl": "bob", "q": 1, "id": "*"}}));
        ada.expect_silence();
        publish(1, LIMIT + 1);
        ada.expect(
            json!({"push": {"cn": "room", "dt": LIMIT + 1, "cl": "bob", "q": 1, "id": "*"}}),
        );
        ada.expect_last_word(1008, 7);
        bob.leave();
    }
    assert_eq!(broker.stat("closed_limit"), 4);
    check_logged(&broker, "WARN", "closed at a limit");
    check_serves(&broker);
}

/// Proves that connections were closed at a limit, and that the log says why.
#[track_caller]
fn check_closed(broker: &Broker, reason: &str) {
    assert_eq!(broker.stat("closed_limit"), 4);
    let entry = check_logged(broker, "WARN", "closed at a limit");
    assert!(entry["reason"].as_str().unwrap().contains(reason), "{entry}");
}

/// Reads what had arrived, up to an end without a goodbye: it would not have been read.
#[track_caller]
fn expect_abrupt_end(mut peer: Peer) {
    let ending = loop {
        if let Err(ending) = peer.next() {
            break ending;
        }
    };
    let is_abrupt = matches!(ending, Ending::Cut | Ending::Reset | Ending::Eof);
    assert!(is_abrupt, "over {}: {ending:?}", peer.transport());
}

/// Proves that the process has grown by no more than four outboxes and some room to work in.
#[track_caller]
fn check_memory(broker: &Broker, before: usize) {
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "the process has grown by {} KiB", grown >> 10);
}
