//! Removing retained messages and forgetting clients: by HTTP and by the commands, over a crash.

use std::process::{Command, Output};

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::json;

use super::{PROGRAM, http::ask, start};

const KEY: &str = "the-key-of-the-application";

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"

[[api.keys]]
name = "reader"
key = "the-key-of-the-reader"
allow = ["read"]
"#;

/// Asks the API, and returns the status of the answer.
#[track_caller]
fn status(broker: &Broker, line: &str) -> u16 {
    ask(broker, line, Some(KEY), "").status
}

#[track_caller]
fn retain(broker: &Broker, channel: &str, payload: &str) {
    let body = format!(r#"{{"channel":"{channel}","payload":{payload},"retain":true,"qos":1}}"#);
    assert_eq!(ask(broker, "POST /v1/publish", Some(KEY), &body).status, 204, "{body}");
}

/// Runs a command of the binary against the broker's API.
fn rialto(broker: &Broker, key: &str, args: &[&str]) -> Output {
    let api = format!("http://{}", broker.address_of("http"));
    let mut command = Command::new(PROGRAM);
    command.args(args).env_clear().env("RIALTO_API", api).env("RIALTO_API_KEY", key);
    command.output().unwrap()
}

/// Runs a command that succeeds, and returns what it prints.
#[track_caller]
fn printed(broker: &Broker, args: &[&str]) -> String {
    let output = rialto(broker, KEY, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that fails with this exit code, and returns why.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_retained_message_that_was_removed_by_http_is_gone_also_after_a_crash() {
    let mut broker = start(KEYS);
    retain(&broker, "room/1", "1");
    retain(&broker, "hall", "2");
    assert_eq!(status(&broker, "DELETE /v1/channels/room%2F1/retained"), 204);
    assert_eq!(status(&broker, "GET /v1/channels/room%2F1/retained"), 404);
    assert_eq!(status(&broker, "DELETE /v1/channels/room%2F1/retained"), 404);
    broker.restart();
    assert_eq!(status(&broker, "GET /v1/channels/room%2F1/retained"), 404);
    assert_eq!(status(&broker, "GET /v1/channels/hall/retained"), 200);
    let reader = Some("the-key-of-the-reader");
    assert_eq!(ask(&broker, "DELETE /v1/channels/hall/retained", reader, "").status, 403);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room/1");
    ada.expect_silence();
    ada.subscribe("hall");
    ada.expect(r#"{"push":{"cn":"hall","dt":2,"cl":"","rt":1}}"#);
}

#[test]
fn the_command_lists_prints_and_removes_retained_messages() {
    let mut broker = start(KEYS);
    retain(&broker, "a/b?c=#%", "123456789012345678901.50");
    retain(&broker, "hall", "2");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("no retained message here");
    assert_eq!(printed(&broker, &["retained", "list"]), "\"a/b?c=#%\"\n\"hall\"\n");
    let get = ["retained", "get", "a/b?c=#%"];
    assert_eq!(printed(&broker, &get), "123456789012345678901.50\n");
    assert_eq!(printed(&broker, &["retained", "remove", "a/b?c=#%"]), "");
    let why = refused(&rialto(&broker, KEY, &get), 1);
    assert!(why.contains("has no retained message"), "{why}");
    broker.restart();
    assert_eq!(printed(&broker, &["retained", "list"]), "\"hall\"\n");

    let remove = ["retained", "remove", "hall"];
    let why = refused(&rialto(&broker, "the-key-of-the-reader", &remove), 1);
    assert!(why.contains("does not allow \"manage\""), "{why}");
    let why = refused(&rialto(&broker, "the-key-of-nobody-at-all", &remove), 1);
    assert!(why.contains("not known"), "{why}");
    refused(&rialto(&broker, KEY, &["retained", "remove", ".."]), 2);
    broker.kill();
    let why = refused(&rialto(&broker, KEY, &remove), 3);
    assert!(why.contains("is a broker running there"), "{why}");
}

#[test]
fn a_client_that_was_forgotten_comes_back_as_a_new_one_also_after_a_crash() {
    let mut broker = start(KEYS);
    for by_command in [false, true] {
        let mut ada = Peer::online(&broker, Transport::Tcp, "ada/1");
        ada.subscribe_for_good("room");
        ada.hang_up();
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        for (id, channel) in [("1", "room"), ("2", "#ada/1")] {
            bob.send(json!({"pub": {"cn": channel, "dt": id, "q": 1, "id": id}}));
            let answer = bob.recv();
            assert_eq!(answer["pubAck"]["id"], id, "{answer}");
        }
        bob.leave();
        if by_command {
            assert_eq!(printed(&broker, &["client", "forget", "ada/1"]), "");
        } else {
            assert_eq!(status(&broker, "DELETE /v1/clients/ada%2F1"), 204);
        }
        assert_eq!(status(&broker, "GET /v1/clients/ada%2F1"), 404);
        broker.restart();
        assert_eq!(status(&broker, "DELETE /v1/clients/ada%2F1"), 404);
        let why = refused(&rialto(&broker, KEY, &["client", "forget", "ada/1"]), 1);
        assert!(why.contains("no client"), "{why}");
        let mut ada = Peer::online(&broker, Transport::Tcp, "ada/1");
        ada.expect_silence();
        let answer = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
        assert_eq!(answer["pubAck"]["dt"]["channels"], json!([]), "{answer}");
        ada.leave();
    }
}

#[test]
fn a_client_that_is_online_is_sent_away_when_it_is_forgotten() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::WebSocket, "ada");
    ada.subscribe_for_good("room");
    assert_eq!(status(&broker, "DELETE /v1/clients/ada"), 204);
    ada.expect_close();
    assert_eq!(status(&broker, "GET /v1/clients/ada"), 404);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let body = r#"{"channel":"room","payload":1}"#;
    assert_eq!(ask(&broker, "POST /v1/publish", Some(KEY), body).status, 204);
    ada.expect_silence();
}

#[test]
fn at_the_ceiling_a_retained_message_is_refused_with_a_status_of_its_own() {
    let broker = start(&format!("[retained]\ncount_max = 1\n{KEYS}"));
    retain(&broker, "hall", "22");
    for qos in [0, 1] {
        let body = format!(r#"{{"channel":"room","payload":1,"retain":true,"qos":{qos}}}"#);
        let answer = ask(&broker, "POST /v1/publish", Some(KEY), &body);
        assert_eq!(answer.status, 507, "{}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains("remove a retained message"));
    }
    retain(&broker, "hall", "33");
    assert_eq!(status(&broker, "DELETE /v1/channels/hall/retained"), 204);
    retain(&broker, "room", "1");
    let stats = ask(&broker, "GET /v1/stats", Some(KEY), "").json();
    assert_eq!((&stats["retained"], &stats["retained_refused"]), (&1.into(), &2.into()));
    assert!(500 < stats["retained_bytes"].as_u64().unwrap(), "{stats}");
}
