//! What reaches it: all of it, in order.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::json;

use crate::{
    common::{PROGRAM, acknowledge, frames, publish, publish_stored},
    publish_numbers,
    reader::{READ_BYTES, Reader},
    start,
};

const TRANSPORTS: [Transport; 2] = Transport::SOCKETS;
/// How long nothing must come for a burst to be over of which something was lost.
const SILENCE: Duration = Duration::from_secs(1);

#[test]
fn a_burst_arrives_whole() {
    // J-106 to J-108, J-126.
    for transport in TRANSPORTS {
        let broker = start();
        let mut python = Reader::online(&broker, transport);
        python.subscribe("room", 0);
        publish_burst(&broker, 300);
        expect_burst(&mut python, 300);
    }
}

#[test]
fn a_burst_that_is_to_be_acknowledged_arrives_whole() {
    // J-126, J-127: not stored, and stored.
    for transport in TRANSPORTS {
        for persistence in [0, 1] {
            let broker = start();
            let mut python = Reader::online(&broker, transport);
            python.subscribe("room", persistence);
            let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
            publish_numbers(&mut publisher, 0..150);
            expect_numbers(&mut python, 0..150);
        }
    }
}

#[test]
fn bursts_arrive_whole_while_the_machine_is_busy() {
    // J-106, J-127.
    let _busy = Busy::begin(8);
    for transport in TRANSPORTS {
        let broker = start();
        let mut python = Reader::online(&broker, transport);
        python.subscribe("room", 0);
        publish_burst(&broker, 300);
        expect_burst(&mut python, 300);
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publish_numbers(&mut publisher, 0..150);
        expect_numbers(&mut python, 0..150);
    }
}

#[test]
fn a_client_that_is_late_to_read_finds_the_ends_of_reads_where_frames_end() {
    // J-106: a dozen writes wait in its socket, and no read of it cuts one.
    let broker = start();
    let mut python = Reader::online(&broker, Transport::Tcp);
    python.subscribe("room", 0);
    publish_burst(&broker, 300);
    python.wait_for_unread(12 * READ_BYTES);
    expect_burst(&mut python, 300);
}

#[test]
fn inside_tls_one_push_is_unacknowledged_at_a_time() {
    // J-127: its threads, one for each read, would otherwise write acknowledgements into each other.
    let broker = start();
    let mut python = Reader::online(&broker, Transport::Tls);
    python.subscribe("room", 0);
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    publish_numbers(&mut publisher, 0..5);
    for number in 0..5 {
        let push = python.next();
        assert_eq!(push["push"]["dt"], number);
        let more = python.next_within(Duration::from_millis(100)).unwrap();
        assert_eq!(more, None, "{number} is not acknowledged");
        python.acknowledge(&push);
    }
}

#[test]
fn more_pushes_than_a_session_may_leave_unacknowledged_at_once_reach_it_one_by_one() {
    // J-127: they wait for it, which is not its fault.
    let broker = start();
    let mut python = Reader::online(&broker, Transport::Tcp);
    python.subscribe("room", 0);
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    publish_numbers(&mut publisher, 0..1500);
    expect_numbers(&mut python, 0..1500);
}

#[test]
fn a_burst_from_a_listener_that_is_never_paced_does_not_arrive_whole() {
    // Shows that the reader here is no better than the original one.
    for transport in TRANSPORTS {
        let broker = Launch::of(PROGRAM).set("listeners.listen-1.paced=false").start();
        let mut python = Reader::online(&broker, transport);
        python.subscribe("room", 0);
        publish_burst(&broker, 400);
        let mut received = 0;
        while let Some(packet) = python.next_within(SILENCE).unwrap() {
            received += usize::from(packet.get("push").is_some());
        }
        assert!(received < 200, "{received} of 400 came over {transport}");
    }
}

#[test]
fn stored_messages_arrive_whole_at_one_who_comes_back_and_at_one_who_is_there() {
    // J-109
    for transport in TRANSPORTS {
        let broker = start();
        subscribe_for_good(&broker);
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publish_numbers(&mut publisher, 0..200);
        let mut python = Reader::online(&broker, transport);
        expect_numbers(&mut python, 0..200);
        let publishing = thread::spawn(move || publish_numbers(&mut publisher, 200..400));
        expect_numbers(&mut python, 200..400);
        publishing.join().unwrap();
    }
}

#[test]
fn no_more_than_one_read_of_unacknowledged_stored_messages_is_under_way() {
    // J-109: of one channel or of several, to one who comes back and to one who is there.
    let broker = start();
    let mut python = Reader::online(&broker, Transport::Tcp);
    python.subscribe("room", 1);
    python.subscribe("other", 1);
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    for channel in ["room", "other"] {
        let numbers = 0..50;
        publisher.send_raw(&frames(numbers.map(|id| publish_stored(channel, id, id))));
        for id in 0..50 {
            publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
        }
    }
    for received in 0..100 {
        if received % 25 == 24 {
            drop(python);
            python = Reader::online(&broker, Transport::Tcp);
        }
        let push = python.next();
        assert!(push.get("push").is_some(), "{push}");
        let more = python.next_within(Duration::from_millis(20)).unwrap();
        assert_eq!(more, None, "{received} are acknowledged");
        python.acknowledge(&push);
    }
}

#[test]
fn a_frame_of_exactly_one_read_arrives() {
    // J-106
    for transport in TRANSPORTS {
        let broker = start();
        let mut python = Reader::online(&broker, transport);
        python.subscribe("room", 1);
        let payload = json!("x".repeat(READ_BYTES - frame_bytes(0)));
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publisher.send(publish_stored("room", &payload, 1));
        let push = python.next();
        assert_eq!(push["push"]["dt"], payload);
        assert_eq!(push.to_string().len() + 1, READ_BYTES, "the frame and its NUL: {push}");
    }
}

#[test]
fn a_frame_longer_than_a_read_breaks_its_connection_and_costs_nothing_else() {
    // J-104, J-110.
    for transport in TRANSPORTS {
        let broker = start();
        subscribe_for_good(&broker);
        let mut witness = Peer::online(&broker, Transport::Tcp, "witness");
        witness.subscribe("room");
        let long = json!("x".repeat(READ_BYTES - frame_bytes(0) + 1));
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        for (id, payload) in [json!("before"), long.clone(), json!("after")].iter().enumerate() {
            publisher.send(publish_stored("room", payload, id));
            publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
            let push = witness.recv();
            assert_eq!(push["push"]["dt"], *payload);
            witness.send(acknowledge(push["push"]["id"].as_str().unwrap()));
        }

        let mut python = Reader::online(&broker, transport);
        let push = python.next();
        assert_eq!(push["push"]["dt"], "before");
        python.acknowledge(&push);
        let error = python.next_within(PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "no frame in a read: it disconnects");
        drop(python);

        let mut again = Peer::online(&broker, Transport::Tcp, "python");
        for payload in [&long, &json!("after")] {
            again.expect(json!({"push": {
                "cn": "room", "dt": payload, "cl": "publisher", "q": 1, "id": "*"
            }}));
        }
        again.expect_silence();
        witness.expect_silence();
    }
}

/// Publishes small messages with QoS 0 in one write, and waits until the broker has them.
fn publish_burst(broker: &Broker, count: u64) {
    let mut publisher = Peer::online(broker, Transport::Tcp, "publisher");
    publisher.send_raw(&frames((0..count).map(|number| publish("room", number))));
    publisher.expect_silence();
    publisher.leave();
}

fn expect_burst(python: &mut Reader, count: u64) {
    for number in 0..count {
        let packet = python.next();
        assert_eq!(packet["push"]["dt"], number, "{packet}");
    }
    assert!(!python.has_lost, "nothing came in a form it cannot read");
}

/// Takes and acknowledges pushes of these numbers.
fn expect_numbers(python: &mut Reader, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let push = python.next();
        assert_eq!(push["push"]["dt"], number, "{push}");
        python.acknowledge(&push);
    }
    assert!(!python.has_lost, "nothing came in a form it cannot read");
}

fn subscribe_for_good(broker: &Broker) {
    let mut python = Peer::online(broker, Transport::Tcp, "python");
    python.subscribe_for_good("room");
    python.leave();
}

/// Returns the bytes of the push of a stored text of that length to `python`, its NUL included.
fn frame_bytes(text_bytes: usize) -> usize {
    let push = r#"{"push":{"cn":"room","dt":"","cl":"publisher","q":1,"id":"1-1"}}"#;
    push.len() + text_bytes + 1
}

/// Threads that keep every core busy until it is dropped.
struct Busy {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    fn begin(count: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let spin = |is_over: Arc<AtomicBool>| move || while !is_over.load(Ordering::Relaxed) {};
        let threads = (0..count).map(|_| thread::spawn(spin(is_over.clone()))).collect();
        Busy { is_over, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}
