//! Figures over time, and of the node: what the HTTP API shows to whoever watches a server.

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use super::{http::ask, start, until};

const KEYS: &str = "[[api.keys]]\nname = \"app\"\nkey = \"the-key-of-the-application\"\n";
const KEY: Option<&str> = Some("the-key-of-the-application");

fn get(broker: &Broker, path: &str) -> Value {
    let answer = ask(broker, &format!("GET /v1/{path}"), KEY, "");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Publishes messages with QoS 1 that a persistent subscriber gets.
fn pass(broker: &Broker, ada: &mut Peer, count: usize) {
    let message = json!({"channel": "room", "payload": "eight", "qos": 1});
    let batch = json!({"messages": vec![message; count]}).to_string();
    assert_eq!(ask(broker, "POST /v1/publish/batch", KEY, &batch).status, 200);
    for _ in 0..count {
        ada.expect(r#"{"push":{"cn":"room","dt":"eight","cl":"","q":1,"id":"*"}}"#);
    }
}

/// Adds up what is known of a series.
fn sum(history: &Value, name: &str) -> f64 {
    let values = history["series"][name].as_array().unwrap_or_else(|| panic!("no {name}"));
    values.iter().filter_map(Value::as_f64).sum()
}

#[test]
fn what_passed_is_in_the_history_by_the_second() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    // The first sample may have been taken behind some of them.
    until("a second is known", || {
        let history = get(&broker, "stats/history?series=connections");
        history["series"]["connections"].as_array()?.iter().any(Value::is_number).then_some(())
    });
    pass(&broker, &mut ada, 100);
    let series = "in_rate,out_rate,stored_rate,ack_p99_ms,commit_changes,connections,memory_bytes";
    let history = until("all of it is there", || {
        let history = get(&broker, &format!("stats/history?series={series}"));
        // A step is about a second, and a rate is by the time that passed.
        (80.0 < sum(&history, "in_rate") && 80.0 < sum(&history, "out_rate")).then_some(history)
    });
    assert!((80.0..130.0).contains(&sum(&history, "in_rate")), "{}", sum(&history, "in_rate"));
    assert!(80.0 < sum(&history, "stored_rate"), "{}", history["series"]["stored_rate"]);
    assert!(0.0 < sum(&history, "ack_p99_ms"), "{}", history["series"]["ack_p99_ms"]);
    assert!(0.0 < sum(&history, "commit_changes"));
    assert!(f64::from(1 << 20) < sum(&history, "memory_bytes"));
    assert_eq!(
        (&history["step_ms"], history["series"].as_object().unwrap().len()),
        (&json!(1000), 7)
    );
    let values = history["series"]["in_rate"].as_array().unwrap();
    assert_eq!(values.len(), 300);
    assert_eq!(values[0], Value::Null, "nothing is known of the time before");
    let until_ms = history["from_ms"].as_u64().unwrap() + 300_000;
    assert!(1_700_000_000_000 < until_ms);

    let day = get(&broker, "stats/history?range=24h");
    assert_eq!(day["step_ms"], 60_000);
    assert!(day["series"].as_object().unwrap().len() <= 40);
    assert!(
        day["series"].as_object().unwrap().values().all(|it| it.as_array().unwrap().len() == 1440)
    );
    let both = get(&broker, "stats/history?series=in_rate&series=out_rate,in_rate");
    assert_eq!(both["series"].as_object().unwrap().len(), 2);
    for query in ["series=beauty", "range=1w", "series=", "range=5m&range=1h"] {
        let answer = ask(&broker, &format!("GET /v1/stats/history?{query}"), KEY, "");
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
}

#[test]
fn the_node_shows_its_checks_and_what_goes_through_it() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    pass(&broker, &mut ada, 10);
    let nodes = until("the figures are there", || {
        let nodes = get(&broker, "nodes");
        nodes["nodes"][0]["in_rate"].is_number().then_some(nodes)
    });
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 1);
    let node = &nodes["nodes"][0];
    assert_eq!(
        (&node["state"], &node["version"]),
        (&json!("ready"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let checks = node["checks"].as_array().unwrap();
    let store = checks.iter().find(|it| it["name"] == "store").unwrap();
    assert_eq!((&store["passes"], &store["text"]), (&json!(true), &json!("ok")));
    assert_eq!(node["digest"], get(&broker, "configuration")["digest"]);
    assert_eq!((&node["sessions"], &node["store"]), (&json!(1), &json!("sqlite")));
    assert!(node["connections"].as_u64() < node["connections_max"].as_u64(), "{node}");
    for bytes in ["memory_bytes", "memory_bytes_max", "disk_bytes", "disk_free_bytes"] {
        assert!(Some(4096) <= node[bytes].as_u64(), "{bytes}: {node}");
    }
    assert_eq!((&node["peers"], &node["peers_missing"]), (&json!([]), &json!(0)));
    assert!(node["name"].as_str().unwrap().contains(':'), "{node}");
}
