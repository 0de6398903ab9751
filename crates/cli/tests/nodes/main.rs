//! Two real brokers on one real PostgreSQL: what is published on one is read on the other, clients move between them, and
//! one is killed or stopped and goes on. The many ways in which all this can fall together are simulated beside the
//! core, in crates/broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod bus;
#[path = "../common/mod.rs"]
mod common;
mod example;

use std::time::{Duration, Instant};

use rialto_testkit::{Broker, Launch, Peer, Postgres, Transport};
use serde_json::Value;

use common::{PROGRAM, acknowledge, publish_stored};

/// How soon after it has lost its node a client is served elsewhere.
const SERVED_WITHIN: Duration = Duration::from_secs(2);

fn launch(database: &Postgres) -> Launch {
    let url = database.url();
    Launch::of(PROGRAM)
        .without_certificate()
        .set("store.kind=postgres")
        .set("store.shared=true")
        .set(&format!("store.url={url}"))
}

fn two(database: &Postgres) -> (Broker, Broker) {
    (launch(database).start(), launch(database).start())
}

fn online(broker: &Broker, client: &str) -> Peer {
    Peer::online(broker, Transport::Tcp, client)
}

/// Publishes numbers, and waits until each is acknowledged.
fn publish(peer: &mut Peer, channel: &str, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        peer.send(publish_stored(channel, number, number));
        peer.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{number}"}}}}"#));
    }
}

/// Takes pushes, and acknowledges them; returns their payloads.
fn take(peer: &mut Peer, count: usize) -> Vec<u64> {
    let pushes: Vec<Value> = (0..count).map(|_| peer.recv()["push"].clone()).collect();
    pushes.iter().for_each(|push| peer.send(acknowledge(push["id"].as_str().unwrap())));
    pushes.iter().map(|push| push["dt"].as_u64().unwrap()).collect()
}

#[test]
fn what_is_published_on_one_node_is_read_on_the_other_in_one_order() {
    // J-67, J-73, J-77, J-82.
    let database = Postgres::start_in_memory(&[]);
    let (one, other) = two(&database);
    let (mut ada, mut eve) = (online(&one, "ada"), online(&other, "eve"));
    ada.subscribe_for_good("room");
    eve.subscribe_for_good("room");
    let (mut bob, mut zoe) = (online(&one, "bob"), online(&other, "zoe"));
    publish(&mut bob, "room", 1..=3);
    assert_eq!((take(&mut ada, 3), take(&mut eve, 3)), (vec![1, 2, 3], vec![1, 2, 3]));

    // Both publish at the same time: whatever the order is, both subscribers see it.
    for number in 10..30 {
        bob.send(publish_stored("room", number, number));
        zoe.send(publish_stored("room", 100 + number, 100 + number));
    }
    let (by_ada, by_eve) = (take(&mut ada, 40), take(&mut eve, 40));
    assert_eq!(by_ada, by_eve);
    let of_bob: Vec<u64> = by_ada.into_iter().filter(|number| *number < 100).collect();
    assert_eq!(of_bob, (10..30).collect::<Vec<_>>());

    // What one node retains, the other one gives to whoever subscribes there right behind the acknowledgement.
    let mut carl = online(&one, "carl");
    carl.send(r#"{"pub":{"cn":"hall","dt":7,"q":1,"rt":1,"id":"7"}}"#);
    carl.expect(r#"{"pubAck":{"st":1,"id":"7"}}"#);
    let mut dora = online(&other, "dora");
    dora.subscribe("hall");
    let push = dora.recv();
    assert_eq!((&push["push"]["dt"], &push["push"]["cn"]), (&7.into(), &"hall".into()), "{push}");

    // A direct message finds its client on the other node, and its sender is not told that it is offline.
    while database.sql("SELECT count(*) FROM rialto.client WHERE name = 'dora'").trim() != "1" {
        std::thread::yield_now();
    }
    carl.send(publish_stored("#dora", 8, 8));
    carl.expect(r#"{"pubAck":{"st":1,"id":"8"}}"#);
    assert_eq!(take(&mut dora, 1), [8]);
}

#[test]
fn a_client_is_taken_over_by_another_node_and_restored_there() {
    // J-37, J-77, J-128.
    let database = Postgres::start_in_memory(&[]);
    let (one, other) = two(&database);
    let mut old = online(&one, "ada");
    old.subscribe_for_good("room");
    let mut bob = online(&one, "bob");
    publish(&mut bob, "room", 1..=4);
    assert_eq!(take(&mut old, 2), [1, 2]);

    let began = Instant::now();
    let mut new = online(&other, "ada");
    assert!(began.elapsed() < SERVED_WITHIN, "{:?}", began.elapsed());
    // What was not acknowledged comes again, what was does not.
    assert_eq!(take(&mut new, 2), [3, 4]);
    (0..2).for_each(|_| _ = old.recv());
    assert_eq!(old.expect_last_word(1008, 7), "taken-over");
    publish(&mut bob, "room", 5..=6);
    assert_eq!(take(&mut new, 2), [5, 6]);

    // Back again, after a goodbye.
    new.leave();
    let mut back = online(&one, "ada");
    publish(&mut bob, "room", 7..=7);
    assert_eq!(take(&mut back, 1), [7]);
}

#[test]
fn the_clients_of_a_killed_node_are_served_by_another_and_its_departures_are_told() {
    // J-73, J-77, J-87.
    let database = Postgres::start_in_memory(&[]);
    let presence = "access.presence_channel=people";
    let mut one = launch(&database).set(presence).start();
    let other = launch(&database).set(presence).start();
    let mut watcher = online(&other, "watcher");
    watcher.subscribe("people");
    let (mut ada, mut eve) = (online(&one, "ada"), online(&one, "eve"));
    ada.subscribe_for_good("room");
    eve.subscribe_for_good("room");
    let mut bob = online(&one, "bob");
    publish(&mut bob, "room", 1..=3);
    assert_eq!(take(&mut ada, 1), [1]);
    // Open sessions are noted a moment later.
    while database.sql("SELECT count(*) FROM rialto.session WHERE node = 1").trim() != "3" {
        std::thread::yield_now();
    }
    one.kill();

    let began = Instant::now();
    let mut ada = online(&other, "ada");
    assert!(began.elapsed() < SERVED_WITHIN, "{:?}", began.elapsed());
    let first = take(&mut ada, 1);
    let rest = if first == [1] { take(&mut ada, 2) } else { take(&mut ada, 1) };
    assert_eq!(rest.last(), Some(&3), "what was acknowledged to bob is there");
    let mut zoe = online(&other, "zoe");
    publish(&mut zoe, "room", 4..=4);
    assert_eq!(take(&mut ada, 1), [4]);

    // Whoever did not come back is told of once, when the node has been dead for a while.
    let mut gone = Vec::new();
    while gone.len() < 2 {
        let packet = watcher.recv();
        if let Some(client) = packet["push"]["dt"]["offline"].as_str() {
            gone.push(client.to_owned());
        }
        watcher.send(r#"{"hb":{}}"#);
    }
    gone.sort();
    assert_eq!(gone, ["bob", "eve"]);
    one.restart();
    let mut eve = online(&one, "eve");
    assert_eq!(take(&mut eve, 4), [1, 2, 3, 4]);
}

#[test]
fn a_node_that_was_stopped_serves_no_client_that_moved_meanwhile() {
    // J-73, J-77.
    let database = Postgres::start_in_memory(&[]);
    let (one, other) = two(&database);
    let mut old = online(&one, "ada");
    old.subscribe_for_good("room");
    let mut bob = online(&other, "bob");
    let mut new = None;
    one.stop_for(Duration::from_millis(1500), || {
        let mut ada = online(&other, "ada");
        publish(&mut bob, "room", 1..=2);
        assert_eq!(take(&mut ada, 2), [1, 2]);
        new = Some(ada);
    });
    assert_eq!(old.expect_last_word(1008, 7), "taken-over");
    let mut new = new.unwrap();
    publish(&mut bob, "room", 3..=3);
    assert_eq!(take(&mut new, 1), [3]);

    // Stopped for longer than its lease, it finds that the others have taken it for dead, and ends.
    let eve = online(&one, "eve");
    one.stop_for(Duration::from_secs(9), || {
        let mut eve = online(&other, "eve");
        eve.subscribe_for_good("room");
        publish(&mut bob, "room", 4..=4);
        assert_eq!(take(&mut eve, 1), [4]);
    });
    one.wait_for_log("that it ends", |line| {
        let said = line["message"].as_str().or(line["fields"]["message"].as_str());
        said.is_some_and(|said| said.starts_with("the process ends"))
    });
    drop(eve);
    assert_eq!(take(&mut new, 1), [4]);
}
