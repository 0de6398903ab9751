//! The HTTP API: what a program in any language does with the server.

use rialto_testkit::{Broker, CoremqPeer, Peer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use super::{
    TOKENS,
    http::{Answer, ask, ask_with, field},
    start, status,
};

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"

[[api.keys]]
name = "reader"
key = "the-key-of-the-reader"
allow = ["read"]
"#;

const KEY: Option<&str> = Some("the-key-of-the-application");

fn get(broker: &Broker, path: &str) -> Answer {
    ask(broker, &format!("GET {path}"), KEY, "")
}

#[track_caller]
fn done(broker: &Broker, line: &str, body: &Value) {
    let answer = ask(broker, line, KEY, &body.to_string());
    assert_eq!((answer.status, &*answer.body), (204, ""), "{line} {body}");
}

#[track_caller]
fn refused(broker: &Broker, line: &str, body: &str, status: u16) -> String {
    let answer = ask(broker, line, KEY, body);
    assert_eq!(answer.status, status, "{line} {body}: {}", answer.body);
    assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    problem["detail"].as_str().unwrap().to_owned()
}

#[test]
fn without_a_key_there_is_no_api_and_with_one_it_is_as_the_key_says() {
    let closed = start("");
    assert!(refused(&closed, "GET /v1/clients", "", 403).contains("[[api.keys]]"));

    let broker = start(KEYS);
    assert_eq!(ask(&broker, "GET /v1/clients", None, "").status, 401);
    let wrong = ask(&broker, "GET /v1/clients", Some("the-key-of-nobody-at-all"), "");
    assert_eq!(wrong.status, 401);
    assert!(wrong.head.to_lowercase().contains("www-authenticate: bearer"), "{}", wrong.head);
    let reader = Some("the-key-of-the-reader");
    assert_eq!(ask(&broker, "GET /v1/clients", reader, "").status, 200);
    let message = r#"{"channel":"room","payload":1}"#;
    assert_eq!(ask(&broker, "POST /v1/publish", reader, message).status, 403);
    assert_eq!(ask(&broker, "POST /v1/clients/ada/ban", reader, "").status, 403);
    assert_eq!(ask(&broker, "POST /v1/publish", KEY, message).status, 204);
}

#[test]
fn a_message_is_published_as_the_servers_own_and_as_it_is_written() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    done(&broker, "POST /v1/publish", &json!({"channel": "room", "payload": {"n": 1}}));
    ada.expect(r#"{"push":{"cn":"room","dt":{"n":1},"cl":""}}"#);
    let digits = r#"{"channel":"sum","payload":123456789012345678901234567890.10,"retain":true}"#;
    assert_eq!(ask(&broker, "POST /v1/publish", KEY, digits).status, 204);
    let kept = get(&broker, "/v1/channels/sum/retained");
    assert!(kept.body.contains(":123456789012345678901234567890.10"), "{}", kept.body);

    let batch = json!({"messages": [
        {"channel": "room", "payload": 1},
        {"channel": "$stats", "payload": 2},
        {"channel": "#ada", "payload": 3, "qos": 1},
    ]});
    let answer = ask(&broker, "POST /v1/publish/batch", KEY, &batch.to_string()).json();
    let published: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|it| &it["published"]).collect();
    assert_eq!(published, [true, false, true], "{answer}");
    assert_eq!(answer["results"][1]["problem"]["status"], 422);
    ada.expect(r#"{"push":{"cn":"room","dt":1,"cl":""}}"#);
    ada.expect(r##"{"push":{"cn":"#ada","dt":3,"cl":"","q":1,"id":"*"}}"##);
}

/// Posts a body of that type to the channel `room`.
#[track_caller]
fn post(broker: &Broker, query: &str, content_type: &str, body: &str) -> Answer {
    let fields =
        format!("Authorization: Bearer {}\r\nContent-Type: {content_type}\r\n", KEY.unwrap());
    ask_with(broker, &format!("POST /v1/channels/room/messages{query}"), &fields, body)
}

#[test]
fn a_body_is_published_as_json_as_a_text_or_line_by_line() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    // What curl -d sends, a text, and JSON that is meant to stay.
    assert_eq!(post(&broker, "", "application/x-www-form-urlencoded", "{\"n\":1}\n").status, 204);
    ada.expect(r#"{"push":{"cn":"room","dt":{"n":1},"cl":""}}"#);
    assert_eq!(post(&broker, "", "text/plain; charset=utf-8", "say \"hi\"").status, 204);
    ada.expect(r#"{"push":{"cn":"room","dt":"say \"hi\"","cl":""}}"#);
    assert_eq!(post(&broker, "?qos=1&retain=true", "application/json", "2.50").status, 204);
    ada.expect(r#"{"push":{"cn":"room","dt":2.50,"cl":"","q":1,"id":"*"}}"#);
    assert!(get(&broker, "/v1/channels/room/retained").body.contains("2.50"));

    let answer = post(&broker, "", "application/x-ndjson", "3\n\nnonsense\r\n{\"n\":4}\r\n").json();
    assert_eq!(answer["published"], 2, "{answer}");
    assert_eq!(answer["refused"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["refused"][0]["line"], 3);
    assert_eq!(answer["refused"][0]["problem"]["status"], 422);
    ada.expect(r#"{"push":{"cn":"room","dt":3,"cl":""}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":{"n":4},"cl":""}}"#);
}

#[test]
fn a_body_that_cannot_be_published_is_refused_and_nothing_of_it_comes() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    assert_eq!(post(&broker, "", "application/json", "").status, 422);
    assert_eq!(post(&broker, "", "application/json", "1 2").status, 422);
    assert_eq!(post(&broker, "", "image/png", "1").status, 415);
    assert_eq!(post(&broker, "?qos=2", "application/json", "1").status, 422);
    assert_eq!(post(&broker, "?retained=true", "application/json", "1").status, 400);
    assert_eq!(post(&broker, "", "application/x-ndjson", &"1\n".repeat(1001)).status, 422);
    let reader = Some("the-key-of-the-reader");
    assert_eq!(ask(&broker, "POST /v1/channels/room/messages", reader, "1").status, 403);
    refused(&broker, "POST /v1/channels/$stats/messages", "1", 422);
    assert_eq!(post(&broker, "", "application/json", "\"last\"").status, 204);
    ada.expect(r#"{"push":{"cn":"room","dt":"last","cl":""}}"#);
}

#[test]
fn what_was_published_with_qos_1_outlives_a_crash() {
    let mut broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("jobs");
    ada.leave();
    done(&broker, "POST /v1/publish", &json!({"channel": "jobs", "payload": "one", "qos": 1}));
    done(
        &broker,
        "POST /v1/publish",
        &json!({"channel": "last", "payload": "two", "qos": 1, "retain": true}),
    );
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect(r#"{"push":{"cn":"jobs","dt":"one","cl":"","q":1,"id":"*"}}"#);
    let kept = get(&broker, "/v1/channels/last/retained").json();
    assert_eq!(kept, json!({"publisher": "", "payload": "two"}));
}

#[test]
fn a_client_that_had_no_session_yet_can_be_subscribed_for_good() {
    // It is known from then on, and finds what came; not so by what would last for a session only.
    let mut broker = start(KEYS);
    let vault = json!({"channel": "vault", "persistent": true});
    done(&broker, "POST /v1/clients/eve/subscriptions", &vault);
    refused(&broker, "POST /v1/clients/joe/subscriptions", r#"{"channel":"room"}"#, 409);
    let message = json!({"channel": "vault", "payload": 1, "qos": 1});
    done(&broker, "POST /v1/publish", &message);
    broker.restart();
    let shown = get(&broker, "/v1/clients/eve").json();
    assert_eq!(shown["online"], json!(false));
    refused(&broker, "GET /v1/clients/joe", "", 404);
    let mut eve = Peer::online(&broker, Transport::Tcp, "eve");
    eve.expect(r#"{"push":{"cn":"vault","dt":1,"cl":"","q":1,"id":"*"}}"#);
}

#[test]
fn clients_of_every_dialect_are_listed_subscribed_and_sent_away() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut queue = CoremqPeer::connect(&broker, Transport::Tcp);
    let mut homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    let id = queue.id().to_owned();
    for client in ["ada", &id, "homer"] {
        let line = format!("POST /v1/clients/{client}/subscriptions");
        done(&broker, &line, &json!({"channel": "news/1"}));
    }
    done(&broker, "POST /v1/publish", &json!({"channel": "news/1", "payload": "hello"}));
    ada.expect(r#"{"push":{"cn":"news/1","dt":"hello","cl":""}}"#);
    let (name, message) = queue.recv();
    assert_eq!((&*name, &message["coremq_string"]), ("news/1", &json!("hello")));
    homer.expect("news/1 hello");

    let page = get(&broker, "/v1/clients?limit=2").json();
    assert_eq!(page["clients"].as_array().unwrap().len(), 2);
    let next = page["next"].as_str().unwrap();
    let rest = get(&broker, &format!("/v1/clients?after={next}&online=true")).json();
    assert_eq!((rest["clients"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let shown = get(&broker, "/v1/clients/homer").json();
    assert_eq!((&shown["online"], &shown["protocol"]), (&json!(true), &json!("pubsubx")));
    let subscriptions = get(&broker, "/v1/clients/ada/subscriptions").json();
    assert_eq!(
        subscriptions,
        json!({"subscriptions": [{"channel": "news/1", "persistent": false}]})
    );
    let channel = get(&broker, "/v1/channels/news%2F1").json();
    assert_eq!((&channel["subscribers"], &channel["history"]), (&json!(3), &json!(1)));
    let history = get(&broker, "/v1/channels/news%2F1/history").json();
    assert_eq!(history["messages"][0]["payload"], "hello");
    assert_eq!(get(&broker, "/v1/channels").json()["channels"][0]["name"], "news/1");

    done(&broker, "DELETE /v1/clients/ada/subscriptions", &json!({"channel": "news/1"}));
    done(&broker, "POST /v1/publish", &json!({"channel": "news/1", "payload": "again"}));
    ada.expect_silence();
    done(&broker, "POST /v1/clients/ada/disconnect", &json!({}));
    ada.expect_last_word(1008, 7);
    let gone = super::until("ada is seen to be gone", || {
        let shown = get(&broker, "/v1/clients/ada").json();
        (shown["online"] == false).then_some(shown)
    });
    assert!(gone["last_seen_ms"].as_u64().unwrap() > 1_700_000_000_000);
    refused(&broker, "POST /v1/clients/ada/disconnect", "", 404);
    assert!(get(&broker, "/v1/stats").json()["published"].is_u64());
}

#[test]
fn a_ban_holds_over_a_restart_until_it_is_lifted() {
    let mut broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    done(&broker, "POST /v1/clients/ada/ban", &json!({"reason": "too loud"}));
    ada.expect_last_word(1008, 7);
    broker.restart();
    let token = ask(&broker, "POST /v1/clients/ada/token", KEY, "").json()["token"].clone();
    let mut again = Peer::connect(&broker, Transport::Tcp);
    let conn = json!({"conn": {"cl": "ada", "at": token}});
    let (st, mg) = status(&again.ask(&conn), "connAck");
    assert_eq!((st, mg.contains("too loud")), (7, true), "{mg}");
    assert_eq!(get(&broker, "/v1/bans").json()["bans"][0]["client"], "ada");
    done(&broker, "DELETE /v1/clients/ada/ban", &json!({}));
    assert_eq!(status(&again.ask(&conn), "connAck").0, 1);

    done(&broker, "POST /v1/clients/ada/revoke-tokens", &json!({}));
    again.expect_last_word(1008, 7);
    let mut late = Peer::connect(&broker, Transport::Tcp);
    assert_eq!(status(&late.ask(&conn), "connAck").0, 6, "the token was revoked");
}

#[test]
fn one_that_is_banned_while_it_is_lost_gets_nothing_of_before_when_the_ban_is_over() {
    // P-47, P-48
    let broker = start(&format!("{KEYS}[session]\nresume_time = \"60s\"\n"));
    let mut homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    homer.subscribe("a");
    homer.hang_up();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("a");
    ada.hang_up();
    for client in ["homer", "ada"] {
        super::until("it is lost", || {
            let shown = get(&broker, &format!("/v1/clients/{client}")).json();
            (shown["online"] == false).then_some(())
        });
        done(&broker, "POST /v1/publish", &json!({"channel": "a", "payload": "missed"}));
        let reason = "spam\n\nxOK: Conn accepted";
        done(&broker, &format!("POST /v1/clients/{client}/ban"), &json!({"reason": reason}));
        done(&broker, "POST /v1/publish", &json!({"channel": "a", "payload": "missed too"}));
    }
    let mut homer = PubsubxPeer::connect(&broker, Transport::Tcp);
    homer.send("CONNECT homer");
    homer.expect("ERROR: banned: spam  xOK: Conn accepted");
    homer.expect_goodbye();

    for client in ["homer", "ada"] {
        done(&broker, &format!("DELETE /v1/clients/{client}/ban"), &json!({}));
    }
    // Not restored, and subscribed to nothing.
    let mut homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    done(&broker, "POST /v1/publish", &json!({"channel": "a", "payload": "new"}));
    homer.expect_silence();
    ada.expect_silence();
}

#[test]
fn what_is_wrong_with_a_request_is_said_as_a_problem() {
    let broker = start(KEYS);
    assert!(refused(&broker, "POST /v1/publish", "{", 422).contains("EOF"));
    assert!(refused(&broker, "POST /v1/publish", r#"{"channel":"a"}"#, 422).contains("payload"));
    let unknown = r#"{"channel":"a","payload":1,"qoss":1}"#;
    assert!(refused(&broker, "POST /v1/publish", unknown, 422).contains("qoss"));
    let qos = r#"{"channel":"a","payload":1,"qos":2}"#;
    assert!(refused(&broker, "POST /v1/publish", qos, 422).contains("qos"));
    let deep = format!(r#"{{"channel":"a","payload":{}1{}}}"#, "[".repeat(130), "]".repeat(130));
    assert!(refused(&broker, "POST /v1/publish", &deep, 422).contains("levels deep"));
    refused(&broker, "POST /v1/publish", r##"{"channel":"#nobody","payload":1}"##, 409);
    refused(&broker, "GET /v1/clients/nobody", "", 404);
    refused(&broker, "GET /v1/nothing", "", 404);
    refused(&broker, "DELETE /v1/publish", "", 405);
    refused(&broker, "POST /v1/clients/nobody/subscriptions", r#"{"channel":"a"}"#, 409);
}

#[test]
fn every_error_is_a_problem_wherever_the_mistake_is() {
    let broker = start(KEYS);
    // What a query may hold: no other name, no other value, no name twice, and UTF-8.
    let queries = [
        ("clients?limit=-1", "limit must be a number from 1 to 1000"),
        ("clients?limit=0", "limit must be a number from 1 to 1000"),
        ("channels?limit=1001", "limit must be a number from 1 to 1000"),
        ("channels?limit=ten", "limit must be a number from 1 to 1000"),
        ("clients?limit=1&limit=2", "duplicate field `limit`"),
        ("clients?online=maybe", "online"),
        (
            "clients?onlin=true",
            "it has after, contains, limit, online, order, prefix, protocol, sort, state",
        ),
        ("clients/ada?after=x", "nor anything else"),
        ("stats?x", "nor anything else"),
        ("clients?after=%ff", "no UTF-8"),
        ("clients?%ff=1", "no UTF-8"),
        ("clients/%ff", "UTF-8"),
        ("channels/a%ff/history", "UTF-8"),
        ("channels/a/history?limit=0", "limit must be a number from 1"),
        ("channels/a/history?limit=+1", "limit must be a number from 1"),
    ];
    for (path, what) in queries {
        let detail = refused(&broker, &format!("GET /v1/{path}"), "", 400);
        assert!(detail.contains(what), "{path}: {detail}");
    }
    refused(&broker, "POST /v1/clients/%ff/ban", "{}", 400);
    refused(&broker, "POST /v1/publish?qos=1", r#"{"channel":"a","payload":1}"#, 400);
    refused(&broker, "POST /v1/publish", "\u{1}", 422);
    let seconds = r#"{"seconds":3153600001}"#;
    assert!(refused(&broker, "POST /v1/clients/ada/ban", seconds, 422).contains("hundred years"));
    for body in [r#"{"seconds":-1}"#, r#"{"seconds":1.5}"#, r#"{"reason":7}"#, "[]"] {
        refused(&broker, "POST /v1/clients/ada/ban", body, 422);
    }
    for body in [r#"["a",1]"#, r#"{"channel":"a","payload":1,"qos":0.5}"#, "7", "null"] {
        refused(&broker, "POST /v1/publish", body, 422);
    }
    refused(&broker, "POST /v1/publish/batch", r#"{"messages":[["a",1]]}"#, 422);
    // A key comes first, whatever else is wrong.
    assert_eq!(ask(&broker, "GET /v1/clients?limit=-1", None, "").status, 401);
    let large = " ".repeat((16 << 20) + 1);
    refused(&broker, "POST /v1/publish", &large, 413);
    for method in ["PUT", "PATCH", "TRACE", "FROB"] {
        let line = format!("{method} /v1/clients");
        let answer = ask(&broker, &line, KEY, "");
        assert_eq!(field(&answer.head, "allow"), Some("GET,HEAD"), "{}", answer.head);
        refused(&broker, &line, "", 405);
    }
    let hidden = start(&format!("api.status_page = false\n{KEYS}"));
    refused(&hidden, "GET /status.json", "", 404);
}

#[test]
fn a_body_is_json_by_its_name_or_by_none() {
    let broker = start(KEYS);
    let publish = |content_type: &str| {
        let key = KEY.unwrap();
        let fields = format!("X-API-Key: {key}\r\nContent-Type: {content_type}\r\n");
        ask_with(&broker, "POST /v1/publish", &fields, r#"{"channel":"a","payload":1}"#)
    };
    // The last is what curl says of all it is given.
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.rialto+json",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(publish(good).status, 204, "{good}");
    }
    for bad in ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", ""] {
        let answer = publish(bad);
        assert_eq!(answer.status, 415, "{bad}: {}", answer.body);
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
    }
}

#[test]
fn the_document_has_every_route_and_no_key_is_needed_to_read_it() {
    let broker = start(&format!("{KEYS}{TOKENS}"));
    let document = ask(&broker, "GET /openapi.json", None, "").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            // Whatever is wrong with the request, the route is there.
            let path = path.replace("{client}", "x").replace("{channel}", "x");
            let answer = ask(&broker, &format!("{} {path}", method.to_uppercase()), None, "");
            assert_eq!(answer.status, 401, "{method} {path}");
        }
    }
    assert!(document["components"]["schemas"]["Problem"].is_object());
    let operations = document["paths"].as_object().unwrap().values();
    let operations: Vec<_> = operations.flat_map(|it| it.as_object().unwrap().values()).collect();
    for operation in &operations {
        let name = &operation["operationId"];
        let same = operations.iter().filter(|it| it["operationId"] == *name);
        assert_eq!(same.count(), 1, "{name} is the name of one operation");
        let responses = operation["responses"].as_object().unwrap();
        let mut needed = vec!["400", "401", "403"];
        if operation["requestBody"].is_object() {
            needed.extend(["408", "413", "415", "422"]);
        }
        assert!(needed.iter().all(|it| responses.contains_key(*it)), "{name}: {responses:?}");
        for (status, response) in responses.iter().filter(|(it, _)| !it.starts_with('2')) {
            let content = &response["content"]["application/problem+json"];
            assert!(content["schema"]["$ref"].is_string(), "{name}, {status}");
        }
    }
    assert!(document["components"]["securitySchemes"]["bearer"].is_object());
}

#[test]
fn the_status_page_is_there_only_where_it_is_wanted() {
    let broker = start(&format!("api.status_page = false\n{KEYS}"));
    assert_eq!(ask(&broker, "GET /status.json", None, "").status, 404);
    assert_eq!(ask(&start(KEYS), "GET /status.json", None, "").status, 200);
}
