//! The balancer's page, and what programs get of it.

use rialto_testkit::Transport;
use serde_json::Value;

use crate::{Balancer, addresses, brokers, expect_service, online};

#[test]
fn the_page_shows_routes_and_servers_and_lets_nobody_frame_it() {
    let brokers = brokers::<1>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "", "[balancer]\ndeny = [\"127.0.0.9\"]");
    let mut peer = online(&balancer, &brokers[0], Transport::Tcp, "client");
    expect_service(&mut peer);
    let from = "127.0.0.9".parse().unwrap();
    let refused = rialto_testkit::Peer::connect_through(
        &brokers[0],
        from,
        balancer.address(),
        Transport::Tls,
    );
    assert!(refused.is_err());

    let answer = balancer.get("/status.json", "localhost");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: Value = serde_json::from_str(body).unwrap();
    assert_eq!(status["trouble"], Value::Null);
    assert!(1 <= status["connections"].as_u64().unwrap());
    let route = &status["routes"][0];
    assert_eq!((&route["route"], &route["accepted"]), (&"main".into(), &1.into()));
    assert_eq!(route["refused"]["denied"], 1);
    assert!(0 < route["to_clients_bytes"].as_u64().unwrap());
    assert_eq!(status["servers"][0]["server"], servers[0]);

    for (path, kind) in
        [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]
    {
        let answer = balancer.get(path, "localhost").to_lowercase();
        assert!(answer.starts_with("http/1.1 200") && answer.contains(kind), "{path}: {answer}");
        assert!(answer.contains("frame-ancestors 'none'"), "{answer}");
    }
    assert!(balancer.get("/", "evil.example").starts_with("HTTP/1.1 403"));
}
