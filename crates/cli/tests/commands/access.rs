//! `rialto access` and `rialto token`.

use std::fs;
use std::path::Path;

use expect_test::expect;
use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use crate::{Outcome, common::PROGRAM, rialto, rialto_in};

const SETTINGS: &str = r##"
[access]
subscribe = [{ channel = "inbox/{client}", persistent = true }, { channel = "shifts", group = "staff" }]

[[access.tokens]]
client = "joe"
token = "hunter2"
groups = ["staff"]

[[access.rules]]
deny = ["publish", "p2p"]
client = "guest-*"
channels = ["*"]

[[access.rules]]
name = "sensors publish their own"
allow = ["publish"]
channels = ["sensors/{client}/*"]

[[access.rules]]
allow = ["subscribe", "history"]
group = "staff"
channels = ["*"]

[[access.rules]]
allow = ["control", "p2p"]
claim = "tenant=acme"
channels = ["$stats", "#bob"]
"##;

/// Runs `rialto access test` with these settings.
fn test_in(dir: &Path, args: &[&str]) -> Outcome {
    fs::write(dir.join("rialto.toml"), SETTINGS).unwrap();
    let command = ["access", "test", "--config", "rialto.toml"];
    rialto_in(dir, &[], &[&command, args].concat(), "")
}

fn test(args: &[&str]) -> Outcome {
    test_in(tempfile::tempdir().unwrap().path(), args)
}

#[test]
fn what_is_allowed_is_said_with_the_rule_that_says_so() {
    let args =
        ["--client", "7", "--group", "staff", "--publish", "sensors/7/temp", "--history", "x"];
    expect![[r#"
        allowed  publish sensors/7/temp  by rule 2 "sensors publish their own"
        allowed  history x  by rule 3
        at connect  subscribed to inbox/7, persistent
        at connect  subscribed to shifts
    "#]]
    .assert_eq(&test(&args).printed());
}

#[test]
fn what_is_denied_ends_with_1() {
    let args = ["--client", "guest-1", "--publish", "a", "--publish", "#bob", "--subscribe", "a"];
    let outcome = test(&args);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    expect![[r#"
        denied   publish a  by rule 1
        denied   p2p #bob  by rule 1
        denied   subscribe a  by access.unmatched, as no rule fits
        at connect  subscribed to inbox/guest-1, persistent
    "#]]
    .assert_eq(&outcome.stdout);
}

#[test]
fn claims_count_and_marks_may_be_left_out() {
    let questions = ["--control", "stats", "--control", "$stats", "--p2p", "bob", "--p2p", "#bob"];
    let with = [&["--client", "ada", "--claim", "tenant=acme"][..], &questions].concat();
    let printed = test(&with).printed();
    for line in ["allowed  control $stats  by rule 4", "allowed  p2p #bob  by rule 4"] {
        assert_eq!(printed.matches(line).count(), 2, "{printed}");
    }
    let without = [&["--client", "ada", "--claim", "tenant=other"][..], &questions].concat();
    assert_eq!(test(&without).code, 1);
}

#[test]
fn groups_of_users_and_of_preset_tokens_count() {
    let dir = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ada", "--group", "staff", "--password-stdin"];
    rialto_in(dir.path(), &[], &add, "sesame").printed();
    for client in ["joe", "ada"] {
        test_in(dir.path(), &["--client", client, "--subscribe", "shifts"]).printed();
    }
    assert_eq!(test_in(dir.path(), &["--client", "bob", "--subscribe", "shifts"]).code, 1);
}

#[test]
fn programs_get_json() {
    let args =
        ["--client", "7", "--format", "json", "--publish", "sensors/7/a", "--subscribe", "b"];
    let outcome = test(&args);
    assert_eq!(outcome.code, 1);
    let expected = json!({
        "client": "7",
        "groups": [],
        "decisions": [
            {"action": "publish", "channel": "sensors/7/a", "allowed": true, "by": "rule",
             "rule": 2, "name": "sensors publish their own",
             "text": "allowed: rule 2 \"sensors publish their own\" allows publishing to this channel"},
            {"action": "subscribe", "channel": "b", "allowed": false, "by": "unmatched",
             "rule": null, "name": null, "text": "not allowed: no rule allows subscribing to this channel"},
        ],
        "subscriptions": [{"channel": "inbox/7", "persistent": true}],
    });
    assert_eq!(serde_json::from_str::<Value>(&outcome.stdout).unwrap(), expected);
}

#[test]
fn without_rules_everything_is_allowed() {
    let printed = rialto(&["access", "test", "--client", "ada", "--publish", "x"]).printed();
    assert_eq!(printed, "allowed  publish x  as there are no rules\n");
}

#[test]
fn wrong_questions_end_with_2() {
    let said = test(&["--client", "ada"]).failed(2);
    assert!(said.contains("--publish <CHANNEL>"), "{said}");
    let said = test(&["--client", "ada", "--claim", "tenant", "--publish", "x"]).failed(2);
    assert_eq!(said, "rialto: --claim tenant: write it as NAME=VALUE\n");
}

#[test]
fn a_token_that_was_made_opens_a_session_of_that_client_only() {
    let broker = Broker::with(PROGRAM, &["access.mode=tokens"]);
    let data_dir = broker.data_dir();
    let args = ["token", "new", "--client", "ada", "--data-dir", data_dir.to_str().unwrap()];
    let token = rialto(&args).printed();
    let token = token.trim_end();
    for (client, answer) in
        [("bob", r#"{"connAck":{"st":6,"mg":"*"}}"#), ("ada", r#"{"connAck":{"st":1,"ts":15}}"#)]
    {
        let mut peer = Peer::connect(&broker, Transport::Tcp);
        peer.send(format!(r#"{{"conn":{{"at":"{token}","cl":"{client}"}}}}"#));
        peer.expect(answer);
    }
}

#[test]
fn no_token_is_made_without_the_brokers_key() {
    let said = rialto(&["token", "new", "--client", "ada"]).failed(1);
    assert!(said.contains("there is no signing key rialto-data/token.key"), "{said}");
}

#[test]
fn a_channel_stays_on_its_line_and_says_nothing_to_the_terminal() {
    let channel = "sensors/joe/1\n\u{1b}[2Jallowed  publish news\u{9b}";
    let outcome = test(&["--client", "joe", "--publish", channel]);
    let printed = outcome.stdout;
    assert!(printed.starts_with("allowed  publish sensors/joe/1\\n\\u{1b}[2J"), "{printed:?}");
    assert!(!printed.contains(|c: char| c != '\n' && c.is_control()), "{printed:?}");
    let outcome = test(&["--client", "joe", "--publish", channel, "--format", "json"]);
    let printed = outcome.stdout;
    assert!(!printed.contains(|c: char| c != '\n' && c.is_control()), "{printed:?}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["decisions"][0]["channel"], channel);
}
