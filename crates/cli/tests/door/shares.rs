//! How many connections a listener may have, and how many it leaves the others.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Instant,
};

use rialto_testkit::{Broker, CoremqPeer, PATIENCE, Peer, PubsubxPeer, Transport};

use crate::{
    launch,
    raw::{JMQT, Raw},
    start,
};

#[test]
fn silent_connections_to_one_listener_leave_every_other_one_its_share() {
    // Eight listeners: a share is three connections, and 26 are for whoever comes first.
    let broker = start(&["limits.connections_max=50"]);
    let mut silent: Vec<Raw> = (0..60).map(|_| Raw::connect(broker.address_of("http"))).collect();
    // They are accepted in their order: the last one is told that it is one too many.
    let refused = silent.last_mut().unwrap().read_to_end();
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("\r\nConnection: close\r\n"), "{refused}");

    let mut online: Vec<Peer> =
        ["ada", "bob", "joe"].map(|client| Peer::online(&broker, Transport::Tcp, client)).into();
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    eve.expect_last_word(1013, 5);
    CoremqPeer::connect(&broker, Transport::Tcp).expect_silence();
    let _pat = PubsubxPeer::online(&broker, Transport::Tcp, "pat");
    let mut cache = Raw::connect(broker.address_of("memcached"));
    cache.send("version\r\n");
    assert!(cache.read_until("\r\n").starts_with("VERSION "));
    for peer in &mut online {
        peer.expect_silence();
    }
    assert!(60 - 29 < online[0].ask(r#"{"pub":{"cn":"$stats","id":"1"}}"#)["pubAck"]["dt"]
        ["refused_connections"].as_u64().unwrap());
}

#[test]
fn a_listener_may_have_a_limit_of_its_own() {
    let broker = start(&["listeners.http.connections_max=2"]);
    let mut first = Raw::connect(broker.address_of("http"));
    let _second = Raw::connect(broker.address_of("http"));
    assert!(Raw::connect(broker.address_of("http")).read_to_end().starts_with("HTTP/1.1 503 "));
    first.send("GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(first.read_to_end().starts_with("HTTP/1.1 200 "));
    drop(first);
    // Its place is free as soon as the broker has noticed.
    let started = Instant::now();
    loop {
        let mut next = Raw::connect(broker.address_of("http"));
        next.try_send("GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        if next.read_to_end().starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "its place is still taken");
    }
}

#[test]
fn an_ipv4_address_counts_once_on_a_listener_for_both() {
    let Ok(free) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) else {
        panic!("this machine has no IPv6")
    };
    let both = free.local_addr().unwrap();
    drop(free);
    let broker = launch()
        .listener_at("both", both)
        .set("access.open_beyond_loopback=true")
        .set("limits.connections_per_address_max=2")
        .start();
    let _plain = Peer::online(&broker, Transport::Tcp, "plain");
    let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST, both.port()));
    let mut through = Peer::connect_to(&broker, mapped, Transport::Tcp);
    through.log_in("through");
    for address in [mapped, broker.address_of(JMQT)] {
        Peer::connect_to(&broker, address, Transport::Tcp).expect_last_word(1013, 5);
    }
    // The address of IPv6 is another.
    let over_ipv6 = SocketAddr::from((Ipv6Addr::LOCALHOST, both.port()));
    Peer::connect_to(&broker, over_ipv6, Transport::Tcp).log_in("over IPv6");
    through.expect_silence();
    check_address(&broker, "127.0.0.1:");
}

/// Proves that the log names the refused peer by that address.
fn check_address(broker: &Broker, address: &str) {
    let entry =
        broker.wait_for_log("refusal", |entry| entry["message"] == "connections are refused");
    assert!(entry["peer"].as_str().unwrap().starts_with(address), "{entry}");
}
