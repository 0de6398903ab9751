//! Clients that take what one read gives for one frame (C-5).

use std::{
    io::Read as _,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, CoremqPeer, Transport};
use serde_json::json;

use crate::{connect, launch};

/// Least time between two writes.
const PAUSE: Duration = Duration::from_millis(3);
const COUNT: usize = 100;

fn broker() -> Broker {
    launch()
        .listener("paced")
        .set("listeners.paced.dialect=coremq")
        .set("listeners.paced.paced=true")
        .start()
}

/// Has somebody publish messages of that size in one go.
fn burst(broker: &Broker, bytes: usize) -> CoremqPeer {
    let mut ada = connect(broker);
    let object = json!({"text": "x".repeat(bytes)}).to_string();
    ada.send_all((0..COUNT).map(|_| ("a", object.as_str())));
    ada
}

#[test]
fn each_frame_is_written_by_itself() {
    // C-5: a read that takes all there is begins and ends with a frame, small or large, and frames
    // are a pause apart.
    for bytes in [0, 100, 3000] {
        let broker = broker();
        let address = broker.address_of("paced");
        let mut reader = CoremqPeer::connect_to(&broker, address, Transport::Tcp);
        reader.subscribe("a");
        let started = Instant::now();
        let _publisher = burst(&broker, bytes);
        let (mut taken, mut buffer) = (0, vec![0; 1 << 20]);
        while taken < COUNT {
            let count = reader.socket().read(&mut buffer).unwrap();
            let is_whole = buffer[0] == b'+' && buffer[count - 1] == b'}';
            assert!(is_whole, "a read began or ended within a frame");
            taken += String::from_utf8_lossy(&buffer[..count]).matches("+").count();
        }
        let least = PAUSE * (COUNT as u32 - 1);
        assert!(least <= started.elapsed(), "{COUNT} frames in {:?}", started.elapsed());
        reader.expect_silence();
    }
}

#[test]
fn other_listeners_are_not_slowed_down() {
    // C-5: where nobody asked for it, frames come as fast as they can.
    let broker = broker();
    let mut reader = connect(&broker);
    reader.subscribe("a");
    let mut publisher = burst(&broker, 100);
    for _ in 0..COUNT {
        publisher.recv();
    }
    let (mut longest, mut taken, mut buffer) = (0, 0, vec![0; 1 << 20]);
    while taken < COUNT {
        let count = reader.socket().read(&mut buffer).unwrap();
        longest = longest.max(count);
        taken += String::from_utf8_lossy(&buffer[..count]).matches("+").count();
    }
    assert!(1024 < longest, "no read had more than {longest} bytes");
}
