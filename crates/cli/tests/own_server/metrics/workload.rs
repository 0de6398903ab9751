//! What Prometheus reads after a workload, read by a parser that others wrote, comes out even with what was sent.

use std::{
    collections::HashMap,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};

use crate::{http::ask_with, start, until};

/// What `cargo xtask setup` makes.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/own_server/metrics/parse.py");

/// What a scrape said.
struct Scrape {
    /// By name and labels, as the script writes them.
    samples: HashMap<String, f64>,
    /// Each with the trace.
    exemplars: Vec<String>,
}

impl Scrape {
    fn of(broker: &Broker) -> Self {
        let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
        let answer = ask_with(broker, "GET /metrics", accept, "");
        assert!(answer.head.contains("content-type: application/openmetrics-text"));
        let lines = parse(&answer.body);
        let (exemplars, samples): (Vec<&str>, Vec<&str>) =
            lines.lines().partition(|line| line.starts_with("exemplar "));
        let samples = samples.iter().map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        Scrape {
            samples: samples.collect(),
            exemplars: exemplars.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Returns the sum over all series of a metric whose labels have this in them.
    fn sum(&self, name: &str, label: &str) -> f64 {
        let series = self.samples.iter().filter(|(series, _)| {
            series.split_once(' ').is_some_and(|(it, labels)| it == name && labels.contains(label))
        });
        series.map(|(_, value)| value).sum()
    }
}

/// Runs the parser on a page of metrics.
#[track_caller]
fn parse(page: &str) -> String {
    assert!(
        Path::new(PYTHON).exists(),
        "there is no Python environment with prometheus_client at {PYTHON}: run `cargo xtask setup`"
    );
    let mut python = Command::new(PYTHON)
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_a_workload_did_is_what_the_metrics_say() {
    let broker = start("");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut eve = CoremqPeer::connect(&broker, Transport::Tcp);
    eve.subscribe("room");
    // What was written is counted behind the write.
    let idle = ("rialto_sent_packets_total", "dialect=jmqt");
    let before = until("what was answered is counted", || {
        Some(Scrape::of(&broker)).filter(|it| it.sum(idle.0, idle.1) == 5.0)
    });

    const COUNT: usize = 20;
    let mut bytes = 0;
    for id in 1..=COUNT {
        let publish = format!(r#"{{"pub":{{"cn":"room","dt":{id},"q":1,"id":"{id}"}}}}"#);
        bytes += publish.len() + 1;
        bob.send(publish);
        bob.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#));
        ada.recv();
        eve.recv();
    }
    let out = 5.0 + 2.0 * COUNT as f64;
    let after = until("all that was sent is counted", || {
        Some(Scrape::of(&broker)).filter(|it| out <= it.sum(idle.0, idle.1))
    });
    let grown = |name: &str, label: &str| after.sum(name, label) - before.sum(name, label);
    let count = COUNT as f64;
    for (name, label, expected) in [
        ("rialto_received_packets_total", "dialect=jmqt", count),
        ("rialto_received_bytes_total", "dialect=jmqt", bytes as f64),
        ("rialto_sent_packets_total", "dialect=jmqt", 2.0 * count),
        ("rialto_sent_packets_total", "dialect=coremq", count),
        ("rialto_connections_open", "dialect=coremq", 0.0),
        ("rialto_published_total", "", count),
        ("rialto_stored_total", "", count),
        ("rialto_publish_acknowledgement_seconds_count", "", count),
        ("rialto_publish_delivery_seconds_count", "qos=1", count),
        ("rialto_slow_consumers", "", 0.0),
    ] {
        assert_eq!(grown(name, label), expected, "{name} {label}");
    }
    assert_eq!(after.sum("rialto_connections_open", "dialect=jmqt"), 2.0);
    assert!(0.0 < grown("rialto_publish_acknowledgement_seconds_sum", ""));
    let commits = after.sum("rialto_store_commit_seconds_count", "");
    assert_eq!(after.sum("rialto_store_commit_changes_count", ""), commits);
    assert_eq!(
        after.sum("rialto_store_commit_changes_sum", ""),
        after.sum("rialto_store_committed_changes_total", "")
    );
    let logged: usize = (1..=COUNT).map(|id| id.to_string().len()).sum();
    assert!(logged as f64 <= after.sum("rialto_log_bytes", ""));
}

#[test]
fn deliveries_with_qos_0_are_measured_at_some_rounds() {
    let broker = start("");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.ask(r#"{"sub":{"cn":"room","pr":0}}"#);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for _ in 0..200 {
        bob.send(r#"{"pub":{"cn":"room","dt":1}}"#);
        ada.recv();
    }
    let scrape = until("the last one is measured", || {
        let scrape = Scrape::of(&broker);
        (2.0 <= scrape.sum("rialto_publish_delivery_seconds_count", "qos=0")).then_some(scrape)
    });
    assert!(scrape.sum("rialto_publish_delivery_seconds_count", "qos=0") <= 200.0 / 64.0 + 1.0);
    assert_eq!(scrape.sum("rialto_publish_delivery_seconds_count", "qos=1"), 0.0);
}

#[test]
fn a_request_that_names_its_trace_is_an_exemplar() {
    let broker = start("");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let field = format!("traceparent: 00-{trace}-b7ad6b7169203331-01\r\n");
    assert_eq!(ask_with(&broker, "GET /status.json", &field, "").status, 200);
    assert_eq!(ask_with(&broker, "GET /nothing", "", "").status, 404);
    let scrape = Scrape::of(&broker);
    let count = "rialto_http_request_seconds_count";
    assert_eq!(
        [scrape.sum(count, "outcome=done"), scrape.sum(count, "outcome=refused")],
        [1.0, 1.0]
    );
    assert_eq!(scrape.exemplars, [format!("exemplar rialto_http_request_seconds_bucket {trace}")]);
}

#[test]
fn a_consumer_that_does_not_read_is_slow_until_it_has() {
    let broker = start("[limits]\noutbox_bytes_max = \"64KiB\"\npacket_bytes_max = \"64KiB\"\n");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.ask(r#"{"sub":{"cn":"room","pr":0}}"#);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let publish = format!(r#"{{"pub":{{"cn":"room","dt":"{}"}}}}"#, "x".repeat(30_000));
    let slow = |broker: &Broker| Scrape::of(broker).sum("rialto_slow_consumers", "dialect=jmqt");
    until("it is slow", || {
        (0..50).for_each(|_| bob.send(&publish));
        (slow(&broker) == 1.0).then_some(())
    });
    drop(ada);
    until("it is slow no more", || (slow(&broker) == 0.0).then_some(()));
    assert!(1.0 <= Scrape::of(&broker).sum("rialto_slow_consumers_begun_total", ""));
}
