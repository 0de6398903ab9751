//! `rialto ping` and `rialto version`.

use std::process::{Command as Process, Stdio};
use std::time::Instant;

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::Value;

use crate::{common::PROGRAM, nobody, rialto, rialto_in};

fn broker_with_tokens() -> Broker {
    let settings = "[access]\nmode = \"tokens\"\n\
                    [[access.tokens]]\nclient = \"ada\"\ntoken = \"open sesame\"\n";
    Launch::of(PROGRAM).config(settings).start()
}

#[test]
fn a_broker_that_asks_for_tokens_is_reached_without_any() {
    let broker = broker_with_tokens();
    let before = broker.log_lines().len();
    for scheme in ["jmqt", "ws"] {
        let server = format!("{scheme}://{}", broker.address());
        let printed = rialto(&["ping", "--server", &server]).printed();
        assert!(printed.starts_with(&format!("{server} answered within ")), "{printed}");
        assert!(printed.contains(" ms, connected within "), "{printed}");
    }
    let more: Vec<String> = broker.log_lines().split_off(before);
    assert!(!more.iter().any(|line| line.contains("token")), "it tried to log in: {more:?}");
}

#[test]
fn pings_are_counted_and_summed_up() {
    let broker = Broker::start(PROGRAM);
    let server = format!("jmqt://{}", broker.address());
    for login in [&[][..], &["--login"]] {
        let args = ["ping", "--server", &server, "--count", "3", "--interval", "1ms"];
        let printed = rialto(&[&args[..], login].concat()).printed();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 4, "{printed}");
        assert!(lines[3].starts_with("3 answers: shortest "), "{printed}");
        let json = rialto(&[&args[..], login, &["--json"]].concat()).printed();
        for line in json.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["server"], server);
            assert!(record["answered_ms"].as_f64().is_some_and(|ms| 0.0 < ms), "{json}");
            assert_eq!(record["connected_ms"].is_f64(), login.is_empty(), "{json}");
        }
        assert_eq!(json.lines().count(), 3);
    }
}

#[test]
fn a_login_needs_what_the_broker_asks_for_and_ends_with_1_without() {
    let broker = broker_with_tokens();
    let server = format!("jmqt://{}", broker.address());
    let said = rialto(&["ping", "--server", &server, "--login"]).failed(1);
    assert!(said.contains("refused the connection"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let args = ["ping", "--server", &server, "--client", "ada"];
    rialto_in(dir.path(), &[("RIALTO_TOKEN", "open sesame")], &args, "").printed();
    rialto_in(dir.path(), &[("RIALTO_TOKEN", "wrong")], &args, "").failed(1);
}

#[test]
fn a_ping_without_a_login_ends_no_session() {
    let broker = Broker::start(PROGRAM);
    let server = format!("jmqt://{}", broker.address());
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    rialto(&["ping", "--server", &server]).printed();
    ada.expect_silence();
    assert_eq!(broker.stat("sessions_opened"), 2, "ada's and that of the one who asks");
}

#[test]
fn a_ping_is_no_refused_publish() {
    let broker = Broker::start(PROGRAM);
    rialto(&[
        "ping",
        "--count",
        "3",
        "--interval",
        "1ms",
        "--server",
        &format!("jmqt://{}", broker.address()),
    ])
    .printed();
    for counter in ["rejected", "publish_refused", "malformed"] {
        assert_eq!(broker.stat(counter), 0, "{counter}");
    }
}

#[test]
fn nobody_and_somebody_else_end_it_with_3() {
    rialto(&["ping", "--server", &nobody()]).failed(3);
    let broker = Launch::of(PROGRAM).coremq().start();
    let coremq = format!("jmqt://{}", broker.address_of("coremq"));
    let said = rialto(&["ping", "--server", &coremq]).failed(3);
    assert!(said.contains("a CoreMQ server answers there"), "{said}");
    let full = Broker::with(PROGRAM, &["limits.connections_max=1"]);
    let _first = Peer::online(&full, Transport::Tcp, "first");
    let said = rialto(&["ping", "--server", &format!("jmqt://{}", full.address())]).failed(3);
    assert!(said.contains("turned the connection away"), "{said}");
}

#[test]
fn a_reader_that_has_enough_ends_it() {
    let broker = Broker::start(PROGRAM);
    let server = format!("jmqt://{}", broker.address());
    let started = Instant::now();
    let mut child = Process::new(PROGRAM)
        .args(["ping", "--count", "1000000", "--interval", "1ms", "--server", &server])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn the_version_is_a_command_too() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(rialto(&["version"]).printed(), format!("rialto {version}\n"));
    let record: Value =
        serde_json::from_str(&rialto(&["version", "--format", "json"]).printed()).unwrap();
    assert_eq!((&record["name"], &record["version"]), (&"rialto".into(), &version.into()));
}
