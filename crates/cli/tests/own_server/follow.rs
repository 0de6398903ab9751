//! Following channels by HTTP: what comes, where it goes on after a break, and how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use rialto_testkit::{Broker, PATIENCE, Peer, Transport};
use serde_json::{Value, json};

use super::{
    http::{ask, field, read_head},
    start, until,
};

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"

[[api.keys]]
name = "writer"
key = "the-key-of-the-writer"
allow = ["publish"]
"#;
const KEY: &str = "the-key-of-the-application";

/// A follower, and what it has got of its answer.
pub(crate) struct Follower {
    stream: BufReader<TcpStream>,
    /// Of the chunk that was begun.
    left: usize,
}

impl Follower {
    /// Begins to follow; `fields` are header fields, each a line with its end.
    #[track_caller]
    fn start(broker: &Broker, path: &str, fields: &str) -> Self {
        let key = format!("Authorization: Bearer {KEY}\r\n");
        Follower::with(broker, path, &format!("{key}{fields}"))
    }

    /// Begins to follow with nothing but these header fields.
    #[track_caller]
    pub(crate) fn with(broker: &Broker, path: &str, fields: &str) -> Self {
        let stream = TcpStream::connect(broker.address_of("http")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(&stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let head = read_head(&mut stream).expect("an answer begins");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let wanted =
            if fields.contains("event-stream") { "text/event-stream" } else { "application/jsonl" };
        assert_eq!(field(&head, "content-type"), Some(wanted));
        let mut follower = Follower { stream, left: 0 };
        let begin = if wanted == "text/event-stream" {
            vec!["retry: 1000", "event: open", "data: {\"event\":\"open\"}", ""]
        } else {
            vec!["{\"event\":\"open\"}"]
        };
        for line in begin {
            assert_eq!(follower.line().as_deref(), Some(line));
        }
        follower
    }

    #[track_caller]
    fn lines(broker: &Broker, path: &str) -> Self {
        Follower::start(broker, path, "")
    }

    /// Reads a line; `None` when the answer is over.
    #[track_caller]
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            if self.left == 0 {
                let mut size = String::new();
                self.stream.read_line(&mut size).expect("more comes");
                self.left = usize::from_str_radix(size.trim(), 16).expect("a chunk begins");
                if self.left == 0 {
                    assert_eq!(line, b"");
                    return None;
                }
            }
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
            self.left -= 1;
            if self.left == 0 {
                self.stream.read_exact(&mut [0; 2]).unwrap();
            }
        }
        Some(String::from_utf8(line).unwrap().trim_end_matches('\n').to_owned())
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        serde_json::from_str(&self.line().expect("the answer goes on")).unwrap()
    }

    /// Reads the next message; returns its id.
    #[track_caller]
    pub(crate) fn message(&mut self, channel: &str, payload: &Value) -> String {
        let message = self.next();
        assert_eq!(
            (&message["event"], &message["channel"], &message["payload"]),
            (&json!("message"), &json!(channel), payload),
            "{message}"
        );
        message["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Reads until the answer is over.
    #[track_caller]
    pub(crate) fn ends(mut self) {
        while self.line().is_some() {}
    }

    /// Reads until the answer is over; returns what was said last.
    #[track_caller]
    pub(crate) fn last(mut self) -> Value {
        let mut last = None;
        while let Some(line) = self.line() {
            last = Some(line);
        }
        serde_json::from_str(&last.expect("something is said")).unwrap()
    }
}

#[track_caller]
fn publish(broker: &Broker, channel: &str, payload: &Value) {
    let line = format!("POST /v1/channels/{channel}/messages");
    assert_eq!(ask(broker, &line, Some(KEY), &payload.to_string()).status, 204);
}

#[test]
fn what_is_published_in_any_way_comes_as_it_was_written() {
    let broker = start(KEYS);
    let kept = ask(&broker, "POST /v1/channels/room/messages?retain=true", Some(KEY), "\"kept\"");
    assert_eq!(kept.status, 204);
    let mut follower = Follower::lines(&broker, "/v1/channels/room/messages");
    let retained = follower.next();
    assert_eq!(
        retained,
        json!({"event": "message", "channel": "room", "publisher": "", "retained": true, "payload": "kept"})
    );
    let mut other = Follower::lines(&broker, "/v1/channels/room/messages?retained=false");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send("{\"pub\":{\"cn\":\"room\",\"dt\":{\"n\":  1.50}}}");
    let line = follower.line().unwrap();
    assert!(line.ends_with(r#""payload":{"n":  1.50}}"#), "{line}");
    let message: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(message["publisher"], "ada");
    assert!(message["at_ms"].as_u64().is_some_and(|at| 1_700_000_000_000 < at), "{message}");
    assert_eq!(other.next(), message);
    // One that is stored first, for a client that is away.
    ada.subscribe_for_good("room");
    ada.expect(r#"{"push":{"cn":"room","dt":"kept","cl":"","rt":1}}"#);
    assert_eq!(ask(&broker, "POST /v1/channels/room/messages?qos=1", Some(KEY), "2").status, 204);
    follower.message("room", &json!(2));
}

#[test]
fn a_browsers_events_say_where_they_stand() {
    let broker = start(KEYS);
    let accept = "Accept: text/event-stream\r\n";
    let mut follower = Follower::start(&broker, "/v1/channels/room/messages", accept);
    publish(&broker, "room", &json!("hi"));
    let mut line = || follower.line().unwrap();
    let id = line();
    let id = id.strip_prefix("id: ").unwrap();
    let data = line();
    assert!(
        data.starts_with(&format!(r#"data: {{"event":"message","id":"{id}","channel":"room""#)),
        "{data}"
    );
    assert_eq!(line(), "");
}

#[test]
fn who_comes_back_is_sent_what_it_missed_and_nothing_twice() {
    let broker = start(KEYS);
    let several = "/v1/messages?channel=a&channel=b&channel=a";
    let mut follower = Follower::lines(&broker, several);
    for n in 0..4 {
        publish(&broker, if n % 2 == 0 { "a" } else { "b" }, &json!(n));
    }
    follower.message("a", &json!(0));
    let last = follower.message("b", &json!(1));
    drop(follower);
    publish(&broker, "a", &json!(4));
    let resumed = |fields: &str, path: &str| {
        let mut follower = Follower::start(&broker, path, fields);
        for (channel, n) in [("a", 2), ("b", 3), ("a", 4)] {
            follower.message(channel, &json!(n));
        }
        follower
    };
    let mut by_field = resumed(&format!("Last-Event-ID: {last}\r\n"), several);
    let mut by_query = resumed("", &format!("{several}&since={last}"));
    let all = Follower::lines(&broker, &format!("{several}&since=all"));
    let recent = Follower::lines(&broker, &format!("{several}&since=10m"));
    publish(&broker, "b", &json!("new"));
    by_field.message("b", &json!("new"));
    by_query.message("b", &json!("new"));
    for mut from_the_first in [all, recent] {
        for (channel, n) in [("a", 0), ("b", 1), ("a", 2), ("b", 3), ("a", 4)] {
            from_the_first.message(channel, &json!(n));
        }
        from_the_first.message("b", &json!("new"));
    }
}

#[test]
fn a_gap_is_told_where_the_history_does_not_reach_back() {
    let broker = start(&format!("{KEYS}\n[history]\nmessages = 3\n"));
    publish(&broker, "room", &json!(0));
    publish(&broker, "still", &json!("one"));
    let mut follower =
        Follower::lines(&broker, "/v1/messages?channel=room&channel=still&since=all");
    let first = follower.message("room", &json!(0));
    for n in 1..=3 {
        publish(&broker, "room", &json!(n));
    }
    let path = format!("/v1/messages?channel=room&channel=still&since={first}");
    let mut whole = Follower::lines(&broker, &path);
    whole.message("still", &json!("one"));
    whole.message("room", &json!(1));
    publish(&broker, "room", &json!(4));
    let mut broken = Follower::lines(&broker, &path);
    assert_eq!(broken.next(), json!({"event": "gap", "channel": "room"}));
    broken.message("still", &json!("one"));
    broken.message("room", &json!(2));
}

#[test]
fn a_long_history_comes_whole_while_new_messages_wait() {
    let broker = start(&format!("{KEYS}\n[history]\nmessages = 5000\n"));
    let all: Vec<_> = (0..2000).map(|n| json!({"channel": "room", "payload": n})).collect();
    for batch in all.chunks(1000) {
        let body = json!({"messages": batch}).to_string();
        assert_eq!(ask(&broker, "POST /v1/publish/batch", Some(KEY), &body).status, 200);
    }
    let mut follower = Follower::lines(&broker, "/v1/channels/room/messages?since=all");
    publish(&broker, "room", &json!("new"));
    for n in 0..2000 {
        follower.message("room", &json!(n));
    }
    follower.message("room", &json!("new"));
}

#[test]
fn a_history_that_outlives_a_crash_does_so_for_followers() {
    let mut broker = start(&format!("{KEYS}\n[history]\npersistent = true\n"));
    let mut follower = Follower::lines(&broker, "/v1/channels/room/messages");
    publish(&broker, "room", &json!(1));
    let last = follower.message("room", &json!(1));
    publish(&broker, "room", &json!(2));
    broker.terminate();
    broker.restart();
    publish(&broker, "room", &json!(3));
    let mut back = Follower::lines(&broker, &format!("/v1/channels/room/messages?since={last}"));
    back.message("room", &json!(2));
    back.message("room", &json!(3));
    broker.kill();
    broker.restart();
    // It was not sent this before the crash, but what is new is behind all that it was.
    publish(&broker, "room", &json!(4));
    let mut back = Follower::lines(&broker, &format!("/v1/channels/room/messages?since={last}"));
    let mut payloads = Vec::new();
    while payloads.last() != Some(&json!(4)) {
        payloads.push(back.next()["payload"].clone());
    }
    assert_eq!(payloads[0], json!(2), "{payloads:?}");
}

#[test]
fn without_a_history_on_disk_a_restart_is_a_gap() {
    let mut broker = start(KEYS);
    let mut follower = Follower::lines(&broker, "/v1/channels/room/messages");
    publish(&broker, "room", &json!(1));
    let last = follower.message("room", &json!(1));
    broker.terminate();
    broker.restart();
    publish(&broker, "room", &json!(2));
    let mut back = Follower::lines(&broker, &format!("/v1/channels/room/messages?since={last}"));
    assert_eq!(back.next(), json!({"event": "gap", "channel": "room"}));
    back.message("room", &json!(2));
}

#[test]
fn something_is_said_though_nothing_is_published() {
    let broker = start(KEYS);
    let path = "/v1/channels/room/messages?heartbeat=1";
    assert_eq!(Follower::lines(&broker, path).next(), json!({"event": "heartbeat"}));
    let mut events = Follower::start(&broker, path, "Accept: text/event-stream\r\n");
    assert_eq!([(); 2].map(|()| events.line().unwrap()), [":", ""]);
}

#[test]
fn what_cannot_be_followed_is_refused_with_a_reason() {
    let broker = start(KEYS);
    let refused = |path: &str, fields: &str, status: u16| {
        let key = format!("Authorization: Bearer {KEY}\r\n{fields}");
        let answer = super::http::ask_with(&broker, &format!("GET {path}"), &key, "");
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    let detail = refused("/v1/channels/%23ada/messages", "", 422);
    assert!(detail.starts_with("channel \"#ada\": "), "{detail}");
    refused("/v1/channels/$stats/messages", "", 422);
    refused("/v1/channels/$events%2Fconnected/messages", "", 403);
    assert!(refused("/v1/messages", "", 400).contains("channel=NAME"));
    let many: String = (0..65).map(|n| format!("&channel={n}")).collect();
    refused(&format!("/v1/messages?{}", &many[1..]), "", 400);
    refused("/v1/channels/room/messages?since=yesterday", "", 400);
    refused("/v1/channels/room/messages?retained=perhaps", "", 400);
    refused("/v1/channels/room/messages?heartbeat=0", "", 400);
    refused("/v1/channels/room/messages?sinec=all", "", 400);
    refused("/v1/channels/room/messages", "Last-Event-ID: 17\r\n", 400);
    let writer = Some("the-key-of-the-writer");
    assert_eq!(ask(&broker, "GET /v1/channels/room/messages", writer, "").status, 403);
}

#[test]
fn a_follower_that_does_not_read_is_told_so_and_costs_no_more_than_it_may() {
    let broker = start(&format!(
        "{KEYS}\n[limits]\npacket_bytes_max = \"256KiB\"\noutbox_bytes_max = \"256KiB\"\n"
    ));
    let slow = Follower::lines(&broker, "/v1/channels/room/messages");
    let mut quick = Follower::lines(&broker, "/v1/channels/room/messages");
    let payload = json!("x".repeat(100_000));
    // More than all buffers on the way hold.
    until("the follower is dropped", || {
        publish(&broker, "room", &payload);
        quick.message("room", &payload);
        let stats = ask(&broker, "GET /v1/stats", Some(KEY), "").json();
        stats["closed_limit"].as_u64().filter(|closed| 0 < *closed)
    });
    let last = slow.last();
    assert_eq!(last["event"], "end");
    assert!(last["reason"].as_str().unwrap().contains("slow"), "{last}");
    publish(&broker, "room", &json!("on"));
    quick.message("room", &json!("on"));
}

#[test]
fn a_follower_is_a_client_while_it_reads_and_is_sent_away_with_a_word() {
    let mut broker = start(KEYS);
    let clients = || {
        let answer = ask(&broker, "GET /v1/clients", Some(KEY), "").json();
        answer["clients"].as_array().unwrap().clone()
    };
    let follower = Follower::lines(&broker, "/v1/channels/room/messages");
    let id = clients()[0]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("http-"), "{id}");
    let line = format!("POST /v1/clients/{id}/disconnect");
    assert_eq!(ask(&broker, &line, Some(KEY), "").status, 204);
    assert_eq!(follower.last()["event"], "end");
    let gone = Follower::lines(&broker, "/v1/channels/room/messages?heartbeat=1");
    drop(gone);
    until("it is known no more", || clients().is_empty().then_some(()));
    let follower = Follower::lines(&broker, "/v1/channels/room/messages");
    let (status, _) = broker.terminate();
    assert!(status.success());
    assert_eq!(follower.last()["event"], "end");
}

/// Asks with curl, which knows the certificate; returns what it prints.
fn curl(broker: &Broker, args: &[&str]) -> String {
    let port = broker.address_of("secure").port();
    let output = std::process::Command::new("curl")
        .args(["-sS", "--http2", "--cacert"])
        .arg(broker.certificate_file())
        .args(["-H", &format!("Authorization: Bearer {KEY}")])
        .args(args.iter().map(|arg| arg.replace("{}", &format!("https://localhost:{port}"))))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn inside_tls_many_follow_on_one_connection_of_http_2() {
    let launch = super::launch(KEYS).listener("secure");
    let broker =
        launch.set("listeners.secure.dialect=http").set("listeners.secure.tls=require").start();
    publish(&broker, "room", &json!("first"));
    let print = "\n%{http_version} %{num_connects}\n";
    let many = "{}/v1/channels/room/messages?since=all&heartbeat=[1-5]";
    let said = curl(&broker, &["-Z", "--parallel-max", "5", "--max-time", "2", "-w", print, many]);
    assert_eq!(said.matches(r#""payload":"first""#).count(), 5, "{said}");
    assert!(said.contains(r#"{"event":"heartbeat"}"#), "{said}");
    assert_eq!(said.matches("\n2 ").count(), 5, "{said}");
    assert_eq!(said.matches("\n2 1\n").count(), 1, "one connection is enough: {said}");
    let old = curl(&broker, &["--http1.1", "-w", print, "{}/v1/channels/room/history"]);
    assert!(old.contains("\n1.1 "), "{old}");
}
