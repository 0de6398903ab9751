//! Lists of clients, channels and subscribers: sorted, filtered and paged by the server.

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::{Value, json};

use super::{http::ask, start, until};

const KEYS: &str = "[[api.keys]]\nname = \"app\"\nkey = \"the-key-of-the-application\"\n";
const KEY: Option<&str> = Some("the-key-of-the-application");

fn get(broker: &Broker, path: &str) -> Value {
    let answer = ask(broker, &format!("GET /v1/{path}"), KEY, "");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Returns the names of a list, from all its pages of two.
fn names(broker: &Broker, list: &str, query: &str) -> Vec<String> {
    let key = match list.rsplit('/').next().unwrap() {
        "clients" => "id",
        "channels" => "name",
        _ => "client",
    };
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(broker, &format!("{list}?limit=2&after={after}&{query}"));
        let entries = page[list.rsplit('/').next().unwrap()].as_array().unwrap();
        assert!((1..=2).contains(&entries.len()), "{page}");
        names.extend(entries.iter().map(|it| it[key].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return names,
        }
    }
}

/// Publishes so many messages as the server, with QoS 1.
fn publish(broker: &Broker, channel: &str, count: usize) {
    let message = json!({"channel": channel, "payload": "eight", "qos": 1});
    let batch = json!({"messages": vec![message; count]}).to_string();
    assert_eq!(ask(broker, "POST /v1/publish/batch", KEY, &batch).status, 200);
}

#[test]
fn clients_are_sorted_by_any_number_and_those_that_are_only_stored_stand_behind() {
    let mut broker = start(KEYS);
    for (client, channel) in [("eve", "vault"), ("zoe", "jobs")] {
        Peer::online(&broker, Transport::Tcp, client).subscribe_for_good(channel);
    }
    // Nobody needs them in memory after a restart.
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut cleo = Peer::online(&broker, Transport::Tcp, "cleo");
    ada.subscribe_for_good("jobs");
    for channel in ["jobs", "vault"] {
        bob.subscribe_for_good(channel);
    }
    cleo.subscribe("jobs");
    publish(&broker, "jobs", 3);
    publish(&broker, "vault", 2);
    until("they are stored", || (lag(&broker, "bob") == 5).then_some(()));

    assert_eq!(names(&broker, "clients", ""), ["ada", "bob", "cleo", "eve", "zoe"]);
    assert_eq!(names(&broker, "clients", "order=desc"), ["cleo", "bob", "ada", "eve", "zoe"]);
    assert_eq!(names(&broker, "clients", "sort=lag"), ["bob", "ada", "cleo", "eve", "zoe"]);
    let upwards = names(&broker, "clients", "sort=lag&order=asc");
    assert_eq!(upwards, ["cleo", "ada", "bob", "eve", "zoe"]);
    assert_eq!(names(&broker, "clients", "sort=subscriptions&online=true"), ["bob", "ada", "cleo"]);
    assert_eq!(names(&broker, "clients", "state=offline&sort=lag"), ["eve", "zoe"]);
    assert_eq!(names(&broker, "clients", "prefix=e"), ["eve"]);
    assert_eq!(names(&broker, "clients", "prefix=eve"), ["eve"]);
    assert_eq!(names(&broker, "clients", "contains=o"), ["bob", "cleo", "zoe"]);
    let page = get(&broker, "clients?contains=o&limit=1");
    assert_eq!((&page["total"], page["age_ms"].is_u64()), (&json!(2), true), "{page}");
    assert!(1_700_000_000_000 < page["as_of_ms"].as_u64().unwrap());

    // Where a page ended is good for its own order only.
    let page = get(&broker, "clients?sort=lag&limit=1");
    let next = page["next"].as_str().unwrap();
    for query in ["sort=lag&order=asc", "sort=dropped", "order=desc"] {
        let answer = ask(&broker, &format!("GET /v1/clients?after={next}&{query}"), KEY, "");
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
    }
    let answer = ask(&broker, "GET /v1/clients?sort=beauty", KEY, "");
    assert!(answer.status == 400 && answer.body.contains("pending_bytes"), "{}", answer.body);
}

#[test]
fn clients_and_channels_are_counted_by_what_filters_their_lists() {
    let mut broker = start(KEYS);
    Peer::online(&broker, Transport::Tcp, "eve").subscribe_for_good("vault");
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("jobs");
    let coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    publish(&broker, "vault", 2);
    let retained = json!({"channel": "shelf", "payload": 1, "retain": true}).to_string();
    assert_eq!(ask(&broker, "POST /v1/publish", KEY, &retained).status, 204);
    assert_eq!(ask(&broker, "POST /v1/clients/mallory/ban", KEY, "").status, 204);

    let counts = until("the stored ones are counted", || {
        let counts = get(&broker, "counts");
        (counts["clients"]["online"] == 2 && counts["clients"]["stored"] == 1).then_some(counts)
    });
    let clients = &counts["clients"];
    assert_eq!((&clients["all"], &clients["offline"]), (&json!(3), &json!(1)), "{counts}");
    let expected = json!({"all": 3, "backlog": 1, "retained": 1, "unheard": 1});
    assert_eq!(counts["channels"], expected);
    assert_eq!((&clients["banned"], &clients["slow"]), (&json!(1), &json!(0)), "{counts}");
    assert!(counts["age_ms"].is_u64(), "{counts}");

    assert_eq!(names(&broker, "clients", "protocol=jmqt"), ["ada"]);
    let others = get(&broker, "clients?protocol=coremq");
    assert_eq!(
        (&others["total"], &others["clients"][0]["protocol"]),
        (&json!(1), &json!("coremq"))
    );
    assert_eq!(get(&broker, "clients?protocol=pubsubx")["total"], 0);
    assert_eq!(ask(&broker, "GET /v1/clients?protocol=mqtt", KEY, "").status, 400);
    drop(coremq);
}

fn lag(broker: &Broker, client: &str) -> u64 {
    get(broker, &format!("clients/{client}"))["lag"].as_u64().unwrap()
}

#[test]
fn a_list_by_a_rate_waits_until_there_are_some() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut bob = Peer::online(&broker, Transport::WebSocket, "bob");
    let mut cleo = Peer::online(&broker, Transport::Tcp, "cleo");
    cleo.subscribe("busy");
    cleo.subscribe("quiet");
    // Rates need an earlier count.
    assert_eq!(get(&broker, "clients")["clients"][0]["in_rate"], Value::Null);
    assert_eq!(get(&broker, "channels")["rates_over_ms"], Value::Null);
    for _ in 0..50 {
        ada.send(r#"{"pub":{"cn":"busy","dt":"12345678"}}"#);
    }
    bob.send(r#"{"pub":{"cn":"quiet","dt":1}}"#);
    (0..51).for_each(|_| _ = cleo.recv());

    assert_eq!(names(&broker, "clients", "sort=in_rate"), ["ada", "bob", "cleo"]);
    let clients = get(&broker, "clients?sort=out_rate");
    let cleo = &clients["clients"][0];
    let over_s = clients["rates_over_ms"].as_u64().unwrap() as f64 / 1e3;
    assert_eq!(cleo["id"], "cleo");
    assert!((cleo["out_rate"].as_f64().unwrap() * over_s - 51.0).abs() < 0.5, "{clients}");
    let ada = clients["clients"].as_array().unwrap().iter().find(|it| it["id"] == "ada").unwrap();
    let in_bytes = ada["in_byte_rate"].as_f64().unwrap() * over_s;
    // What it sent on the wire.
    assert!((1500.0..3000.0).contains(&in_bytes), "{in_bytes} bytes of {clients}");

    assert_eq!(names(&broker, "channels", "sort=out_byte_rate"), ["busy", "quiet"]);
    let channels = get(&broker, "channels?sort=in_rate");
    let (busy, over_ms) = (&channels["channels"][0], &channels["rates_over_ms"]);
    let over_s = over_ms.as_u64().unwrap() as f64 / 1e3;
    for (rate, expected) in
        [("in_rate", 50.0), ("out_rate", 50.0), ("in_byte_rate", 500.0), ("out_byte_rate", 500.0)]
    {
        assert!(
            (busy[rate].as_f64().unwrap() * over_s - expected).abs() < 0.5,
            "{rate}: {channels}"
        );
    }
}

#[test]
fn channels_are_sorted_and_filtered_by_what_they_hold() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("stock/a");
    ada.subscribe_for_good("stock/b");
    ada.subscribe("news");
    publish(&broker, "stock/b", 4);
    publish(&broker, "stock/a", 2);
    let retained = json!({"channel": "lamp", "payload": 1, "retain": true}).to_string();
    assert_eq!(ask(&broker, "POST /v1/publish", KEY, &retained).status, 204);

    let all = names(&broker, "channels", "");
    assert_eq!(all, ["lamp", "news", "stock/a", "stock/b"]);
    let by_log = names(&broker, "channels", "sort=log_messages");
    assert_eq!(by_log, ["stock/b", "stock/a", "lamp", "news"]);
    assert_eq!(names(&broker, "channels", "kind=backlog&order=desc"), ["stock/b", "stock/a"]);
    assert_eq!(names(&broker, "channels", "kind=retained"), ["lamp"]);
    assert_eq!(names(&broker, "channels", "kind=unheard"), ["lamp"]);
    assert_eq!(
        names(&broker, "channels", "prefix=stock%2F&sort=log_bytes"),
        ["stock/b", "stock/a"]
    );
    let page = get(&broker, "channels?contains=c&limit=1&sort=oldest_s");
    assert_eq!(page["total"], 2);
    assert!(page["channels"][0]["oldest_s"].is_u64(), "{page}");
}

#[test]
fn the_subscribers_of_a_channel_are_listed_with_how_far_they_are_behind() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut cleo = Peer::online(&broker, Transport::Tcp, "cleo");
    ada.subscribe_for_good("jobs");
    publish(&broker, "jobs", 2);
    bob.subscribe_for_good("jobs");
    cleo.subscribe("jobs");
    publish(&broker, "jobs", 1);
    assert_eq!(names(&broker, "channels/jobs/subscribers", ""), ["ada", "bob", "cleo"]);
    let by_lag = names(&broker, "channels/jobs/subscribers", "sort=lag");
    assert_eq!(by_lag, ["ada", "bob", "cleo"]);
    let page = get(&broker, "channels/jobs/subscribers?sort=lag&order=asc&prefix=b");
    let bob = json!({"client": "bob", "online": true, "persistent": true, "lag": 1,
                     "unacknowledged": 1});
    assert_eq!((&page["subscribers"], &page["total"]), (&json!([bob]), &json!(1)), "{page}");
    assert_eq!(page["not_in_memory"], 0);
    assert_eq!(get(&broker, "clients/ada/subscriptions")["subscriptions"][0]["lag"], 3);
    let answer = ask(&broker, "GET /v1/channels/nowhere/subscribers", KEY, "");
    assert_eq!(answer.status, 404, "{}", answer.body);
}
