//! The settings in force, as the HTTP API shows them.

use rialto_testkit::Broker;
use serde_json::Value;

use super::{http::ask, login::wait_for_reload, start, until};

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"
allow = ["read"]
"#;

fn configuration(broker: &Broker) -> Value {
    let answer = ask(broker, "GET /v1/configuration", Some("the-key-of-the-application"), "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.body.contains("the-key-of"), "a secret is shown");
    answer.json()
}

#[track_caller]
fn setting<'a>(configuration: &'a Value, key: &str) -> &'a Value {
    let settings = configuration["settings"].as_array().unwrap();
    settings.iter().find(|it| it["key"] == key).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn each_setting_is_shown_with_who_said_so_and_what_a_reload_made_of_it() {
    let broker = start(&format!("[limits]\nsubscriptions_max = 7\n{KEYS}"));
    let before = configuration(&broker);
    assert_eq!(before["last_reload"], Value::Null);
    let subscriptions = setting(&before, "limits.subscriptions_max");
    assert_eq!((&subscriptions["value"], &subscriptions["default"]), (&7.into(), &1000.into()));
    assert!(subscriptions["source"].as_str().unwrap().ends_with(":2:21"), "{subscriptions}");
    assert_eq!(subscriptions["reload"], true);
    assert_eq!(setting(&before, "limits.packet_bytes_max")["source"], "defaults");
    assert_eq!(setting(&before, "webhook.secret")["value"], "not set");
    assert_eq!(setting(&before, "api.keys")["value"][0]["key"], "set");
    assert_eq!(setting(&before, "api.keys")["changed"], true);

    broker.configure(&format!(
        "[limits]\nsubscriptions_max = 8\n[server]\nworker_threads = 3\n{KEYS}"
    ));
    broker.hang_up();
    wait_for_reload(&broker);
    let after = configuration(&broker);
    assert_ne!(before["digest"], after["digest"]);
    assert_eq!(after["last_reload"]["succeeded"], true, "{}", after["last_reload"]);
    assert_eq!(setting(&after, "limits.subscriptions_max")["value"], 8);
    assert_eq!(setting(&after, "limits.subscriptions_max")["pending"], false);
    let threads = setting(&after, "server.worker_threads");
    assert_eq!((&threads["reload"], &threads["pending"]), (&false.into(), &true.into()));

    broker.configure(&format!("[limits]\nsubscriptions_max = 0\n{KEYS}"));
    broker.hang_up();
    let failed = until("the reload is refused", || {
        let shown = configuration(&broker);
        (shown["last_reload"]["succeeded"] == false).then_some(shown)
    });
    let error = failed["last_reload"]["error"].as_str().unwrap();
    assert!(error.contains("limits.subscriptions_max"), "{error}");
    assert_eq!(failed["digest"], after["digest"]);
}
