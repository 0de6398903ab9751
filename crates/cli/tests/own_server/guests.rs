//! Clients that publish and follow by HTTP: by what they show, within what they may do.

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use super::{
    TOKENS,
    follow::Follower,
    http::{Answer, ask, ask_with, field},
    online, start, until,
};

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"
"#;
const KEY: Option<&str> = Some("the-key-of-the-application");
const RULES: &str = r#"
[[access.rules]]
group = "staff"
allow = ["publish", "subscribe", "history"]
channels = ["staff.*"]

[[access.rules]]
allow = ["publish", "subscribe"]
channels = ["room"]
"#;

/// `ada:token-of-ada`, and others, as `curl -u` writes them.
const ADA: &str = "Authorization: Basic YWRhOnRva2VuLW9mLWFkYQ==\r\n";
const BOB: &str = "Authorization: Basic Ym9iOnRva2VuLW9mLWJvYg==\r\n";
const BOB_WITH_ADAS: &str = "Authorization: Basic Ym9iOnRva2VuLW9mLWFkYQ==\r\n";
/// `bob:`.
const BOB_WITH_NOTHING: &str = "Authorization: Basic Ym9iOg==\r\n";

fn post(broker: &Broker, channel: &str, fields: &str, body: &str) -> Answer {
    let fields = format!("Content-Type: application/json\r\n{fields}");
    ask_with(broker, &format!("POST /v1/channels/{channel}/messages"), &fields, body)
}

#[test]
fn a_client_publishes_and_follows_as_itself_and_within_its_rights() {
    let broker = start(&format!("{TOKENS}{RULES}"));
    let mut connected = online(&broker, "ada");
    connected.subscribe("staff.room");
    let mut follower = Follower::with(&broker, "/v1/channels/staff.room/messages", ADA);
    assert_eq!(post(&broker, "staff.room", ADA, "1").status, 204);
    let message = follower.next();
    assert_eq!((&message["publisher"], &message["payload"]), (&json!("ada"), &json!(1)));
    // Her own session goes on, and hears what she publishes elsewhere.
    connected.expect(r#"{"push":{"cn":"staff.room","dt":1,"cl":"ada"}}"#);

    let refused = post(&broker, "staff.room", BOB, "2");
    assert_eq!(refused.status, 403, "{}", refused.body);
    let path = "/v1/channels/staff.room/messages";
    assert_eq!(ask_with(&broker, &format!("GET {path}"), BOB, "").status, 403);
    assert_eq!(post(&broker, "room", BOB, "3").status, 204);
    // What was kept is more than what comes.
    let history = "GET /v1/channels/room/messages?since=all";
    assert_eq!(ask_with(&broker, history, BOB, "").status, 403);
    for wrong in [BOB_WITH_ADAS, BOB_WITH_NOTHING, "", "Authorization: Bearer token-of-ada\r\n"] {
        let answer = post(&broker, "room", wrong, "4");
        assert_eq!(answer.status, 401, "{wrong}: {}", answer.body);
        assert!(field(&answer.head, "www-authenticate").is_some(), "{}", answer.head);
    }
    // What only keys are for stays so.
    assert_eq!(ask_with(&broker, "GET /v1/clients", ADA, "").status, 403);
    assert_eq!(post(&broker, "staff.room", ADA, "\"last\"").status, 204);
    follower.message("staff.room", &json!("last"));
}

#[test]
fn a_token_that_the_server_signed_says_itself_whose_it_is() {
    let broker = start(&format!("{KEYS}{TOKENS}"));
    let token = ask(&broker, "POST /v1/clients/eve/token", KEY, "").json()["token"].clone();
    let bearer = format!("Authorization: Bearer {}\r\n", token.as_str().unwrap());
    let mut follower = Follower::with(&broker, "/v1/channels/room/messages", &bearer);
    assert_eq!(post(&broker, "room", &bearer, "1").status, 204);
    assert_eq!(follower.next()["publisher"], "eve");
    assert_eq!(ask(&broker, "POST /v1/clients/eve/revoke-tokens", KEY, "").status, 204);
    assert_eq!(follower.last()["event"], "end");
    assert_eq!(post(&broker, "room", &bearer, "1").status, 401);
}

#[test]
fn the_limits_of_a_channel_hold_from_one_request_to_the_next() {
    let rule = r#"
[[channels.rules]]
pattern = "room"
publish_rate_max = 2
payload_bytes_max = 10
"#;
    let broker = start(&format!("{TOKENS}{rule}"));
    assert_eq!(post(&broker, "room", ADA, "\"more than ten\"").status, 422);
    let statuses: Vec<u16> = (0..4).map(|_| post(&broker, "room", ADA, "1").status).collect();
    assert_eq!(statuses[..2], [204, 204]);
    assert!(statuses[2..].contains(&429), "{statuses:?}");
    // Others have a share of their own.
    assert_eq!(post(&broker, "room", BOB, "1").status, 204);
}

#[test]
fn in_open_mode_whoever_shows_nothing_may_what_anybody_may() {
    let mut broker = start("");
    let mut follower = Follower::with(&broker, "/v1/channels/room/messages", "");
    let publish = |fields: &str, body: &str| {
        let fields = format!("Content-Type: text/plain\r\nHost: localhost\r\n{fields}");
        let line = "POST /v1/channels/room/messages";
        super::http::ask_as(&broker, line, &fields, body).status
    };
    assert_eq!(publish("", "hello"), 204);
    let message = follower.next();
    assert_eq!(
        (&message["publisher"], &message["payload"]),
        (&json!("anonymous"), &json!("hello"))
    );
    assert_eq!(publish(BOB_WITH_NOTHING, "I am bob"), 204);
    assert_eq!(follower.next()["publisher"], "bob");
    // Any page could have a browser do the same.
    for foreign in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://localhost.evil.example\r\n",
    ] {
        assert_eq!(publish(foreign, "evil"), 403, "{foreign}");
    }
    assert_eq!(publish("Origin: http://localhost\r\n", "own"), 204);
    follower.message("room", &json!("own"));
    let rebound =
        "Content-Type: text/plain\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n";
    let line = "POST /v1/channels/room/messages";
    assert_eq!(super::http::ask_as(&broker, line, rebound, "evil").status, 403);
    let (status, _) = broker.terminate();
    assert!(status.success());
    assert_eq!(follower.last()["event"], "end");
}

#[test]
fn a_listed_page_may_use_the_api_and_no_other() {
    let broker = start(&format!("[api]\ncors_origins = [\"https://app.example\"]\n{KEYS}"));
    let preflight = |origin: &str| {
        let fields = format!(
            "Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization\r\n"
        );
        ask_with(&broker, "OPTIONS /v1/channels/room/messages", &fields, "").head.to_lowercase()
    };
    let allowed = preflight("https://app.example");
    assert_eq!(field(&allowed, "access-control-allow-origin"), Some("https://app.example"));
    assert!(field(&allowed, "access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(field(&preflight("https://evil.example"), "access-control-allow-origin"), None);
    let fields =
        "Content-Type: application/json\r\nOrigin: https://app.example\r\nHost: localhost\r\n";
    let answer = super::http::ask_as(&broker, "POST /v1/channels/room/messages", fields, "1");
    assert_eq!(answer.status, 204, "{}", answer.body);
    let head = answer.head.to_lowercase();
    assert_eq!(field(&head, "access-control-allow-origin"), Some("https://app.example"));
}

#[test]
fn a_ticket_is_good_for_one_request_and_what_its_maker_may_do() {
    let broker = start(&format!("{KEYS}{TOKENS}{RULES}"));
    let ticket = |fields: &str| {
        let answer = ask_with(&broker, "POST /v1/tickets", fields, "");
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["ticket"].as_str().unwrap().to_owned()
    };
    let path = format!("/v1/channels/staff.room/messages?ticket={}", ticket(ADA));
    let mut follower = Follower::with(&broker, &path, "");
    assert_eq!(ask_with(&broker, &format!("GET {path}"), "", "").status, 401);
    let path = format!("/v1/channels/staff.room/messages?ticket={}", ticket(BOB));
    assert_eq!(ask_with(&broker, &format!("GET {path}"), "", "").status, 403);
    let key = format!("Authorization: Bearer {}\r\n", KEY.unwrap());
    let path = format!("/v1/messages?channel=staff.room&ticket={}", ticket(&key));
    let mut by_key = Follower::with(&broker, &path, "");
    assert_eq!(post(&broker, "staff.room", ADA, "1").status, 204);
    follower.message("staff.room", &json!(1));
    by_key.message("staff.room", &json!(1));
}

#[test]
fn who_is_banned_follows_no_longer() {
    let broker = start(&format!("{KEYS}{TOKENS}"));
    let follower = Follower::with(&broker, "/v1/channels/room/messages", ADA);
    assert_eq!(post(&broker, "room", ADA, "1").status, 204);
    assert_eq!(ask(&broker, "POST /v1/clients/ada/ban", KEY, "{}").status, 204);
    assert_eq!(follower.last()["event"], "end");
    assert_eq!(post(&broker, "room", ADA, "1").status, 403);
    // The connection that her messages came on does not stay.
    until("nothing of her is left", || {
        let clients = ask(&broker, "GET /v1/clients", KEY, "").json();
        let left = |client: &Value| client["online"] == json!(true);
        (!clients["clients"].as_array().unwrap().iter().any(left)).then_some(())
    });
}

#[test]
fn what_a_client_stores_is_for_those_who_are_away() {
    let broker = start(TOKENS);
    let mut bob = online(&broker, "bob");
    bob.subscribe_for_good("room");
    bob.leave();
    let line = "POST /v1/channels/room/messages?qos=1";
    let fields = format!("Content-Type: application/json\r\n{ADA}");
    assert_eq!(ask_with(&broker, line, &fields, "1").status, 204);
    let mut bob: Peer = Peer::connect(&broker, Transport::Tcp);
    bob.send(json!({"conn": {"cl": "bob", "at": "token-of-bob"}}));
    bob.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    bob.expect(r#"{"push":{"cn":"room","dt":1,"cl":"ada","q":1,"id":"*"}}"#);
}

#[test]
fn a_request_with_a_key_of_its_own_is_carried_out_once() {
    let broker = start(TOKENS);
    let mut follower = Follower::with(&broker, "/v1/channels/room/messages", ADA);
    let send = |who: &str, key: &str, content_type: &str, body: &str| {
        let fields = format!("{who}Idempotency-Key: {key}\r\nContent-Type: {content_type}\r\n");
        ask_with(&broker, "POST /v1/channels/room/messages", &fields, body)
    };
    for _ in 0..3 {
        assert_eq!(send(ADA, "a", "application/json", "1").status, 204);
    }
    let other = send(ADA, "a", "application/json", "2");
    assert_eq!(other.status, 422, "{}", other.body);
    // Names of others are theirs.
    assert_eq!(send(BOB, "a", "application/json", "2").status, 204);
    let lines = send(ADA, "b", "application/x-ndjson", "3\nwrong\n").body;
    assert!(lines.contains("\"published\":1"), "{lines}");
    assert_eq!(send(ADA, "b", "application/x-ndjson", "3\nwrong\n").body, lines);
    // What was refused can be sent again.
    assert_eq!(send(ADA, "c", "application/json", "wrong").status, 422);
    assert_eq!(send(ADA, "c", "application/json", "4").status, 204);
    assert_eq!(send(ADA, &"k".repeat(256), "application/json", "5").status, 400);
    for payload in [1, 2, 3, 4] {
        follower.message("room", &json!(payload));
    }
}

#[test]
fn what_a_client_is_refused_by_http_is_told_of_as_in_any_dialect() {
    let limited = "[[channels.rules]]\npattern = \"room\"\npayload_bytes_max = 8\n";
    let broker = start(&format!("{TOKENS}{RULES}{limited}"));
    let told = |event: &str, reason: &str, channel: &str| {
        broker.wait_for_log("line of the audit trail", |line| {
            line["event"] == event
                && (&line["reason"], &line["client"], &line["channel"])
                    == (&json!(reason), &json!("bob"), &json!(channel))
        })
    };
    assert_eq!(post(&broker, "staff.room", BOB, "2").status, 403);
    told("publish-refused", "no-rule", "staff.room");
    assert_eq!(post(&broker, "room", BOB, "\"more than eight\"").status, 422);
    told("publish-refused", "payload-too-large", "room");
    assert_eq!(post(&broker, "$events%2Frefused", BOB, "1").status, 403);
    told("publish-refused", "not-allowed", "$events/refused");
    let follow = |query: &str| ask_with(&broker, &format!("GET /v1/{query}"), BOB, "").status;
    assert_eq!(follow("channels/staff.room/messages"), 403);
    told("subscribe-refused", "no-rule", "staff.room");
    assert_eq!(follow("channels/room/messages?since=all"), 403);
    told("history-refused", "no-rule", "room");
}
