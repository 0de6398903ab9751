//! Routes of one address, told apart by the name that a client asks for inside TLS.

use rialto_testkit::{Broker, Peer, Transport};

use crate::{Balancer, addresses, brokers, expect_service};

/// Connects over TLS by a name, and checks that it is served by this broker: no other has its certificate.
#[track_caller]
fn expect_broker(balancer: &Balancer, broker: &Broker, name: Option<&'static str>) {
    for transport in [Transport::Tls, Transport::WebSocketTls] {
        let mut peer = Peer::try_connect(broker, balancer.address(), transport, name).unwrap();
        peer.log_in("client");
        expect_service(&mut peer);
    }
}

#[test]
fn tls_that_is_passed_on_goes_where_its_name_leads() {
    let brokers = brokers::<3>();
    let servers = addresses(&brokers);
    let routes = |whole: &str| {
        format!(
            "server_names = [\"{whole}\"]\n\
             [[balancer.routes]]\nname = \"all\"\nlisten = \"LISTEN\"\nservers = [{:?}]\n\
             [[balancer.routes]]\nname = \"pattern\"\nlisten = \"LISTEN\"\nservers = [{:?}]\n\
             server_names = [\"*.Rialto.test\"]\n",
            servers[1], servers[2]
        )
    };
    let balancer = Balancer::start(&servers[..1], &routes("a.rialto.test"), "");
    expect_broker(&balancer, &brokers[0], Some("a.rialto.test"));
    expect_broker(&balancer, &brokers[2], Some("b.rialto.test"));
    expect_broker(&balancer, &brokers[1], Some("localhost"));
    expect_broker(&balancer, &brokers[1], None);
    let mut plain = Peer::connect_to(&brokers[1], balancer.address(), Transport::Tcp);
    plain.log_in("client");
    expect_service(&mut plain);

    let mut stays =
        Peer::try_connect(&brokers[0], balancer.address(), Transport::Tls, Some("a.rialto.test"))
            .unwrap();
    stays.log_in("stays");
    balancer.reload(&servers[..1], &routes("b.rialto.test"));
    expect_broker(&balancer, &brokers[0], Some("b.rialto.test"));
    expect_broker(&balancer, &brokers[2], Some("a.rialto.test"));
    expect_service(&mut stays);
}

#[test]
fn tls_that_ends_here_goes_where_its_name_leads() {
    let brokers = brokers::<3>();
    let [own, first, second] = &brokers;
    let file = own.certificate_file();
    let settings = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        file.display().to_string(),
        file.with_file_name("key.pem").display().to_string(),
    );
    let [first, second] = [first, second].map(|broker| broker.address().to_string());
    let routes = format!(
        "tls = \"end\"\nserver_names = [\"a.rialto.test\"]\n\
         [[balancer.routes]]\nlisten = \"LISTEN\"\nservers = [{second:?}]\ntls = \"end\"\n\
         server_names = [\"b.rialto.test\"]\n"
    );
    let balancer = Balancer::start(std::slice::from_ref(&first), &routes, &settings);
    for (name, server, other) in
        [("a.rialto.test", &first, &second), ("b.rialto.test", &second, &first)]
    {
        let mut peer =
            Peer::try_connect(own, balancer.address(), Transport::Tls, Some(name)).unwrap();
        peer.log_in("client");
        expect_service(&mut peer);
        assert_eq!(balancer.server(server)["connections"], 1, "{name}");
        assert_eq!(balancer.server(other)["connections"], 0, "{name}");
        peer.hang_up();
        balancer.wait_for_server(server, "connections", 0);
    }
}

#[test]
fn a_name_that_no_route_is_for_is_refused_in_the_words_of_tls() {
    let brokers = brokers::<1>();
    let balancer = Balancer::start(&addresses(&brokers), "server_names = [\"a.rialto.test\"]", "");
    for name in [Some("b.rialto.test"), None] {
        let tried = Peer::try_connect(&brokers[0], balancer.address(), Transport::Tls, name);
        let Err(error) = tried else { panic!("a client that asked for {name:?} was let in") };
        let error = error.to_string();
        assert!(error.contains("UnrecognisedName"), "{error}");
        let line = balancer.wait_for("connection-refused");
        assert_eq!(line["rule"], "unknown-name", "{line}");
    }
    expect_broker(&balancer, &brokers[0], Some("A.RIALTO.test"));
}
