//! A store that does not answer: a lock that another program holds on the database stands for a disk
//! that hangs.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    time::Duration,
};

use rialto_testkit::Broker;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{expect_numbers, launch, online, until};
use crate::common::{frames, publish_stored};

/// How long nothing must be taken from a client that is not read.
const BLOCKED: Duration = Duration::from_millis(700);

/// More than all buffers between a client and the broker hold.
const FLOOD_BYTES: usize = 64 << 20;

#[test]
fn a_commit_that_hangs_is_told_of_and_what_waits_behind_it_is_bounded() {
    let broker = launch().start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    let mut bob = online(&broker, "bob");
    assert_eq!(broker.stat("store_wait_ms"), 0);

    let lock = Connection::open(broker.data_dir().join("rialto.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    bob.send(publish_stored("room", 1, 1));
    broker.wait_for_log("line about the commit while it hangs", |line| {
        line["level"] == "WARN" && starts(line, "slow store commit: it has been running")
    });
    let stats = broker.stats();
    assert!(1000 <= stats["store_wait_ms"].as_u64().unwrap(), "{stats}");
    let taken = flood(&broker);
    assert!(taken < FLOOD_BYTES, "{taken} bytes of subscriptions were taken");
    let waiting = broker.stat("store_queue");

    drop(lock);
    bob.expect(json!({"pubAck": {"st": 1, "id": "1"}}));
    expect_numbers(&mut ada, "room", [1]);
    let over = broker.wait_for_log("line that it is over", |line| {
        line["level"] == "WARN" && starts(line, "the slow store commit has finished")
    });
    assert!(1.0 <= over["seconds"].as_f64().unwrap(), "{over}");
    until("the store has caught up", || (broker.stat("store_wait_ms") < 100).then_some(()));
    assert!(0 < waiting, "batches waited");
    assert_eq!(lines(&broker, "slow store commit: it has been running"), 1);
}

/// Subscribes and unsubscribes persistently without end, until nothing of it is taken any more or it
/// is too much; returns how many bytes were taken.
fn flood(broker: &Broker) -> usize {
    let mut stream = TcpStream::connect(broker.address()).unwrap();
    stream.set_write_timeout(Some(BLOCKED)).unwrap();
    let answer = ask(&mut stream, r#"{"auth":{"dt":{"client_name":"mallory"}}}"#);
    let token = &answer["authAck"]["at"];
    let answer = ask(&mut stream, &format!(r#"{{"conn":{{"at":{token},"cl":"mallory"}}}}"#));
    assert_eq!(answer["connAck"]["st"], 1, "{answer}");
    let round = [r#"{"sub":{"cn":"den","pr":1}}"#, r#"{"unsub":{"cn":"den"}}"#];
    let rounds = frames(round.iter().cycle().take(2000).map(ToString::to_string));
    let mut taken = 0;
    while taken < FLOOD_BYTES {
        match stream.write(&rounds[taken % rounds.len()..]) {
            Ok(bytes) => taken += bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                break;
            }
            Err(error) => panic!("the broker closed: {error}"),
        }
    }
    taken
}

/// Sends a packet and returns what comes next.
fn ask(stream: &mut TcpStream, packet: &str) -> Value {
    stream.write_all(&frames([packet.to_owned()])).unwrap();
    let mut answer = Vec::new();
    BufReader::new(stream).read_until(0, &mut answer).unwrap();
    serde_json::from_slice(answer.strip_suffix(&[0]).unwrap()).unwrap()
}

fn starts(line: &Value, words: &str) -> bool {
    line["message"].as_str().is_some_and(|text| text.starts_with(words))
}

fn lines(broker: &Broker, words: &str) -> usize {
    broker.log_lines().iter().filter(|line| line.contains(words)).count()
}
