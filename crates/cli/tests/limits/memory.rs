//! Everything that waits has one bound, over all connections: what goes when it is reached, and in
//! which order.

use std::time::{Duration, Instant};

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::json;

use super::{check_logged, check_serves, start};

/// What may wait, in these tests.
const BOUND: &str = "limits.waiting_bytes_max=48MiB";
const BOUND_BYTES: usize = 48 << 20;
/// What a busy broker takes besides: buffers of threads, and what the allocator keeps ready.
const SPARE_BYTES: usize = 24 << 20;
/// Clients that do not read.
const ASLEEP: usize = 20;
/// Messages for each of them.
const COUNT: usize = 10;

/// Connects clients that will not read; each has a channel of its own.
fn sleepers(broker: &Broker) -> Vec<Peer> {
    let sleeper = |n: usize| {
        let transport = Transport::ALL[n % Transport::ALL.len()];
        let mut peer = Peer::online(broker, transport, &format!("asleep-{n}"));
        peer.subscribe(&format!("room-{n}"));
        peer
    };
    (0..ASLEEP).map(sleeper).collect()
}

/// Publishes large messages to all of them; far more in all than may wait, and for each far less.
fn publish_to_all(broker: &Broker, sleepers: &mut [Peer], qos: u8) {
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    let text = "x".repeat(900_000);
    for _ in 0..COUNT {
        for (n, sleeper) in sleepers.iter_mut().enumerate() {
            let channel = format!("room-{n}");
            bob.send(json!({"pub": {"cn": channel, "dt": text, "q": qos, "id": "1"}}));
            if qos == 1 {
                bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            }
            // They say that they are there, and nothing else.
            _ = sleeper.try_send_frame(br#"{"hb":{}}"#);
        }
    }
    bob.leave();
}

/// Proves that the process has grown by no more than half as much again as may wait.
#[track_caller]
fn check_growth(broker: &Broker, before: usize) {
    let growth = broker.memory_bytes().saturating_sub(before);
    let waiting = broker.stat("waiting_bytes") >> 10;
    eprintln!("{} KiB more, {waiting} of it known to wait", growth >> 10);
    assert!(growth < BOUND_BYTES / 2 * 3 + SPARE_BYTES, "{} KiB more", growth >> 10);
}

#[test]
fn clients_that_do_not_read_are_bounded_together_by_dropping_what_may_be_dropped() {
    // J-104
    let broker = start(&[BOUND, "history.messages=0"]);
    let mut sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_to_all(&broker, &mut sleepers, 0);
    check_growth(&broker, before);
    assert!(0 < broker.stat("dropped_slow"));
    assert_eq!(broker.stat("closed_limit"), 0, "dropping was enough");
    check_serves(&broker);
    drop(sleepers);
    wait_for_room(&broker);
}

#[test]
fn clients_that_do_not_read_are_closed_where_nothing_may_be_dropped() {
    // J-104, J-75
    let broker = start(&[BOUND, "history.messages=0"]);
    let mut sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_to_all(&broker, &mut sleepers, 1);
    check_growth(&broker, before);
    let closed = broker.stat("closed_limit");
    assert!(0 < closed && closed <= ASLEEP as u64, "{closed}");
    check_logged(&broker, "WARN", "memory limit reached");
    check_logged(&broker, "WARN", "connection closed at a limit");
    check_serves(&broker);
    drop(sleepers);
    wait_for_room(&broker);
    check_logged(&broker, "INFO", "memory of waiting data is below its limit again");
}

#[test]
fn histories_go_before_anybody_is_closed() {
    let broker = start(&["limits.waiting_bytes_max=16MiB", "history.bytes_max=256MiB"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room-7");
    let before = broker.memory_bytes();
    let text = "x".repeat(100_000);
    for n in 0..1000 {
        let channel = format!("room-{}", n % 500);
        bob.send(json!({"pub": {"cn": channel, "dt": text}}));
    }
    bob.expect_silence();
    let growth = broker.memory_bytes().saturating_sub(before);
    assert!(growth < (16 << 20) / 2 * 3 + SPARE_BYTES, "{} KiB more", growth >> 10);
    assert!(500 < broker.stat("history_evicted"));
    assert_eq!((broker.stat("closed_limit"), broker.stat("dropped_slow")), (0, 0));
    for _ in 0..2 {
        assert_eq!(reader.recv()["push"]["cn"], "room-7");
    }
}

#[test]
fn retained_messages_are_refused_before_they_take_more_than_may_wait() {
    // J-71: status 5
    let broker = start(&["limits.waiting_bytes_max=16MiB"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let text = "x".repeat(500_000);
    let mut refused = 0;
    for n in 0..60 {
        let channel = format!("room-{n}");
        let packet = json!({"pub": {"cn": channel, "dt": text, "rt": 1, "q": 1, "id": "1"}});
        refused += usize::from(bob.ask(packet)["pubAck"]["st"] == 5);
    }
    assert!((20..50).contains(&refused), "{refused}");
    let waiting = broker.stat("waiting_bytes");
    assert!((12 << 20..18 << 20).contains(&waiting), "{waiting}");
    check_serves(&broker);
}

#[test]
fn another_bound_is_taken_up_while_the_broker_runs() {
    let launch = super::launch().config("[limits]\nwaiting_bytes_max = \"256MiB\"\n");
    let broker = launch.start();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let text = "x".repeat(500_000);
    for n in 0..40 {
        bob.send(json!({"pub": {"cn": format!("room-{n}"), "dt": text}}));
    }
    bob.expect_silence();
    assert_eq!(broker.stat("history_evicted"), 0);
    broker.configure("[limits]\nwaiting_bytes_max = \"8MiB\"\n");
    broker.hang_up();
    check_logged(&broker, "INFO", "a setting was changed");
    bob.expect_silence();
    assert!(20 < broker.stat("history_evicted"));
}

/// Waits until next to nothing waits.
#[track_caller]
fn wait_for_room(broker: &Broker) {
    let started = Instant::now();
    while 1 << 20 < broker.stat("waiting_bytes") {
        assert!(started.elapsed() < Duration::from_secs(10), "it is still full");
    }
}
