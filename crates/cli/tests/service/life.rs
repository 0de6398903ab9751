//! It serves, reads its settings anew, stops.

use std::net::TcpStream;

use rialto_testkit::{Peer, Port, Transport};
use rustix::time::{ClockId, clock_gettime};

use super::{Manager, PROGRAM, launch};

#[test]
fn a_client_can_connect_when_it_says_that_it_is_ready() {
    let manager = Manager::new();
    let port = Port::reserve().unwrap();
    let mut broker = std::process::Command::new(PROGRAM)
        .args(["serve", "--set", "store.kind=memory", "--listen", &port.address.to_string()])
        .env("NOTIFY_SOCKET", manager.name())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let first = manager.next();
    assert!(first.value("STATUS").starts_with("starting"), "{first:?}");
    let ready = manager.next();
    TcpStream::connect(port.address).unwrap();
    assert!(ready.has("READY=1"), "{ready:?}");
    let address = port.address.to_string();
    assert!(ready.value("STATUS").contains(&address), "it says where it listens: {ready:?}");
    broker.kill().unwrap();
    broker.wait().unwrap();
}

#[test]
fn one_that_cannot_start_says_why_and_is_never_ready() {
    let manager = Manager::new();
    let running = launch().start();
    let address = running.address().to_string();
    let ended = std::process::Command::new(PROGRAM)
        .args(["serve", "--set", "store.kind=memory", "--listen", &address])
        .env("NOTIFY_SOCKET", manager.name())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = manager.find("why", |told| !told.value("STATUS").starts_with("starting"));
    let status = told.value("STATUS");
    assert!(status.starts_with("cannot start: listener listen-1 cannot listen on"), "{status}");
    assert!(manager.next_within(std::time::Duration::ZERO).is_none(), "it is not ready");
}

#[test]
fn a_reload_is_told_with_its_time_and_when_it_is_over() {
    let manager = Manager::new();
    let broker = manager.start(launch().config("[limits]\npacket_bytes_max = \"1MiB\"\n")).start();
    manager.expect("READY=1");
    broker.configure("[limits]\npacket_bytes_max = \"2MiB\"\n");
    let before = monotonic_microseconds();
    broker.hang_up();
    let reloading = manager.next();
    assert!(reloading.has("RELOADING=1"), "{reloading:?}");
    let began = reloading.number("MONOTONIC_USEC");
    assert!((before..=monotonic_microseconds()).contains(&began), "{before} {began}");
    let ready = manager.next();
    assert!(ready.has("READY=1"), "{ready:?}");
    assert!(!ready.value("STATUS").contains("refused"), "{ready:?}");
    let is_read = |line: &String| line.contains("limits.packet_bytes_max");
    assert!(broker.log_lines().iter().any(is_read), "it is over when it is over");
}

#[test]
fn a_reload_that_is_refused_says_so_and_the_next_one_takes_that_back() {
    let manager = Manager::new();
    let broker = manager.start(launch().config("")).start();
    manager.expect("READY=1");
    broker.configure("[limits]\npacket_bytes_max = \"a lot\"\n");
    broker.hang_up();
    assert!(manager.next().has("RELOADING=1"));
    let refused = manager.next();
    assert!(refused.has("READY=1"), "it serves on: {refused:?}");
    let status = refused.value("STATUS");
    assert!(status.contains("refused") && status.contains("packet_bytes_max"), "{status}");
    _ = Peer::online(&broker, Transport::Tcp, "ada");

    broker.configure("");
    broker.hang_up();
    assert!(manager.next().has("RELOADING=1"));
    assert!(!manager.next().value("STATUS").contains("refused"));
}

#[test]
fn a_stop_is_told_with_the_time_it_may_take() {
    let manager = Manager::new();
    let mut broker = manager.start(launch().set("server.shutdown_timeout=7m")).start();
    manager.expect("READY=1");
    let (status, _) = broker.terminate();
    assert!(status.success());
    let stopping = manager.next();
    assert!(stopping.has("STOPPING=1"), "{stopping:?}");
    let seven_minutes = 7 * 60 * 1_000_000;
    let time = stopping.number("EXTEND_TIMEOUT_USEC");
    assert!((seven_minutes..2 * seven_minutes).contains(&time), "{time}");
    assert!(manager.next_within(std::time::Duration::ZERO).is_none(), "that was the last");
}

#[test]
fn an_abstract_socket_is_as_good() {
    let manager = Manager::abstract_one();
    let mut broker = manager.start(launch()).start();
    manager.expect("READY=1");
    broker.terminate();
    manager.expect("STOPPING=1");
}

#[test]
fn without_a_manager_nobody_is_told_and_nothing_is_said_of_it() {
    let mut broker = launch().variable("WATCHDOG_USEC", "1000000").start();
    broker.hang_up();
    broker.wait_for_log("line of the reload", |line| line["changes"] == 0);
    broker.terminate();
    let speaks_of_it = |line: &String| line.contains("service manager");
    assert!(!broker.log_lines().iter().any(speaks_of_it));
}

#[test]
fn one_that_is_gone_keeps_nobody_from_serving() {
    for name in ["/nowhere/at/all", "nonsense"] {
        let broker = launch().variable("NOTIFY_SOCKET", name).start();
        _ = Peer::online(&broker, Transport::Tcp, "ada");
        let speaks_of_it = |line: &&String| line.contains("service manager");
        let lines = broker.log_lines();
        assert!(lines.iter().any(|line| speaks_of_it(&line)), "{name}: {lines:?}");
    }
}

fn monotonic_microseconds() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000 + now.tv_nsec / 1000).unwrap()
}
