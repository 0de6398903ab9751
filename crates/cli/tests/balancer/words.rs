//! What clients are told for whom there is no server, and who is not let in.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use rialto_testkit::{PATIENCE, Peer, Port, Transport};

use crate::{Balancer, addresses, brokers, online};

#[test]
fn a_client_without_a_server_is_told_so_in_its_dialect() {
    let any = &brokers::<1>()[0];
    let nobody = vec![Port::reserve().unwrap().address.to_string()];
    let balancer = Balancer::start(&nobody, "dialect = \"jmqt\"", "");
    for transport in [Transport::Tcp, Transport::WebSocket] {
        let mut peer = Peer::connect_to(any, balancer.address(), transport);
        if transport == Transport::Tcp {
            peer.send(r#"{"hb":{}}"#);
        }
        assert_eq!(peer.expect_last_word(1013, 5), "no-server");
    }
    assert!(balancer.get("/readyz", "localhost").contains("503"), "no server is up");
    let http = Balancer::start(&nobody, "dialect = \"http\"", "");
    let mut stream = TcpStream::connect(http.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[test]
fn whole_networks_can_be_kept_out_and_each_address_can_have_its_limit() {
    let brokers = brokers::<1>();
    let servers = addresses(&brokers);
    let settings =
        "[balancer]\ndeny = [\"127.0.0.2\"]\n[limits]\nconnections_per_address_max = 1\n";
    let balancer = Balancer::start(&servers, "dialect = \"jmqt\"", settings);
    let denied = Peer::connect_through(
        &brokers[0],
        "127.0.0.2".parse().unwrap(),
        balancer.address(),
        Transport::Tcp,
    );
    denied.unwrap().expect_close();
    assert_eq!(balancer.wait_for("connection-refused")["rule"], "denied");
    let _first = online(&balancer, &brokers[0], Transport::Tcp, "first");
    let mut second = Peer::connect_to(&brokers[0], balancer.address(), Transport::Tcp);
    assert_eq!(second.expect_last_word(1013, 5), "too-many-from-address");
}

#[test]
fn a_page_cannot_reach_the_administration_by_a_name_of_its_own() {
    let nobody = vec![Port::reserve().unwrap().address.to_string()];
    let balancer = Balancer::start(&nobody, "", "");
    assert!(balancer.get("/v1/servers", "evil.example:80").contains("403 Forbidden"));
    assert!(balancer.get("/livez", "[::1]:1").contains("200 OK"));
}
