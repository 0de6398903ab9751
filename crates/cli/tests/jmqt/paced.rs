//! Clients that read 1024 bytes at a time (J-106 to J-110, J-127).

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use crate::launch;

/// What the original Python client reads at once.
const READ_BYTES: usize = 1024;
/// Least time between two writes to it.
const PAUSE: Duration = Duration::from_millis(3);

fn broker() -> Broker {
    launch().listener("paced").set("listeners.paced.paced=true").start()
}

/// Opens a session on the paced listener.
fn online(broker: &Broker, transport: Transport, client: &str) -> Peer {
    let mut peer = Peer::connect_to(broker, broker.address_of("paced"), transport);
    peer.log_in(client);
    peer
}

/// Publishes `count` messages with `dt_bytes` of data to a channel, all in one go.
fn burst(broker: &Broker, count: usize, dt_bytes: usize) {
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    let packet = json!({"pub": {"cn": "room", "dt": "x".repeat(dt_bytes)}}).to_string();
    bob.send_all(&vec![packet.as_str(); count]);
    bob.leave();
}

#[test]
fn writes_are_whole_frames_and_small() {
    // J-106, J-107: a read that takes all there is ends with a frame. Two frames of 700 bytes do
    // not fit in one write, so each is a pause away from the next; of 100 bytes ten do.
    for (count, dt_bytes, frames_a_write) in [(40, 650, 1), (400, 50, 11), (10, 3000, 1)] {
        let broker = broker();
        let mut ada = online(&broker, Transport::Tcp, "ada");
        ada.subscribe("room");
        ada.expect_silence();
        let started = Instant::now();
        burst(&broker, count, dt_bytes);
        let mut taken = 0;
        let mut bytes = vec![0; 1 << 20];
        while taken < count {
            let read = ada.socket().read(&mut bytes).unwrap();
            assert_eq!(bytes[..read].last(), Some(&0), "a read ended within a frame");
            taken += bytes[..read].iter().filter(|&&byte| byte == 0).count();
        }
        let writes = count.div_ceil(frames_a_write) as u32;
        let least = PAUSE * (writes - 1);
        assert!(least <= started.elapsed(), "{writes} writes in {:?}", started.elapsed());
        ada.expect_silence();
    }
}

#[test]
fn other_listeners_are_not_slowed_down() {
    // J-106: frames are not cut into small writes where nobody asked for it.
    let broker = broker();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    ada.expect_silence();
    burst(&broker, 4000, 50);
    let mut bytes = vec![0; 1 << 20];
    let mut longest_read = 0;
    let mut taken = 0;
    while taken < 4000 {
        let read = ada.socket().read(&mut bytes).unwrap();
        longest_read = longest_read.max(read);
        taken += bytes[..read].iter().filter(|&&byte| byte == 0).count();
    }
    assert!(READ_BYTES < longest_read, "no read had more than {longest_read} bytes");
}

#[test]
fn inside_tls_every_frame_is_a_record_of_its_own() {
    // J-108
    const COUNT: usize = 200;
    let broker = broker();
    let (records, address) = record_counter(&broker);
    let mut ada = Peer::connect_to(&broker, address, Transport::Tls);
    ada.log_in("ada");
    ada.subscribe("room");
    ada.expect_silence();
    let before = records.load(Ordering::SeqCst);
    burst(&broker, COUNT, 100);
    for _ in 0..COUNT {
        ada.expect(r#"{"push":{"cn":"room","dt":"*","cl":"bob"}}"#);
    }
    assert_eq!(records.load(Ordering::SeqCst) - before, COUNT);
}

#[test]
fn stored_messages_wait_for_each_others_acknowledgement() {
    // J-109: at most 1024 bytes are under way, however small the messages and many the channels.
    let broker = broker();
    let mut ada = online(&broker, Transport::Tcp, "ada");
    let channels = ["log 1", "log 2", "log 3"];
    for channel in channels {
        ada.subscribe_for_good(channel);
    }
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for n in 0..30 {
        let size = [10, 400, 650][n % 3];
        let dt = "x".repeat(size);
        bob.send(json!({"pub": {"cn": channels[n / 3 % 3], "dt": dt, "q": 1, "id": "1"}}));
        bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }

    let mut ada = online(&broker, Transport::Tcp, "ada");
    for taken in 0..30 {
        let mut push: Value = serde_json::from_str(&ada.recv_text()).unwrap();
        assert!(push["push"].is_object(), "{push}");
        // Nothing may be under way when the next page is still being read from the store.
        assert!(!ada.has_something_within(Duration::from_millis(20)), "{taken} are acknowledged");
        ada.send(json!({"pushAck": {"id": push["push"]["id"].take()}}));
    }
    ada.expect_silence();
}

#[test]
fn a_subscriber_that_acknowledges_nothing_gets_everything_all_the_same() {
    // J-127: it is waited for once, and then no more.
    let broker = broker();
    let mut ada = online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for n in 0..20 {
        bob.send(json!({"pub": {"cn": "room", "dt": n, "q": 1, "id": "1"}}));
        bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }
    for n in 0..20 {
        ada.expect(json!({"push": {"cn": "room", "dt": n, "cl": "bob", "q": 1, "id": "*"}}));
    }
    ada.expect_silence();
}

#[test]
fn a_client_that_drops_off_at_a_long_frame_finds_everything_again() {
    // J-110: the original client disconnects at a read without a NUL.
    let broker = broker();
    let mut ada = online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("log");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let long = "x".repeat(2000);
    for dt in ["short", &long, "short again"] {
        bob.send(json!({"pub": {"cn": "log", "dt": dt, "q": 1, "id": "1"}}));
        bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }
    let push = ada.recv()["push"].take();
    assert_eq!(push["dt"], "short");
    ada.send(json!({"pushAck": {"id": push["id"]}}));
    let mut first_part = [0; READ_BYTES];
    ada.socket().read_exact(&mut first_part).unwrap();
    assert!(!first_part.contains(&0));
    ada.reset();

    for _ in 0..2 {
        let mut ada = online(&broker, Transport::Tcp, "ada");
        let push = ada.recv()["push"].take();
        assert_eq!(push["dt"], long);
        ada.reset();
    }
    let mut ada = online(&broker, Transport::Tcp, "ada");
    let push = ada.recv()["push"].take();
    ada.send(json!({"pushAck": {"id": push["id"]}}));
    ada.expect(r#"{"push":{"cn":"log","dt":"short again","cl":"bob","q":1,"id":"*"}}"#);
    ada.send(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"1","dt":{"channels":["log"],"subscriptions":"*"}}}"#);
}

/// Stands between one peer and the paced listener and counts the records that come with data.
fn record_counter(broker: &Broker) -> (Arc<AtomicUsize>, std::net::SocketAddr) {
    const APPLICATION_DATA: u8 = 23;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let paced = broker.address_of("paced");
    let records = Arc::new(AtomicUsize::new(0));
    let counter = records.clone();
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut broker = TcpStream::connect(paced).unwrap();
        let (mut from_peer, mut to_broker) =
            (peer.try_clone().unwrap(), broker.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from_peer, &mut to_broker));
        let mut head = [0; 5];
        while broker.read_exact(&mut head).is_ok() {
            let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            broker.read_exact(&mut body).unwrap();
            // Counted before it is passed on, so that whoever has it finds it counted.
            if head[0] == APPLICATION_DATA {
                counter.fetch_add(1, Ordering::SeqCst);
            }
            if peer.write_all(&head).and_then(|()| peer.write_all(&body)).is_err() {
                return;
            }
        }
    });
    (records, address)
}
