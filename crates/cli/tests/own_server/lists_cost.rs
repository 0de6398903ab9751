//! What lists cost the others: how long a step of a count holds the broker's lock, while messages pass.
//!
//! `RIALTO_LIST_CHANNELS=100000 RIALTO_LIST_CLIENTS=100000 cargo test -p rialto-cli --test own_server lists_cost -- --nocapture`
//! is the long form, which takes minutes and prints its figures. One in five clients is online, as far as the limit of open
//! files allows.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Peer, Transport};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use super::{http::ask, launch};

const KEYS: &str = "[[api.keys]]\nname = \"app\"\nkey = \"the-key-of-the-application\"\n";
const KEY: Option<&str> = Some("the-key-of-the-application");

/// Lists that are asked for, each of all entries.
const LISTS: [&str; 6] = [
    "clients?sort=lag",
    "clients?sort=pending_bytes&limit=1000",
    "channels?sort=out_rate",
    "channels?sort=log_bytes&contains=99",
    "clients?sort=in_rate&prefix=c",
    "channels?order=desc",
];
/// Files that the test and the broker have open besides connections.
const OTHER_FILES: usize = 200;
/// One of so many clients is online, if there may be as many files.
const ONLINE_PART: usize = 5;
/// Channels of the test that has very many of them.
const MANY_CHANNELS: usize = 100_000;
/// What nearly all steps keep within, in seconds: the end of a range of the histogram.
const STEP_MAX: &str = "0.001024";

fn given(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn a_count_holds_the_lock_for_a_moment_at_a_time_while_messages_pass() {
    let channels = given("RIALTO_LIST_CHANNELS", 3000);
    let clients = given("RIALTO_LIST_CLIENTS", 1500);
    let online = files().saturating_sub(OTHER_FILES).min(clients / ONLINE_PART);
    // So that all clients are in memory, whether they are there or not.
    let settings =
        ["store.kind=memory", "retained.count_max=1000000", "limits.connections_max=100000"];
    let broker = settings.into_iter().fold(launch(KEYS), |it, set| it.set(set)).start();
    make_channels(&broker, channels);
    let peers: Vec<Peer> = (0..online)
        .map(|number| Peer::online(&broker, Transport::Tcp, &format!("c{number:06}")))
        .collect();
    for number in online..clients {
        let line = format!("POST /v1/clients/c{number:06}/subscriptions");
        let jobs = json!({"channel": "jobs", "persistent": true}).to_string();
        assert_eq!(ask(&broker, &line, KEY, &jobs).status, 204);
    }
    let before = broker.memory_bytes();
    let (longest, oldest_ms) = while_messages_pass(&broker, || ask_for_lists(&broker));
    let metrics = ask(&broker, "GET /metrics", None, "").body;
    let (steps, quick) = steps(&metrics);
    eprintln!(
        "{channels} channels, {clients} clients, {online} online: {steps} steps, {quick} of them within {STEP_MAX} s, \
         {:.0} us on average; the slowest list took {longest:?}, the oldest count was {oldest_ms} ms old; \
         {} MiB more in use",
        1e6 * value(&metrics, "rialto_lock_held_seconds_sum{by=\"api\"}") / steps,
        broker.memory_bytes().saturating_sub(before) >> 20,
    );
    print_ranges(&metrics);
    // A machine that is busy with other things takes the processor away in the middle of a step.
    assert!(0.9 * steps <= quick, "{quick} of {steps} steps");
    assert!(oldest_ms <= 6000, "{oldest_ms} ms");
    drop(peers);
}

#[test]
fn lists_of_very_many_channels_hold_the_lock_for_a_millisecond_at_most() {
    let settings = ["store.kind=memory", "retained.count_max=1000000"];
    let broker = settings.into_iter().fold(launch(KEYS), |it, set| it.set(set)).start();
    make_channels(&broker, MANY_CHANNELS);
    for list in ["channels?sort=log_bytes&limit=1000", "channels?contains=99999"] {
        let answer = ask(&broker, &format!("GET /v1/{list}"), KEY, "");
        assert_eq!(answer.status, 200, "{list}: {}", answer.body);
    }
    let counts = ask(&broker, "GET /v1/counts", KEY, "").json();
    assert_eq!(counts["channels"]["all"], MANY_CHANNELS);
    let (steps, quick) = steps(&ask(&broker, "GET /metrics", None, "").body);
    assert!((MANY_CHANNELS / 256) as f64 <= steps, "{steps} steps");
    // A machine that is busy with other things takes the processor away in the middle of a step.
    assert!(0.95 * steps <= quick, "{quick} of {steps} steps");
}

/// Returns how many steps there were, and how many of them kept within what they are to.
fn steps(metrics: &str) -> (f64, f64) {
    let bucket = |le: &str| -> f64 {
        let le = format!("le=\"{le}\"");
        let line = api_ranges(metrics).find(|line| line.contains(&le));
        let line = line.unwrap_or_else(|| panic!("there is no range up to {le}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    (bucket("+Inf"), bucket(STEP_MAX))
}

/// Returns how many files may be open.
fn files() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |it| it as usize)
}

fn make_channels(broker: &Broker, count: usize) {
    for first in (0..count).step_by(1000) {
        let message = |number| json!({"channel": format!("ch/{number:06}"), "payload": number, "retain": true});
        let messages: Vec<Value> = (first..count.min(first + 1000)).map(message).collect();
        let batch = json!({ "messages": messages }).to_string();
        assert_eq!(ask(broker, "POST /v1/publish/batch", KEY, &batch).status, 200);
    }
}

/// Does something while a client publishes and another receives.
fn while_messages_pass<R>(broker: &Broker, act: impl FnOnce() -> R) -> R {
    let mut reader = Peer::online(broker, Transport::Tcp, "reader");
    reader.subscribe("busy");
    let mut writer = Peer::online(broker, Transport::Tcp, "writer");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let message = r#"{"pub":{"cn":"busy","dt":"a payload of some bytes"}}"#;
            while !is_over.load(Ordering::Acquire) {
                writer.send_all(&[message; 32]);
                (0..32).for_each(|_| _ = reader.recv());
            }
        });
        let result = act();
        is_over.store(true, Ordering::Release);
        result
    })
}

/// Asks for lists, and returns how long the slowest took and how old the oldest count was.
fn ask_for_lists(broker: &Broker) -> (Duration, u64) {
    let (mut longest, mut oldest_ms) = (Duration::ZERO, 0);
    for list in LISTS.iter().cycle().take(3 * LISTS.len()) {
        let began = Instant::now();
        let answer = ask(broker, &format!("GET /v1/{list}"), KEY, "");
        longest = longest.max(began.elapsed());
        assert_eq!(answer.status, 200, "{list}: {}", answer.body);
        let page = answer.json();
        oldest_ms = oldest_ms.max(page["age_ms"].as_u64().unwrap());
        assert!(1 < page["total"].as_u64().unwrap(), "{list}");
    }
    (longest, oldest_ms)
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("there is no {series}")).parse().unwrap()
}

/// Prints into which ranges the steps fell.
fn print_ranges(metrics: &str) {
    api_ranges(metrics).for_each(|range| eprintln!("{range}"));
}

/// Returns the lines of how long the HTTP API held the lock.
fn api_ranges(metrics: &str) -> impl Iterator<Item = &str> {
    metrics.lines().filter(|line| {
        line.starts_with("rialto_lock_held_seconds_bucket") && line.contains("by=\"api\"")
    })
}
