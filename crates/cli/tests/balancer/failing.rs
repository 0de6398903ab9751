//! Servers that die, come back, and are taken out.

use rialto_testkit::{Peer, Transport};

use crate::{Balancer, addresses, brokers, expect_service, online};

/// Checks that come soon, and servers that are out for long unless one finds them back.
const EAGER: &str = "[balancer]\ncheck_interval = \"200ms\"\nfailures_max = 2\neject_time = \"1h\"\neject_time_max = \"1h\"\n";

#[test]
fn a_server_that_dies_takes_its_own_connections_only_and_comes_back() {
    let mut brokers = brokers::<2>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "", EAGER);
    let mut peers: Vec<Peer> = (0..4)
        .map(|n| online(&balancer, &brokers[0], Transport::Tcp, &format!("client-{n}")))
        .collect();
    brokers[0].kill();
    balancer.wait_for_server(&servers[0], "connections", 0);
    // Nobody is refused, whether a check has found it yet or not.
    let mut more: Vec<Peer> = (4..8)
        .map(|n| online(&balancer, &brokers[1], Transport::Tcp, &format!("client-{n}")))
        .collect();
    more.iter_mut().for_each(expect_service);
    balancer.wait_for_server(&servers[0], "state", "ejected");
    assert!(balancer.get("/readyz", "127.0.0.1").contains("200 OK"));
    let alive = peers.iter_mut().filter_map(|peer| {
        peer.send(r#"{"hb":{}}"#);
        peer.next().ok()
    });
    assert_eq!(alive.count(), 2, "those of the other server go on");

    brokers[0].restart();
    balancer.wait_for_server(&servers[0], "state", "up");
    balancer.wait_for("the server is back");
}

#[test]
fn a_drained_server_keeps_what_it_has_and_gets_nothing_new() {
    let brokers = brokers::<2>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "", "");
    let mut old = online(&balancer, &brokers[0], Transport::Tcp, "old");
    assert_eq!(balancer.server(&servers[0])["connections"], 1);
    balancer.command(&["drain", &servers[0]]);
    let listed = balancer.command(&["servers"]);
    let is_told = |line: &str| line.contains(&servers[0]) && line.contains("draining");
    assert!(listed.lines().any(is_told), "{listed}");
    let _new: Vec<Peer> = (0..3)
        .map(|n| online(&balancer, &brokers[1], Transport::Tcp, &format!("new-{n}")))
        .collect();
    assert_eq!(balancer.server(&servers[0])["connections"], 1);
    assert_eq!(balancer.server(&servers[1])["connections"], 3);
    expect_service(&mut old);
    balancer.command(&["resume", &servers[0]]);
    assert_eq!(balancer.server(&servers[0])["state"], "up");
}

#[test]
fn a_reload_adds_and_removes_servers_and_ends_no_connection() {
    let brokers = brokers::<2>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers[..1], "", "");
    let mut old = online(&balancer, &brokers[0], Transport::Tcp, "old");
    balancer.reload(&servers[1..], "policy = \"round-robin\"");
    assert_eq!(balancer.server(&servers[0])["state"], "leaving");
    let mut new = online(&balancer, &brokers[1], Transport::Tcp, "new");
    assert_eq!(balancer.server(&servers[1])["connections"], 1);
    expect_service(&mut old);
    expect_service(&mut new);
    drop(old);
    balancer.wait_for_server(&servers[0], "state", serde_json::Value::Null);
}

#[test]
fn it_stops_when_its_connections_have_ended_or_its_time_is_over() {
    let brokers = brokers::<1>();
    let servers = addresses(&brokers);
    let idle = Balancer::start(&servers, "", "[server]\nshutdown_timeout = \"1h\"\n");
    let peer = online(&idle, &brokers[0], Transport::Tcp, "client");
    drop(peer);
    idle.wait_for_server(&servers[0], "connections", 0);
    assert!(idle.terminate().0.success());
    let busy = Balancer::start(&servers, "", "[server]\nshutdown_timeout = \"200ms\"\n");
    let mut peer = online(&busy, &brokers[0], Transport::Tcp, "client");
    assert!(busy.terminate().0.success());
    peer.expect_close();
}
