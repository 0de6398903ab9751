//! What commands print that read a broker's files, where strangers chose the names in them.

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::json;

use crate::{
    common::{PROGRAM, shell},
    rialto, rialto_in,
};

/// Clears the terminal, forges a line, and turns the reading direction.
const HOSTILE: &str = "x\u{1b}[2J\nforged\u{202e}\u{9b}y";

#[track_caller]
fn assert_harmless(printed: &str, line_count: usize) {
    assert_eq!(printed.lines().count(), line_count, "{printed}");
    assert!(!printed.contains(|c: char| c != '\n' && c.is_control()), "{printed:?}");
    assert!(!printed.contains('\u{202e}'), "{printed:?}");
}

#[test]
fn names_of_users_and_groups_stay_in_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str], stdin: &str| rialto_in(dir.path(), &[], args, stdin);
    let add = ["user", "add", HOSTILE, "--group", HOSTILE, "--password-stdin"];
    let said = run(&add, "sesame\n");
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_harmless(&said.stderr, 1);
    assert_harmless(&run(&["user", "list"], "").printed(), 1);
    let listed = run(&["user", "list", "--format", "json"], "").printed();
    assert_harmless(&listed, 1);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed, json!({"name": HOSTILE, "groups": [HOSTILE]}));
}

#[test]
fn names_of_damaged_records_stay_in_their_place() {
    let mut broker = Broker::start(PROGRAM);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("jobs");
    let channel = json!(HOSTILE);
    ada.send(format!(r#"{{"pub":{{"cn":{channel},"dt":1,"q":1,"rt":1,"id":"1"}}}}"#));
    ada.expect(r#"{"pubAck":{"id":"1","st":1}}"#);
    broker.terminate();
    let changed =
        shell(&broker.data_dir()).execute("UPDATE retained SET payload = x'00'", []).unwrap();
    assert_eq!(changed, 1);
    let outcome = rialto(&["store", "check", &broker.data_dir().display().to_string()]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("forged"), "it is named: {}", outcome.stdout);
    assert_harmless(&outcome.stdout, 1);
}
