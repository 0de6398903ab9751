//! What a client is told that reaches something else than a JMQT broker with room for it.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rialto_testkit::{Broker, Launch, Peer, Transport};
use socket2::{Domain, Socket, Type};

use crate::{common::PROGRAM, rialto};

/// Publishes to `server`, which must end with `code`, and returns what is said of it.
#[track_caller]
fn said_of(server: &str, flags: &[&str], code: i32) -> String {
    rialto(&[&["pub", "room", "1", "--server", server], flags].concat()).failed(code)
}

/// Checks that whoever connects to `server` is told `expected`.
#[track_caller]
fn check(server: &str, expected: &[&str]) {
    let said = said_of(server, &[], 3);
    for part in expected {
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
}

#[test]
fn the_other_listeners_of_a_broker_are_told_apart() {
    let broker = Launch::of(PROGRAM)
        .coremq()
        .listener("http")
        .set("listeners.http.dialect=http")
        .listener("memcached")
        .set("listeners.memcached.dialect=memcached")
        .listener("secure")
        .set("listeners.secure.dialect=jmqt")
        .set("listeners.secure.tls=require")
        .start();
    let at = |scheme: &str, listener: &str| format!("{scheme}://{}", broker.address_of(listener));

    check(&at("jmqt", "http"), &["an HTTP server answers there", "the HTTP API"]);
    check(&at("jmqt", "coremq"), &["a CoreMQ server answers there", "8010"]);
    check(&at("jmqt", "memcached"), &["a memcached server answers there", "8010"]);
    for (scheme, instead) in [("jmqt", "use jmqts://"), ("ws", "wss://")] {
        let expected = ["a server that speaks TLS answers there", instead];
        check(&at(scheme, "secure"), &expected);
        check(&at(scheme, "coremq-tls"), &expected);
    }
    check(&at("ws", "http"), &["no WebSocket at", "HTTP error", "8012"]);
    check(&at("ws", "coremq"), &["a CoreMQ server answers there"]);
    check(&at("ws", "coremq-websocket"), &["is no JMQT port: a server that says"]);
    let http = format!("jmqts://localhost:{}", broker.address_of("http").port());
    let said = said_of(&http, &["--ca", broker.certificate_file().to_str().unwrap()], 3);
    assert!(said.contains("an HTTP server answers there"), "{said}");
    check(&at("jmqts", "coremq"), &["a CoreMQ server answers there"]);
}

#[test]
fn a_port_of_pubsubx_says_what_it_speaks() {
    // P-50
    let broker = Launch::of(PROGRAM).pubsubx().start();
    for (scheme, listener) in [("jmqt", "pubsubx"), ("jmqts", "pubsubx-tls")] {
        let server = format!("{scheme}://localhost:{}", broker.address_of(listener).port());
        let flags =
            ["--ca", broker.certificate_file().to_str().unwrap(), "--connect-timeout", "60s"];
        let said = said_of(&server, &flags, 3);
        assert!(said.contains("a PubSubX server answers there"), "{said}");
        assert!(said.contains("8010"), "{said}");
    }
    check(
        &format!("ws://{}", broker.address_of("pubsubx")),
        &["no WebSocket at", "HTTP error", "400"],
    );
    // Who begins as a PubSubX client may is told nothing, as by the original (P-13).
    let mut bob = TcpStream::connect(broker.address_of("pubsubx")).unwrap();
    bob.write_all(b"POST hello\n\nx").unwrap();
    let mut said = Vec::new();
    bob.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"");
}

#[test]
fn tls_to_a_listener_without_a_certificate_is_told() {
    let broker = Launch::of(PROGRAM).without_certificate().start();
    for scheme in ["jmqts", "wss"] {
        let expected = ["closed the connection without a word", "does that port speak TLS?"];
        check(&format!("{scheme}://{}", broker.address()), &expected);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told() {
    let broker = Broker::start(PROGRAM);
    let server = format!("jmqts://localhost:{}", broker.address().port());
    check(&server, &["no TLS with", "UnknownIssuer", "--ca names the authority to trust"]);
}

#[test]
fn a_client_certificate_that_is_missing_is_told() {
    let made = tempfile::tempdir().unwrap();
    rialto(&["cert", "new", "--dir", made.path().to_str().unwrap(), "--force"]).printed();
    let clients = made.path().join("ca.pem");
    let settings =
        format!("[tls]\nclient_authority = {clients:?}\nclient_certificates = \"require\"\n");
    let broker = Launch::of(PROGRAM).config(&settings).start();
    let authority = broker.certificate_file();
    for scheme in ["jmqts", "wss"] {
        let server = format!("{scheme}://localhost:{}", broker.address().port());
        let said = said_of(&server, &["--ca", authority.to_str().unwrap()], 3);
        assert!(said.contains("no TLS with"), "{said}");
        assert!(said.contains("CertificateRequired"), "{said}");
        assert!(said.contains("--certificate and --key what to show"), "{said}");
    }
}

#[test]
fn a_client_that_is_banned_is_told_why() {
    let broker = Launch::of(PROGRAM)
        .config("[[api.keys]]\nname = \"desk\"\nkey = \"0123456789abcdef\"\nallow = [\"manage\"]\n")
        .listener("http")
        .set("listeners.http.dialect=http")
        .start();
    let api = format!("http://{}", broker.address_of("http"));
    let desk = ["--api", &api, "--api-key", "0123456789abcdef"];
    rialto(&[&["client", "ban", "ada", "--reason", "too loud"][..], &desk].concat()).printed();
    for scheme in ["jmqt", "ws"] {
        let server = format!("{scheme}://{}", broker.address());
        let said = said_of(&server, &["--client", "ada"], 1);
        assert!(said.contains("refused the connection, status 7 (not allowed)"), "{said}");
        assert!(said.contains("banned: too loud"), "{said}");
    }
    let others = format!("jmqt://{}", broker.address());
    rialto(&["pub", "room", "1", "--server", &others, "--client", "bob"]).printed();
}

/// Runs a server that says `banner` to everybody, and returns its address.
fn server_that_says(banner: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("jmqt://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            _ = stream.write_all(banner.as_bytes());
            open.push(stream);
        }
    });
    server
}

#[test]
fn whoever_speaks_first_is_told_without_waiting_for_more() {
    let started = Instant::now();
    check(&server_that_says("SSH-2.0-OpenSSH_9.9\r\n"), &["an SSH server answers there"]);
    let mail = server_that_says("220 mail.example ESMTP \u{1b}[2J\r\n");
    check(&mail, &[r#"a server that says "220 mail.example ESMTP \u{1b}[2J""#]);
    assert!(started.elapsed() < Duration::from_secs(9), "it waits for --connect-timeout");
}

#[test]
fn a_broker_without_room_is_told_over_every_transport() {
    let broker = Broker::with(PROGRAM, &["limits.connections_per_address_max=1"]);
    let here = IpAddr::from(Ipv4Addr::LOCALHOST);
    let mut first = Peer::connect_from(&broker, here, Transport::Tcp).unwrap();
    first.log_in("first");
    for scheme in ["jmqt", "ws", "jmqts", "wss"] {
        let server = format!("{scheme}://localhost:{}", broker.address().port());
        let expected = ["turned the connection away", "connections from this address are open"];
        check(&server, &[&expected[..], &["try again later"]].concat());
    }
}

#[test]
fn a_broker_that_is_full_is_told() {
    let broker = Broker::with(PROGRAM, &["limits.connections_max=1"]);
    let _first = Peer::online(&broker, Transport::Tcp, "first");
    let server = format!("jmqt://{}", broker.address());
    check(&server, &["turned the connection away", "the server has 1 connections"]);
}

#[test]
fn a_client_with_a_wrong_token_is_told() {
    let settings = "[access]\nmode = \"tokens\"\n\
                    [[access.tokens]]\nclient = \"ada\"\ntoken = \"open sesame\"\n";
    let broker = Launch::of(PROGRAM).config(settings).start();
    let server = format!("jmqt://{}", broker.address());
    let said = said_of(&server, &["--client", "ada", "--token", "wrong"], 1);
    assert!(said.contains("refused the connection, status 6 (invalid token)"), "{said}");
    assert!(said.contains("--token"), "{said}");
}

#[test]
fn no_name_and_no_answer_are_told_in_time() {
    let started = Instant::now();
    let said = said_of("jmqt://nowhere.invalid", &["--connect-timeout", "2s"], 3);
    assert!(said.contains("cannot find the host of jmqt://nowhere.invalid:8010"), "{said}");
    assert!(said.contains("check the name in --server"), "{said}");

    let (full, _keep) = black_hole();
    let server = format!("jmqt://{full}");
    for flags in [["--connect-timeout", "300ms"], ["--timeout", "300ms"]] {
        let said = said_of(&server, &flags, 3);
        assert!(said.contains("cannot reach jmqt://127.0.0.1"), "{said}");
        assert!(said.contains("no answer within 300ms"), "{said}");
        assert!(said.contains("no firewall"), "{said}");
    }
    assert!(started.elapsed() < Duration::from_secs(15));
}

/// Returns the address of a listener whose queue is full, so that the system answers nobody, and what
/// keeps it so.
fn black_hole() -> (SocketAddr, Vec<Socket>) {
    let new = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = new();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut kept = vec![listener];
    loop {
        let socket = new();
        let connected = socket.connect_timeout(&address, Duration::from_millis(200));
        kept.push(socket);
        if connected.is_err() {
            return (address.as_socket().unwrap(), kept);
        }
    }
}
