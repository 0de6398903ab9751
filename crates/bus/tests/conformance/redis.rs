//! The suite on Redis: one server, one that a sentinel names, and a cluster.

use std::cell::RefCell;

use rialto_bus::{BusError, Event, Kind, Outgoing, RedisBus, Subjects, Topology};
use rialto_testkit::Redis;

use super::{Node, check_absence, check_delivery, check_heard, check_interruption};

const INBOX_BYTES_MAX: usize = 16 << 20;

fn bus(addresses: &[String], topology: &Topology) -> RedisBus {
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    RedisBus::new(&addresses, topology.clone(), INBOX_BYTES_MAX).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_on_one_server() {
    let (redis, subjects) = (Redis::start(&[]), Subjects::new("rialto"));
    let addresses = [redis.url()];
    let bus = || bus(&addresses, &Topology::Single);
    check_delivery(bus, &subjects).await;
    super::check_many_subjects(bus, &subjects).await;
    check_heard(bus, &subjects, true).await;
    let kill = || assert_ne!(redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).trim(), "0");
    check_interruption(bus, &subjects, kill).await;
    let redis = RefCell::new(redis);
    let restart = || {
        redis.borrow_mut().kill();
        redis.borrow_mut().resume();
    };
    check_interruption(bus, &subjects, restart).await;
    let (away, back) = (|| redis.borrow_mut().kill(), || redis.borrow_mut().resume());
    check_absence(bus, &subjects, away, back).await;
    // It accepts, and never answers.
    let (away, back) = (|| redis.borrow().stand_still(), || redis.borrow().go_on());
    check_absence(bus, &subjects, away, back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_keeps_may_go_without_anybody_noticing() {
    let redis = Redis::start(&[]);
    let subjects = Subjects::new("rialto");
    let addresses = [redis.url()];
    let mut node = Node::start(bus(&addresses, &Topology::Single)).await;
    node.subscribe(&subjects.all()).await;
    assert_eq!(redis.ask(&["FLUSHALL"]).trim(), "OK");
    node.publish(&subjects.all(), "here");
    assert_eq!(node.message().await, (subjects.all(), "here".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_read_is_cut_off_and_told_so() {
    let redis = Redis::start(&["client-output-buffer-limit pubsub 1mb 1mb 1"]);
    let subjects = Subjects::new("rialto");
    let addresses = [redis.url()];
    // It takes little, and then nothing for a while.
    let small = RedisBus::new(&[&addresses[0]], Topology::Single, 1 << 20).unwrap();
    let mut hearer = Node::start(small).await;
    let speaker = Node::start(bus(&addresses, &Topology::Single)).await;
    hearer.subscribe(&subjects.all()).await;
    for _ in 0..100 {
        let bytes = vec![b'7'; 1 << 17].into();
        speaker.line.publish(Outgoing::new(subjects.all(), Kind::Run, bytes));
    }
    while speaker.line.counts().queue_bytes > 0 {
        tokio::task::yield_now().await;
    }
    let mut count = 0;
    loop {
        match hearer.next().await {
            Event::Message(..) => count += 1,
            Event::Down => break,
            event => panic!("{event:?}"),
        }
    }
    assert!(count < 100, "all came");
    hearer.expect(&Event::Up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_names_the_server_and_the_next_one_when_that_fails() {
    let mut first = Redis::start(&[]);
    let second = Redis::start(&[&format!("replicaof 127.0.0.1 {}", first.port())]);
    first.await_answer(&["INFO", "replication"], "state=online");
    let sentinel = Redis::start_sentinel(&first);
    let replicas = ["SENTINEL", "replicas", "rialto"];
    sentinel.await_answer(&replicas, &second.port().to_string());
    let (addresses, topology) = ([sentinel.url()], Topology::Sentinel("rialto".to_owned()));
    let subjects = Subjects::new("rialto");
    check_delivery(|| bus(&addresses, &topology), &subjects).await;
    let mut node = Node::start(bus(&addresses, &topology)).await;
    node.subscribe(&subjects.all()).await;
    first.kill();
    node.expect(&Event::Down).await;
    node.expect(&Event::Up).await;
    node.expect(&Event::Subscribed(vec![subjects.all()])).await;
    node.publish(&subjects.all(), "here");
    assert_eq!(node.message().await, (subjects.all(), "here".to_owned()));
    second.await_answer(&["INFO", "replication"], "role:master");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_on_a_cluster() {
    let servers = RefCell::new(Redis::start_cluster());
    let addresses: Vec<String> = servers.borrow().iter().map(Redis::url).collect();
    let subjects = Subjects::partitioned("rialto", 256);
    let bus = || bus(&addresses, &Topology::Cluster);
    check_delivery(bus, &subjects).await;
    super::check_many_subjects(bus, &subjects).await;
    check_heard(bus, &subjects, true).await;
    let kill = || {
        let counts = servers
            .borrow()
            .iter()
            .map(|server| {
                server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).trim().parse::<u32>().unwrap()
            })
            .sum::<u32>();
        assert!(0 < counts);
    };
    check_interruption(bus, &subjects, kill).await;
}

#[test]
fn addresses_are_judged_and_not_shown() {
    let fault = |addresses: &[&str]| {
        let error = RedisBus::new(addresses, Topology::Single, 1).err().unwrap();
        assert!(matches!(error, BusError::Settings(_)));
        error.to_string()
    };
    assert!(!fault(&["redsi://user:secret@host/"]).contains("secret"));
    assert!(fault(&[]).contains("no address"));
    assert!(fault(&["redis://a/", "redis://b/"]).contains("sentinel"));
}
