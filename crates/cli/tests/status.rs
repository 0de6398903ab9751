//! The status page over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");

/// One answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

#[test]
fn the_numbers_are_those_of_the_broker() {
    let broker = launch().start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(r#"{"pub":{"cn":"room","dt":1}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":1,"cl":"bob"}}"#);

    let status: Value = serde_json::from_str(&get(&broker, "/status.json").body).unwrap();
    assert_eq!(status["connections"], 2);
    assert_eq!((&status["published"], &status["delivered"]), (&1.into(), &1.into()));
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["server"].as_str().unwrap().contains(':'));
    assert_eq!(status["replicants"], Value::Array(Vec::new()));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    // The console would be there otherwise.
    let broker = launch().set("console.enabled=false").start();
    let page = get(&broker, "/");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-security-policy: default-src 'self'"), "{}", page.head);
    let addresses =
        page.body.split(['"', ' ']).filter(|word| word.starts_with('/') && *word != "/");
    let addresses: Vec<&str> = addresses.collect();
    assert!(!addresses.is_empty(), "{}", page.body);
    for address in addresses {
        assert_eq!(get(&broker, address).status, 200, "{address}");
    }
    assert!(!page.body.contains("http:") && !page.body.contains("https:"));
}

#[test]
fn what_is_not_there_and_what_is_not_asked_for_is_refused() {
    let broker = launch().start();
    assert_eq!(get(&broker, "/nothing").status, 404);
    assert_eq!(
        ask(&broker, "POST /status.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0").status,
        405
    );
    assert_eq!(ask(&broker, "nonsense").status, 400);
}

#[test]
fn a_page_left_open_does_not_keep_the_server_from_stopping() {
    let mut broker = launch().start();
    let mut idle = connect(&broker);
    idle.write_all(b"GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    idle.read_exact(&mut [0; 12]).unwrap();
    let (status, took) = broker.terminate();
    assert!(status.success());
    assert!(took < PATIENCE / 4, "it took {took:?}");
}

#[test]
fn one_connection_too_many_is_told_so() {
    let broker = launch().set("limits.connections_max=1").start();
    let _first = connect(&broker);
    let mut answer = String::new();
    connect(&broker).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

fn launch() -> Launch {
    Launch::of(PROGRAM).listener("http").set("listeners.http.dialect=http")
}

fn connect(broker: &Broker) -> TcpStream {
    let stream = TcpStream::connect(broker.address_of("http")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn get(broker: &Broker, path: &str) -> Answer {
    ask(broker, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close"))
}

fn ask(broker: &Broker, request: &str) -> Answer {
    let mut stream = connect(broker);
    stream.write_all(format!("{request}\r\n\r\n").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
