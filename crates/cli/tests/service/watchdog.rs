//! It says again and again that it works, as long as it does.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rialto_testkit::{PATIENCE, Port};
use rusqlite::Connection;

use super::{Manager, PROGRAM, launch};
use crate::common::{Signal, frames, publish, publish_stored, signal};
use rialto_testkit::{Peer, Transport};

/// Within which time the manager wants to hear of it.
const WITHIN: Duration = Duration::from_secs(1);
const WITHIN_US: &str = "1000000";
const ALIVE: &str = "WATCHDOG=1";

#[test]
fn it_comes_twice_within_the_time_and_not_from_one_that_is_stopped() {
    let manager = Manager::new();
    let broker = manager.start(launch().variable("WATCHDOG_USEC", WITHIN_US)).start();
    manager.expect("READY=1");
    manager.expect(ALIVE);
    let began = Instant::now();
    for _ in 0..6 {
        assert!(manager.next().has(ALIVE));
    }
    let took = began.elapsed();
    assert!(2 * WITHIN < took, "no more often than needed: {took:?}");

    signal(broker.process_id(), Signal::STOP);
    manager.drain();
    let told = manager.next_within(2 * WITHIN);
    assert!(told.is_none(), "a process that is stopped tells {told:?}");
    signal(broker.process_id(), Signal::CONT);
    manager.expect(ALIVE);
}

#[test]
fn one_that_is_stuck_is_silent_until_it_goes_on() {
    // Nobody reads its log, so that its threads wait to write it: nobody is served by then.
    let manager = Manager::new();
    let port = Port::reserve().unwrap();
    let mut broker = Stuck(
        std::process::Command::new(PROGRAM)
            .args(["serve", "--set", "server.worker_threads=1"])
            .args(["--pubsubx", &port.address.port().to_string()])
            .env("NOTIFY_SOCKET", manager.name())
            .env("WATCHDOG_USEC", WITHIN_US)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    manager.expect("READY=1");
    manager.expect(ALIVE);
    let deadline = Instant::now() + PATIENCE;
    let mut socket = TcpStream::connect(port.address).unwrap();
    socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.write_all(b"CONNECT ada\n\nx").unwrap();
    // Each is logged.
    let messages = b"SUBSCRIBE room\n\nxUNSUBSCRIBE room\n\nx".repeat(500);
    while manager.next_within(WITHIN).is_some() {
        assert!(Instant::now() < deadline, "it is not stuck");
        _ = socket.write_all(&messages);
    }
    assert!(manager.next_within(2 * WITHIN).is_none(), "nobody is served, and it says nothing");

    let mut log = broker.0.stderr.take().unwrap();
    std::thread::spawn(move || _ = log.read_to_end(&mut Vec::new()));
    manager.expect(ALIVE);
}

#[test]
fn a_disk_that_hangs_is_told_of_and_ends_nobody() {
    // A lock that another program holds on the database stands for it.
    let manager = Manager::new();
    let broker = manager.start(launch().variable("WATCHDOG_USEC", WITHIN_US)).start();
    manager.expect("READY=1");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");

    let lock = Connection::open(broker.data_dir().join("rialto.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    bob.send_raw(&frames([publish_stored("room", 1, 1)]));
    let slow = manager.find("that it waits", |told| !told.has(ALIVE));
    assert!(slow.value("STATUS").contains("waiting for the disk"), "{slow:?}");
    for _ in 0..4 {
        manager.expect(ALIVE);
    }
    // QoS 0 goes on.
    let mut eve = Peer::online(&broker, Transport::Tcp, "eve");
    eve.subscribe("hall");
    let mut dan = Peer::online(&broker, Transport::Tcp, "dan");
    dan.send(publish("hall", 7));
    assert_eq!(eve.recv()["push"]["dt"], 7);

    drop(lock);
    let over = manager.find("that it is over", |told| !told.has(ALIVE));
    assert!(!over.value("STATUS").contains("waiting"), "{over:?}");
    assert_eq!(ada.recv()["push"]["dt"], 1);
}

#[test]
fn the_watchdog_of_another_process_is_not_ours() {
    let manager = Manager::new();
    let launch = launch().variable("WATCHDOG_USEC", WITHIN_US).variable("WATCHDOG_PID", "1");
    let _broker = manager.start(launch).start();
    manager.expect("READY=1");
    assert!(manager.next_within(2 * WITHIN).is_none());
}

/// A broker that may not be able to end.
struct Stuck(Child);

impl Drop for Stuck {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
