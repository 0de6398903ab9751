//! Whose a connection is that a proxy passes on: by the PROXY protocol, and by a header of HTTP.

use std::{
    net::{Ipv4Addr, TcpStream},
    thread,
    time::Instant,
};

use rialto_testkit::{Broker, Launch, PATIENCE, Transport, Upgrade};
use serde_json::Value;

use crate::{common::PROGRAM, raw::Raw};

const KEY: &str = r#"api.keys=[{name="t", key="0123456789abcdef", allow=["read"]}]"#;

/// The dialects of listeners behind proxies, and the TLS of each.
const PROXIED: [(&str, &str); 5] = [
    ("jmqt", "allow"),
    ("coremq", "allow"),
    ("pubsubx", "allow"),
    ("http", "allow"),
    ("memcached", "allow"),
];

/// Begins to start a broker that has a listener `proxied-DIALECT` for each dialect, and a plain one for
/// HTTP; it believes proxies at 127.0.0.1.
fn launch() -> Launch {
    let launch = Launch::of(PROGRAM)
        .set("store.durability=os")
        .set(r#"access.trusted_proxies=["127.0.0.1"]"#)
        .set(KEY)
        .listener("http")
        .set("listeners.http.dialect=http");
    PROXIED.into_iter().fold(launch, |launch, (dialect, tls)| {
        let name = format!("proxied-{dialect}");
        launch
            .listener(&name)
            .set(&format!("listeners.{name}.dialect={dialect}"))
            .set(&format!("listeners.{name}.tls={tls}"))
            .set(&format!("listeners.{name}.proxy_protocol=true"))
    })
}

/// Makes a head of version 2 that names an address of IPv4 or IPv6, with a value of a type behind it.
pub(crate) fn head_of(client: &str) -> Vec<u8> {
    let (family, addresses) = match client.parse().unwrap() {
        std::net::IpAddr::V4(address) => (0x11, [address.octets(), [10, 0, 0, 1]].concat()),
        std::net::IpAddr::V6(address) => (0x21, [address.octets(), [0; 16]].concat()),
    };
    let body = [&addresses[..], &4711_u16.to_be_bytes(), &[0, 80], &[0xea, 0, 2, 1, 2]].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[0x21, family][..], &length, &body].concat()
}

const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";

/// Opens a session of JMQT on a connection that begins with `head`.
#[track_caller]
fn log_in(broker: &Broker, head: &[u8], client: &str) -> Raw {
    let mut connection = Raw::connect(broker.address_of("proxied-jmqt"));
    connection.send(head);
    connection.send(format!("{{\"auth\":{{\"dt\":{{\"client_name\":\"{client}\"}}}}}}\0"));
    let answer: Value = serde_json::from_str(&connection.read_until("\0")).unwrap();
    let token = &answer["authAck"]["at"];
    connection.send(format!("{{\"conn\":{{\"at\":{token},\"cl\":\"{client}\"}}}}\0"));
    assert!(connection.read_until("\0").contains("\"st\":1"));
    connection
}

/// Returns the address that the API says a client has.
#[track_caller]
fn address_of(broker: &Broker, client: &str) -> String {
    let mut request = Raw::connect(broker.address_of("http"));
    request.send(format!(
        "GET /v1/clients/{client} HTTP/1.1\r\nHost: x\r\nX-API-Key: 0123456789abcdef\r\n\
         Connection: close\r\n\r\n"
    ));
    let answer = request.read_to_end();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: Value = serde_json::from_str(body).unwrap();
    status["address"].as_str().unwrap_or_else(|| panic!("no address in {answer}")).to_owned()
}

#[test]
fn the_address_that_a_proxy_names_is_the_clients() {
    // J-121
    let broker = launch().start();
    let _ada = log_in(&broker, &head_of("203.0.113.5"), "ada");
    assert_eq!(address_of(&broker, "ada"), "203.0.113.5:4711");
    let _bob = log_in(&broker, &head_of("2001:db8::5"), "bob");
    assert_eq!(address_of(&broker, "bob"), "[2001:db8::5]:4711");
    let _joe = log_in(&broker, b"PROXY TCP4 203.0.113.6 10.0.0.1 4712 80\r\n", "joe");
    assert_eq!(address_of(&broker, "joe"), "203.0.113.6:4712");
    // A proxy that connects for itself, or does not say for whom.
    for head in [LOCAL, b"PROXY UNKNOWN\r\n"] {
        let _proxy = log_in(&broker, head, "proxy");
        assert!(address_of(&broker, "proxy").starts_with("127.0.0.1:"));
    }
}

#[test]
fn every_dialect_goes_on_behind_a_head_in_one_write_or_byte_by_byte() {
    let broker = launch().start();
    let dialogues: [(&str, &str, &str); 5] = [
        (
            "proxied-jmqt",
            "{\"auth\":{\"dt\":{\"client_name\":\"ada\"}}}\0",
            "{\"authAck\":{\"st\":1",
        ),
        ("proxied-coremq", "", "Welcome to CoreMQ server"),
        ("proxied-pubsubx", "CONNECT pat\n\nxDISCONNECT\n\nx", "OK: Conn accepted"),
        ("proxied-http", "GET /status.json HTTP/1.0\r\n\r\n", "200 OK"),
        ("proxied-memcached", "version\r\n", "VERSION"),
    ];
    for (listener, said, answer) in dialogues {
        let whole = [&head_of("203.0.113.5"), said.as_bytes()].concat();
        for piece_bytes in [whole.len(), 1] {
            let mut connection = Raw::connect(broker.address_of(listener));
            for piece in whole.chunks(piece_bytes) {
                connection.send(piece);
            }
            connection.read_until(answer);
        }
    }
}

#[test]
fn a_head_is_wanted_from_trusted_proxies_and_taken_from_nobody_else() {
    // J-121
    let broker = launch().set("limits.authenticate_timeout=1s").start();
    for (dialect, _) in PROXIED {
        let address = broker.address_of(&format!("proxied-{dialect}"));
        // Without a head, with half of one, and with another version of it.
        let beginnings: [&[u8]; 5] = [
            b"",
            b"{\"auth\":{\"dt\":{\"client_name\":\"ada\"}}}\0",
            b"\r\n\r\n\0\r\nQUIT\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x00",
            b"PROXY TCP4 203.0.113.5 ",
        ];
        thread::scope(|scope| {
            for beginning in beginnings {
                scope.spawn(move || {
                    let mut connection = Raw::connect(address);
                    connection.send(beginning);
                    assert_eq!(connection.read_to_end(), "", "{dialect}: {beginning:?}");
                });
            }
        });
        let mut stranger = Raw::on(connect_from(Ipv4Addr::new(127, 0, 0, 2), address));
        stranger.try_send([&head_of("127.0.0.1"), &b"{\"auth\":{\"dt\":{}}}\0"[..]].concat());
        assert_eq!(stranger.read_to_end(), "", "{dialect}");
    }
    // A listener without that setting takes none, whoever sends it.
    let mut head = Raw::connect(broker.address());
    head.send(head_of("203.0.113.5"));
    head.read_to_end();
    assert_eq!(broker.stat("sessions_opened"), 1, "that of whoever reads the counters");
}

#[test]
fn connections_count_for_the_address_that_is_named_and_for_its_network() {
    let broker = launch().set("limits.connections_per_address_max=2").start();
    let _open = ["203.0.113.5", "::ffff:203.0.113.5", "2001:db8::1", "2001:db8::ffff:0:0:2"]
        .map(|client| log_in(&broker, &head_of(client), &client.replace(':', "-")));
    for client in ["203.0.113.5", "2001:db8::3"] {
        let mut refused = Raw::connect(broker.address_of("proxied-jmqt"));
        refused.send(head_of(client));
        let word = refused.read_to_end();
        assert!(word.contains("2 connections from this address"), "{client}: {word}");
    }
    let entry =
        broker.wait_for_log("refusal", |entry| entry["message"] == "connections are refused");
    assert_eq!(entry["peer"], "203.0.113.5:4711");
    // Others are let in, and the proxy itself is not counted at all.
    let _others = ["203.0.113.6", "2001:db8:0:1::1"]
        .map(|client| log_in(&broker, &head_of(client), &client.replace(':', "-")));
    let _itself = ["1", "2", "3"].map(|client| log_in(&broker, LOCAL, client));
}

#[test]
fn a_websocket_is_whose_the_header_of_a_trusted_proxy_says() {
    let broker = launch().set("limits.connections_per_address_max=2").start();
    let upgrade = |headers: &str| {
        Upgrade::on("/").with_headers(headers).send(&broker, Transport::WebSocket).0
    };
    let forwarded = "X-Forwarded-For: 198.51.100.7, 203.0.113.5\r\n";
    let mut ada = upgrade(forwarded);
    ada.log_in("ada");
    assert_eq!(address_of(&broker, "ada"), "203.0.113.5:0");
    let _second = upgrade(forwarded);
    let (_refused, head) =
        Upgrade::on("/").with_headers(forwarded).send(&broker, Transport::WebSocket);
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    // What is before the last hop may be made up, and the other header the client's.
    let mut bob = upgrade("Forwarded: for=198.51.100.1\r\nX-Forwarded-For: 203.0.113.9\r\n");
    bob.log_in("bob");
    assert_eq!(address_of(&broker, "bob"), "203.0.113.9:0");
}

#[test]
fn who_is_no_trusted_proxy_is_not_believed() {
    let broker = launch().set(r#"access.trusted_proxies=["10.0.0.0/8"]"#).start();
    let headers = "X-Forwarded-For: 203.0.113.5\r\n";
    let (mut ada, _) = Upgrade::on("/").with_headers(headers).send(&broker, Transport::WebSocket);
    ada.log_in("ada");
    assert!(address_of(&broker, "ada").starts_with("127.0.0.1:"));
}

#[test]
fn the_proxies_that_are_believed_can_be_changed_without_a_restart() {
    let config = |networks: &str| {
        format!("[access]\nforwarded_header = \"forwarded\"\ntrusted_proxies = [{networks}]\n")
    };
    let broker = Launch::of(PROGRAM)
        .set("store.durability=os")
        .set(KEY)
        .listener("http")
        .set("listeners.http.dialect=http")
        .config(&config(""))
        .start();
    let headers = "Forwarded: for=\"[2001:db8::7]:99\";proto=https\r\n";
    let address = |client: &str| {
        let (mut peer, _) =
            Upgrade::on("/").with_headers(headers).send(&broker, Transport::WebSocket);
        peer.log_in(client);
        address_of(&broker, client)
    };
    assert!(address("before").starts_with("127.0.0.1:"));
    broker.configure(&config("\"127.0.0.0/8\""));
    broker.hang_up();
    broker.wait_for_log("change", |entry| {
        entry["message"].as_str().unwrap_or_default().contains("were reloaded")
    });
    assert_eq!(address("after"), "[2001:db8::7]:0");
}

#[test]
fn who_guesses_keys_behind_a_proxy_slows_down_nobody_else_behind_it() {
    let broker = launch().set("access.failed_attempts_max=1").start();
    let ask = |client: &str, key: &str| {
        let mut request = Raw::connect(broker.address_of("http"));
        request.send(format!(
            "GET /v1/clients HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\
             X-Forwarded-For: {client}\r\nConnection: close\r\n\r\n"
        ));
        request.read_to_end()
    };
    for _ in 0..4 {
        assert!(ask("203.0.113.5", "guessed").starts_with("HTTP/1.1 401 "));
    }
    thread::scope(|scope| {
        // It has to wait for longer than a second by now.
        let guesser = scope.spawn(|| ask("203.0.113.5", "guessed"));
        let started = Instant::now();
        assert!(ask("203.0.113.6", "0123456789abcdef").starts_with("HTTP/1.1 200 "));
        assert!(started.elapsed() < PATIENCE && !guesser.is_finished());
        assert!(guesser.join().unwrap().starts_with("HTTP/1.1 401 "));
    });
}

#[test]
fn who_guesses_tokens_behind_a_proxy_slows_down_nobody_else_behind_it() {
    let broker = launch().set("access.failed_attempts_max=1").start();
    let guess = |number: usize| {
        let mut guesser = Raw::connect(broker.address_of("proxied-jmqt"));
        guesser.send(head_of("203.0.113.5"));
        guesser.send(format!("{{\"conn\":{{\"cl\":\"me-{number}\",\"at\":\"wrong\"}}}}\0"));
        assert!(guesser.read_until("\0").contains("\"st\":6"));
    };
    (0..4).for_each(guess);
    thread::scope(|scope| {
        // It has to wait for longer than a second by now.
        let guesser = scope.spawn(|| guess(4));
        let _ada = log_in(&broker, &head_of("203.0.113.6"), "ada");
        assert!(!guesser.is_finished());
    });
}

/// Connects from one of this machine's addresses.
fn connect_from(from: Ipv4Addr, to: std::net::SocketAddr) -> TcpStream {
    use rustix::net::{self, AddressFamily, SocketType};
    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    net::bind(&socket, &std::net::SocketAddr::new(from.into(), 0)).unwrap();
    net::connect(&socket, &to).unwrap();
    TcpStream::from(socket)
}
