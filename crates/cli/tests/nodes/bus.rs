//! Two real brokers on one real PostgreSQL, and Redis or NATS between them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Nats, Peer, Postgres, Redis};
use serde_json::json;

use super::{PROGRAM, launch, online, publish, take};

fn nodes(database: &Postgres, bus: &[String]) -> (Broker, Broker) {
    let node = || {
        let launch = launch(database).set("access.presence_channel=people");
        bus.iter().fold(launch, |launch, setting| launch.set(setting)).start()
    };
    (node(), node())
}

fn on_redis(redis: &Redis) -> [String; 2] {
    ["bus.kind=redis".to_owned(), format!("bus.urls={}", redis.url())]
}

fn on_nats(nats: &Nats) -> [String; 2] {
    ["bus.kind=nats".to_owned(), format!("bus.urls={}", nats.url())]
}

fn send(peer: &mut Peer, channel: &str, payload: u64) {
    peer.send(json!({"pub": {"cn": channel, "dt": payload}}).to_string());
}

/// Returns the payloads of the next pushes of a channel.
fn pushed(peer: &mut Peer, channel: &str, count: usize) -> Vec<u64> {
    let mut payloads = Vec::new();
    while payloads.len() < count {
        let push = peer.recv()["push"].clone();
        if push["cn"] == channel {
            payloads.push(push["dt"].as_u64().unwrap());
        }
    }
    payloads
}

/// Waits until what one node's clients publish reaches the other's.
fn await_bus(one: &Broker, other: &Broker) {
    let (mut from, mut to) = (online(one, "tries"), online(other, "waits"));
    to.subscribe("bus is up");
    let began = Instant::now();
    loop {
        send(&mut from, "bus is up", 1);
        to.send(r#"{"pub":{"cn":"$time","dt":0,"id":"t"}}"#);
        let mut is_up = false;
        loop {
            let packet = to.recv();
            is_up |= packet["push"]["cn"] == "bus is up";
            if packet.get("pubAck").is_some() {
                break;
            }
        }
        if is_up {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nothing comes over the bus");
    }
}

fn check_qos_0(database: &Postgres, bus: &[String]) {
    let (one, other) = nodes(database, bus);
    await_bus(&one, &other);
    let (mut ada, mut eve) = (online(&one, "ada"), online(&other, "eve"));
    eve.subscribe("room");
    ada.subscribe("room");
    let mut bob = online(&one, "bob");
    // From the answer to the subscription on, all of it comes, in order, and once.
    (1..=100).for_each(|number| send(&mut bob, "room", number));
    send(&mut bob, "room", 1000);
    let expected: Vec<u64> = (1..=100).chain([1000]).collect();
    assert_eq!(pushed(&mut eve, "room", 101), expected);
    assert_eq!(pushed(&mut ada, "room", 101), expected);

    // And the other way, with QoS 1 too where nobody is subscribed for good.
    let mut zoe = online(&other, "zoe");
    publish(&mut zoe, "room", 7..=8);
    assert_eq!(take(&mut ada, 2), [7, 8]);
    assert_eq!(take(&mut eve, 2), [7, 8]);
    send(&mut zoe, "room", 9);
    assert_eq!(pushed(&mut ada, "room", 1), [9]);

    // To one client, wherever it is; and nobody is told that a client is there that is nowhere.
    send(&mut zoe, "#ada", 10);
    assert_eq!(pushed(&mut ada, "#ada", 1), [10]);
    zoe.send(r##"{"pub":{"cn":"#nobody","dt":11,"id":"n"}}"##);
    let answer = zoe.recv();
    assert_eq!((&answer["pubAck"]["st"], &answer["pubAck"]["id"]), (&8.into(), &"n".into()));
}

#[test]
fn messages_with_qos_0_reach_clients_of_all_nodes_over_redis() {
    let (database, redis) = (Postgres::start_in_memory(&[]), Redis::start(&[]));
    check_qos_0(&database, &on_redis(&redis));
}

#[test]
fn messages_with_qos_0_reach_clients_of_all_nodes_over_nats() {
    let (database, nats) = (Postgres::start_in_memory(&[]), Nats::start());
    check_qos_0(&database, &on_nats(&nats));
}

#[test]
fn a_bus_is_looked_at_before_it_is_used_and_while_it_is() {
    let (database, mut redis) = (Postgres::start_in_memory(&[]), Redis::start(&[]));
    let url = format!("store.url={}", database.url());
    let bus = on_redis(&redis);
    let look = || {
        let mut command = Command::new(PROGRAM);
        command.args(["config", "check", "--connect"]);
        let settings = ["store.kind=postgres", "store.shared=true", &url, &bus[0], &bus[1]];
        settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = look();
    assert!(code == Some(0) && said.contains("the bus is there"), "{said}");
    let http = launch(&database).listener("http").set("listeners.http.dialect=http");
    let node = bus.iter().fold(http, |launch, setting| launch.set(setting)).start();
    let page = |path: &str| {
        let mut stream = TcpStream::connect(node.address_of("http")).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    let until = |path: &str, text: &str| {
        let began = Instant::now();
        while !page(path).contains(text) {
            assert!(began.elapsed() < Duration::from_secs(20), "{}", page(path));
        }
    };
    until("/metrics", "rialto_bus_up 1");
    until("/readyz?verbose", "[+]bus ok");
    redis.kill();
    until("/metrics", "rialto_bus_up 0");
    // It serves its clients on.
    until("/readyz?verbose", "[+]bus is away");
    let (code, said) = look();
    assert!(code == Some(1) && said.contains("the bus: connecting to Redis"), "{code:?} {said}");
}

#[test]
fn who_comes_and_goes_is_told_on_all_nodes() {
    let (database, redis) = (Postgres::start_in_memory(&[]), Redis::start(&[]));
    let (one, other) = nodes(&database, &on_redis(&redis));
    await_bus(&one, &other);
    let mut watcher = online(&other, "watcher");
    watcher.subscribe("people");
    let told = |watcher: &mut Peer| loop {
        let push = watcher.recv()["push"].clone();
        // Others come and go, too.
        if push["dt"].to_string().contains("bob") {
            return push["dt"].clone();
        }
    };
    let bob = online(&one, "bob");
    assert_eq!(told(&mut watcher), json!({"online": "bob"}));
    bob.leave();
    assert_eq!(told(&mut watcher), json!({"offline": "bob"}));
}

#[test]
fn stored_messages_reach_the_other_node_at_once_and_without_a_bus_too() {
    let (database, mut redis) = (Postgres::start_in_memory(&[]), Redis::start(&[]));
    let (one, other) = nodes(&database, &on_redis(&redis));
    await_bus(&one, &other);
    let (mut bob, mut eve) = (online(&one, "bob"), online(&other, "eve"));
    eve.subscribe_for_good("room");
    publish(&mut bob, "room", 1..=1);
    assert_eq!(take(&mut eve, 1), [1]);
    let mut delays: Vec<Duration> = (2..=21)
        .map(|number| {
            publish(&mut bob, "room", number..=number);
            let acknowledged = Instant::now();
            assert_eq!(take(&mut eve, 1), [number]);
            acknowledged.elapsed()
        })
        .collect();
    delays.sort();
    eprintln!("from the acknowledgement to the other node: {delays:?}");
    // Polling takes 50 ms on average.
    assert!(delays[10] < Duration::from_millis(40), "{delays:?}");

    redis.kill();
    publish(&mut bob, "room", 22..=30);
    assert_eq!(take(&mut eve, 9), (22..=30).collect::<Vec<_>>());
    redis.resume();
    await_bus(&one, &other);
    redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    publish(&mut bob, "room", 31..=40);
    assert_eq!(take(&mut eve, 10), (31..=40).collect::<Vec<_>>());
}
