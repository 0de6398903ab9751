//! What a client may do and why, and what it goes by, as the HTTP API tells it.

use rialto_testkit::Broker;
use serde_json::{Value, json};

use super::{TOKENS, http::ask, online, start};

const RULES: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"
allow = ["read", "manage"]

[[access.rules]]
name = "pumps command nobody"
client = "pump*"
deny = ["publish"]
channels = ["commands/*"]

[[access.rules]]
group = "staff"
allow = ["publish", "subscribe"]
channels = ["commands/*"]

[[access.rules]]
allow = ["subscribe"]
channels = ["*"]
"#;
const KEY: Option<&str> = Some("the-key-of-the-application");

fn test(broker: &Broker, client: &str, action: &str, channel: &str) -> Value {
    let question = json!({"client": client, "action": action, "channel": channel}).to_string();
    let answer = ask(broker, "POST /v1/access/test", KEY, &question);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[test]
fn a_decision_names_its_rule_and_why_those_before_it_do_not_fit() {
    let broker = start(&format!("{TOKENS}{RULES}"));
    let ada = test(&broker, "ada", "publish", "commands/7");
    assert_eq!(
        (&ada["allowed"], &ada["by"], &ada["rule"]),
        (&json!(true), &json!("rule"), &json!("2")),
        "{ada}"
    );
    assert_eq!((&ada["connected"], &ada["groups"]), (&json!(false), &json!(["staff"])));
    let steps = ada["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{ada}");
    assert_eq!(
        (&steps[0]["rule"], &steps[0]["fits"]),
        (&json!("1 pumps command nobody"), &json!(false))
    );
    assert_eq!(steps[0]["why"], "it is for the clients pump*");
    assert_eq!(steps[1]["fits"], true);
    let source = steps[0]["source"].as_str().unwrap();
    assert!(source.contains(".toml:"), "{source}");
    assert_ne!(steps[1]["source"], source, "each rule has its own line");

    let pump = test(&broker, "pump", "publish", "commands/7");
    assert_eq!(
        (&pump["allowed"], &pump["rule"]),
        (&json!(false), &json!("1 pumps command nobody"))
    );
    assert!(pump["text"].as_str().unwrap().contains("denies publishing"), "{pump}");
    let nobody = test(&broker, "bob", "publish", "elsewhere");
    assert_eq!(
        (&nobody["allowed"], &nobody["by"]),
        (&json!(false), &json!("unmatched")),
        "{nobody}"
    );
    assert_eq!(nobody["application"], "none");
    assert_eq!(nobody["steps"].as_array().unwrap().len(), 3);
    // A publish to a marked channel is another action, of which no rule speaks.
    assert_eq!(test(&broker, "ada", "publish", "#bob")["allowed"], false);

    assert_eq!(
        ask(&broker, "POST /v1/clients/ada/ban", KEY, r#"{"reason":"too loud"}"#).status,
        204
    );
    let banned = test(&broker, "ada", "subscribe", "room");
    assert_eq!((&banned["allowed"], &banned["by"]), (&json!(false), &json!("ban")), "{banned}");
    assert_eq!(banned["text"], "banned: too loud");
    let wrong = ask(
        &broker,
        "POST /v1/access/test",
        KEY,
        r#"{"client":"ada","action":"dance","channel":"a"}"#,
    );
    assert_eq!(wrong.status, 422, "{}", wrong.body);
}

#[test]
fn of_a_connected_client_its_own_rights_count_and_what_they_rest_on_is_told() {
    let broker = start(&format!("{TOKENS}{RULES}"));
    let mut ada = online(&broker, "ada");
    let asked = test(&broker, "ada", "publish", "commands/7");
    assert_eq!((&asked["allowed"], &asked["connected"]), (&json!(true), &json!(true)), "{asked}");
    assert_eq!(asked["groups"], json!(["staff"]));
    let shown = ask(&broker, "GET /v1/clients/ada", KEY, "").json();
    assert_eq!(
        (&shown["groups"], &shown["signed_in_by"]),
        (&json!(["staff"]), &json!("a token of the settings")),
        "{shown}"
    );
    assert_eq!((&shown["expires_ms"], &shown["tls"]), (&Value::Null, &json!(false)));
    assert!(shown["heartbeat_s"].is_u64() && shown["last_heard_ms"].is_u64(), "{shown}");
    assert_eq!(
        (&shown["lag"], &shown["pending_bytes"], &shown["dropped"]),
        (&json!(0), &json!(0), &json!(0))
    );
    // In lists these stand for themselves.
    let listed = ask(&broker, "GET /v1/clients", KEY, "").json();
    assert_eq!(listed["clients"][0]["groups"], Value::Null, "{listed}");
    assert_eq!(ada.ask(r#"{"hb":{}}"#), json!({"hbAck": {}}));
}
