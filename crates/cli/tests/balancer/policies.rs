//! Which server a connection gets.

use rialto_testkit::{Launch, Peer, Transport};

use crate::{Balancer, addresses, brokers, common::PROGRAM, expect_service, online};

#[test]
fn connections_are_shared_over_every_transport_and_told_of() {
    let brokers = brokers::<2>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "dialect = \"jmqt\"", "");
    let mut peers: Vec<Peer> = (0..8)
        .map(|n| online(&balancer, &brokers[n % 2], Transport::Tcp, &format!("client-{n}")))
        .collect();
    peers.iter_mut().for_each(expect_service);
    for server in &servers {
        assert_eq!(balancer.server(server)["connections"], 4);
    }
    let metrics = balancer.get("/metrics", "localhost");
    for line in [
        "rialto_balancer_accepted_total{route=\"main\"} 8".to_owned(),
        "rialto_balancer_connections 8".to_owned(),
        format!("rialto_balancer_server_connections{{route=\"main\",server=\"{}\"}} 4", servers[0]),
        format!("rialto_balancer_server_up{{route=\"main\",server=\"{}\"}} 1", servers[1]),
    ] {
        assert!(metrics.lines().any(|it| it == line), "no {line} in {metrics}");
    }
    drop(peers);
    balancer.wait_for_server(&servers[0], "connections", 0);
    // TLS goes through as it is: of one server, so that its certificate is the one that is expected.
    let of_one = Balancer::start(&servers[..1], "", "");
    for transport in Transport::ALL {
        expect_service(&mut online(&of_one, &brokers[0], transport, "secure"));
    }
}

#[test]
fn weights_and_backups_count() {
    let brokers = brokers::<3>();
    let [a, b, c] = <[String; 3]>::try_from(addresses(&brokers)).unwrap();
    let servers = [format!("{a} weight=3"), b.clone(), format!("{c} backup")];
    let balancer = Balancer::start(&servers, "policy = \"round-robin\"", "");
    let peers: Vec<Peer> = (0..8)
        .map(|n| online(&balancer, &brokers[0], Transport::Tcp, &format!("client-{n}")))
        .collect();
    for (server, share) in [(&a, 6), (&b, 2), (&c, 0)] {
        assert_eq!(balancer.server(server)["connections"], share, "{server}");
    }
    drop(peers);
}

#[test]
fn a_client_id_finds_the_same_server_again() {
    // The token is of one of them: the others refuse it, and would answer more and more slowly.
    let brokers = [(); 3].map(|()| {
        let launch = Launch::of(PROGRAM).set("store.kind=memory");
        launch.set("access.failed_attempts_max=1000").start()
    });
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "policy = \"hash-client\"\ndialect = \"jmqt\"", "");
    // The first packet has the id: a token for it was given out before.
    let mut token_of = online(&balancer, &brokers[0], Transport::Tcp, "x");
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..12 {
        let client = format!("client-{n}");
        let token = token_of.ask(serde_json::json!({"auth": {"dt": {"client_name": client}}}));
        let token = &token["authAck"]["at"];
        let mut placed = Vec::new();
        for _ in 0..2 {
            let before: Vec<_> =
                servers.iter().map(|it| balancer.server(it)["connections"].clone()).collect();
            let mut peer = Peer::connect_to(&brokers[0], balancer.address(), Transport::Tcp);
            peer.send(serde_json::json!({"conn": {"at": token, "cl": client}}));
            assert!(peer.recv()["connAck"]["st"].is_u64());
            let after: Vec<_> =
                servers.iter().map(|it| balancer.server(it)["connections"].clone()).collect();
            let server = (0..3).find(|&at| before[at] != after[at]).unwrap();
            placed.push(server);
            drop(peer);
            balancer.wait_for_server(&servers[server], "connections", before[server].clone());
        }
        assert_eq!(placed[0], placed[1], "{client}");
        seen.insert(placed[0]);
    }
    assert_eq!(seen.len(), 3, "twelve clients are at one server");
}
