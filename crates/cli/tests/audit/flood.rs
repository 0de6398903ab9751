//! Many refusals: few lines, a count of the others, and nobody hidden by them.

use rialto_testkit::{Peer, Transport};
use serde_json::json;

use super::{online, start, trace};

/// Refused publishes of the flood.
const FLOOD: u64 = 20_000;

#[test]
fn a_flood_from_one_address_has_ten_lines_a_count_and_hides_nobody_else() {
    let broker = start("");
    let mut flooding = online(&broker, "ada");
    let packet = r#"{"pub":{"cn":"secret-1","dt":1}}"#;
    let packets = vec![packet; 1_000];
    for _ in 0..FLOOD / 1_000 {
        flooding.send_all(&packets);
    }
    // Answered behind everything that came before.
    flooding.ask(r#"{"sub":{"cn":"open"}}"#);

    let mut other =
        Peer::connect_from(&broker, "127.0.0.2".parse().unwrap(), Transport::Tcp).unwrap();
    other.send(json!({"conn": {"cl": "bob", "at": "wrong"}}));
    assert_eq!(trace(&broker, "session-refused", "invalid-token")["address"], "127.0.0.2");

    let mut counted = 0;
    broker.wait_for_log("count of all that was left out", |line| {
        let is_it = line["event"] == "publish-refused" && line["address"] == "127.0.0.1";
        match (is_it, line["left_out"].as_u64()) {
            (true, Some(left_out)) => assert_eq!(line["window_s"], 10, "{left_out}"),
            _ => return false,
        }
        true
    });
    let lines = broker.log_lines();
    let mut written = 0;
    for line in lines.iter().filter(|line| line.contains(r#""event":"publish-refused""#)) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        match line["left_out"].as_u64() {
            Some(left_out) => counted += left_out,
            None => written += 1,
        }
    }
    // The flood may have met the end of a window.
    assert!((10..=20).contains(&written), "{written} lines");
    assert!(FLOOD - 20 <= counted + written && counted + written <= FLOOD, "{counted}");
}

#[test]
fn what_is_left_out_when_the_broker_stops_is_counted_before_it_ends() {
    let mut broker = start("");
    let mut flooding = online(&broker, "ada");
    flooding.send_all(&[r#"{"pub":{"cn":"secret-1","dt":1}}"#; 100]);
    flooding.ask(r#"{"sub":{"cn":"open"}}"#);
    broker.terminate();
    let lines = broker.log_lines();
    let counts = lines.iter().filter(|line| line.contains(r#""left_out":"#));
    assert!(counts.count() > 0, "{lines:#?}");
}

#[test]
fn the_trace_can_be_turned_off() {
    let broker = super::launch("").set("log.level=info,rialto::audit=off").start();
    let mut ada = online(&broker, "ada");
    ada.ask(r#"{"sub":{"cn":"secret-1"}}"#);
    ada.ask(r#"{"sub":{"cn":"open"}}"#);
    let lines = broker.log_lines().join("\n");
    assert!(!lines.contains("rialto::audit"), "{lines}");
}
