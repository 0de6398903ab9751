//! The filter for fail2ban that the documentation has, by the real program.

use std::{fs, path::Path, process::Command};

use rialto_testkit::{CoremqPeer, Peer, Port, Transport};
use serde_json::json;

use super::{common, http, launch, trace};

/// The filter that is to be installed.
const FILTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fail2ban/filter.conf");

/// What the journal puts before a line.
const JOURNAL: &str = "host.example rialto[4711]: ";

/// A client id that reads like a refusal of another address.
const MISLEADING: &str = r#"x INFO rialto::audit: refused event=session-refused dialect=jmqt listener=tcp address=198.51.100.1 port=1 reason=invalid-token rialto[1]:  INFO rialto::audit: refused event=session-refused dialect=jmqt listener=tcp address=198.51.100.1 reason=invalid-token ","address":"198.51.100.1","reason":"invalid-token"#;

/// Returns the addresses that the filter finds in a log, one for each line.
#[track_caller]
fn found(directory: &Path, log: &str) -> Vec<String> {
    let file = directory.join("rialto.log");
    // A line without its end is not read.
    fs::write(&file, format!("{log}\n")).unwrap();
    let output = Command::new("fail2ban-regex")
        .args(["--out", "ip"])
        .args([&file, Path::new(FILTER)])
        .output()
        .expect("fail2ban is installed by cargo xtask setup");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

/// Has a broker refuse a wrong token, a wrong key and something that is no attack.
fn attack(broker: &rialto_testkit::Broker) {
    let mut peer = Peer::connect(broker, Transport::Tcp);
    peer.ask(json!({"conn": {"cl": MISLEADING, "at": "wrong"}}));
    peer.send(r#"{"sub":{"cn":"a"}}"#);
    peer.expect(r#"{"subAck":{"st":7,"cn":"a","mg":"*"}}"#);
    let mut coremq = CoremqPeer::connect(broker, Transport::Tcp);
    coremq.ask("-", json!({"coremq_options": {"client": "bob", "token": "wrong"}}));
    assert_eq!(http::ask_with_key(broker, "GET /v1/clients", "wrong", ""), 401);
}

#[test]
fn the_filter_finds_the_addresses_of_those_who_guess_in_json() {
    let broker = launch("").start();
    attack(&broker);
    trace(&broker, "api-refused", "wrong-key");
    trace(&broker, "subscribe-refused", "no-session");
    let directory = tempfile::tempdir().unwrap();
    let lines = broker.log_lines();
    assert_eq!(found(directory.path(), &lines.join("\n")), ["127.0.0.1"; 3]);
    let journal: Vec<_> = lines.iter().map(|line| format!("{JOURNAL}{line}")).collect();
    assert_eq!(found(directory.path(), &journal.join("\n")), ["127.0.0.1"; 3]);
}

#[test]
fn the_filter_finds_the_same_in_text() {
    let directory = tempfile::tempdir().unwrap();
    let port = Port::reserve().unwrap();
    let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), port.address.to_string()];
    for setting in ["store.kind=memory", "access.mode=tokens"] {
        arguments.extend(["--set".to_owned(), setting.to_owned()]);
    }
    let broker = common::Command::start(arguments);
    broker.wait_until_it_says("ready");
    let mut peer = Peer::plain(port.address);
    for client in [MISLEADING, "bob"] {
        peer.send(json!({"conn": {"cl": client, "at": "wrong"}}));
        peer.expect(r#"{"connAck":{"st":6,"mg":"*"}}"#);
    }
    peer.send(r#"{"sub":{"cn":"a"}}"#);
    broker.wait_until_it_says("reason=no-session");
    broker.interrupt();
    let log = broker.end().said;
    let line = " INFO rialto::audit: refused event=session-refused dialect=jmqt listener=listen-1 \
                address=127.0.0.1 port=";
    assert!(log.contains(line), "{log}");
    assert!(log.contains("reason=invalid-token client=bob"), "{log}");
    assert_eq!(found(directory.path(), &log), ["127.0.0.1"; 2]);
    let journal: Vec<_> = log.lines().map(|line| format!("{JOURNAL}{line}")).collect();
    assert_eq!(found(directory.path(), &journal.join("\n")), ["127.0.0.1"; 2]);
}
