//! What Prometheus reads, and what is made of it.

mod workload;

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rialto_testkit::{Broker, Peer, Transport};

use crate::{
    http::{ask, ask_with},
    launch, start,
};

/// A webhook that nobody is asked by, so that its metrics are there.
const WEBHOOK: &str =
    "[webhook]\nurl = \"http://127.0.0.1:9/\"\nsecret = \"secret\"\nevents = [\"close\"]\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metrics(broker: &Broker) -> String {
    let answer = ask(broker, "GET /metrics", None, "");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    answer.body
}

/// Returns the value of a series, as it is written.
#[track_caller]
fn value(metrics: &str, series: &str) -> f64 {
    let mut values =
        metrics.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = values.next().unwrap_or_else(|| panic!("there is no {series} in {metrics}"));
    assert_eq!(values.next(), None, "{series} is there twice");
    value.parse().unwrap()
}

/// Runs Prometheus' own tool with this on its standard input, and returns what it says if all is well.
#[track_caller]
fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: run `cargo xtask setup`");
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Returns the names of metrics in a text, without what histograms add to theirs.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    let metrics = words.filter(|word| word.starts_with("rialto_"));
    metrics
        .map(|name| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_metrics_are_what_happened() {
    let rules = r#"[access]
        rules = [
            { deny = ["publish"], channels = ["closed"] },
            { allow = ["publish", "subscribe"], channels = ["*"] },
        ]"#;
    let broker = start(rules);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for id in 1..=3 {
        bob.send(format!(r#"{{"pub":{{"cn":"room","dt":1,"q":1,"id":"{id}"}}}}"#));
        bob.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#));
        ada.recv();
    }
    bob.send(r#"{"pub":{"cn":"closed","dt":1,"id":"4"}}"#);
    assert_eq!(bob.recv()["pubAck"]["st"], 7);
    let metrics = metrics(&broker);
    promtool(&["check", "metrics"], &metrics);
    let version = env!("CARGO_PKG_VERSION");
    for (series, expected) in [
        ("rialto_published_total", 3.0),
        ("rialto_publish_refused_total", 1.0),
        ("rialto_sessions", 2.0),
        ("rialto_delivered_total", 3.0),
        (r#"rialto_check_passes{check="store"}"#, 1.0),
        (r#"rialto_refusals_total{event="publish-refused"}"#, 1.0),
        (r#"rialto_refusals_total{event="session-refused"}"#, 0.0),
        (r#"rialto_refusals_by_cause_total{cause="rule"}"#, 1.0),
        (r#"rialto_refusals_by_cause_total{cause="no-rule"}"#, 0.0),
        (r#"rialto_links{state="attached"}"#, 0.0),
        (&format!(r#"rialto_build_info{{version="{version}"}}"#), 1.0),
    ] {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
    // Something may be under way at the moment.
    assert!(value(&metrics, "rialto_store_wait_seconds") < 60.0);
    let commits = value(&metrics, "rialto_store_commit_seconds_count");
    assert!(3.0 <= commits && commits <= value(&metrics, "rialto_store_committed_changes_total"));
    assert_eq!(value(&metrics, r#"rialto_store_commit_seconds_bucket{le="+Inf"}"#), commits);
    assert!(0.0 < value(&metrics, "rialto_store_commit_seconds_sum"));
    let mut series = metrics.lines().filter(|line| !line.starts_with('#'));
    assert!(!series.any(|line| line.contains("room") || line.contains("ada")), "{metrics}");
}

#[test]
fn the_lock_is_measured_at_some_rounds() {
    let broker = start("");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for _ in 0..200 {
        ada.send(r#"{"hb":{}}"#);
        ada.expect(r#"{"hbAck":{}}"#);
    }
    let metrics = metrics(&broker);
    let measured = value(&metrics, "rialto_lock_held_seconds_count{by=\"round\"}");
    assert!(3.0 <= measured, "{measured} of 200 rounds");
    assert!(0.0 < value(&metrics, "rialto_lock_held_seconds_sum{by=\"round\"}"));
}

#[test]
fn others_than_this_machine_need_a_key_that_may_read() {
    let settings = "[access]\ntrusted_proxies = [\"127.0.0.1\"]\nforwarded_header = \"x-forwarded-for\"\n\
                    [[api.keys]]\nname = \"eye\"\nkey = \"0123456789abcdef\"\nallow = [\"read\"]\n";
    let broker = launch(settings).start();
    let from = |fields: &str| {
        let fields = format!("X-Forwarded-For: 192.0.2.7\r\n{fields}");
        ask_with(&broker, "GET /metrics", &fields, "").status
    };
    assert_eq!([from(""), from("X-API-Key: 0123456789abcdef\r\n")], [401, 200]);
}

#[test]
fn what_is_made_of_metrics_and_said_of_them_is_there() {
    let metrics = metrics(&start(WEBHOOK));
    promtool(&["check", "metrics"], &metrics);
    let served = names(&metrics);
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let rules = root().join("packaging/prometheus/rialto.rules.yml");
    promtool(&["check", "rules", rules.to_str().unwrap()], "");
    for page in ["packaging/prometheus/rialto.rules.yml", "packaging/prometheus/grafana.json"] {
        let missing: Vec<_> = names(&read(page)).difference(&served).cloned().collect();
        assert!(missing.is_empty(), "{page} asks for {missing:?}");
    }
    let documented = names(&read("docs/metrics.md"));
    let counters = read("docs/operating.md");
    let is_counter = |name: &str| {
        let name = name.trim_start_matches("rialto_").trim_end_matches("_total");
        counters.contains(&format!("| `{name}` |"))
    };
    let left_out: Vec<_> =
        served.difference(&documented).filter(|name| !is_counter(name)).collect();
    assert!(left_out.is_empty(), "docs/metrics.md says nothing of {left_out:?}");
}
