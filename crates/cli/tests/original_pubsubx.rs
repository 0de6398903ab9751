//! The original PubSubX client, which reads in ways of its own, served as it is.
//!
//! [`Original`] does with what it reads what that client does, losses included.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use rialto_testkit::{Broker, Launch, PATIENCE, PubsubxPeer, Transport};

use common::PROGRAM;

/// What the client reads at once.
const READ_BYTES: usize = 1024;
/// Above it the client throws away all that it has read.
const STREAM_BYTES_MAX: usize = 10_240;
const END: &str = "\n\nx";

struct Original {
    socket: TcpStream,
    stream: Vec<u8>,
    topics: Vec<String>,
}

impl Original {
    /// Connects; the first read must be one of the answers it knows, and nothing else.
    fn connect(address: SocketAddr, name: &str) -> Result<Self, String> {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Original { socket, stream: Vec::new(), topics: Vec::new() };
        client.send(&format!("CONNECT {name}"));
        let first = client.read();
        if first == format!("OK: Conn accepted{END}").as_bytes() {
            return Ok(client);
        }
        let text = String::from_utf8_lossy(&first).into_owned();
        let mut messages = text.split(END);
        if messages.next() != Some(&*format!("RESTORED {name}")) {
            return Err(text);
        }
        // Whatever follows the topics is lost.
        let topics = messages.next().unwrap_or_default();
        client.topics = topics.split(' ').map(str::to_owned).collect();
        Ok(client)
    }

    fn send(&mut self, message: &str) {
        self.socket.write_all(format!("{message}{END}").as_bytes()).unwrap();
    }

    fn subscribe(&mut self, topic: &str) {
        self.send(&format!("SUBSCRIBE {topic}"));
        self.topics.push(topic.to_owned());
    }

    fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; READ_BYTES];
        let count = self.socket.read(&mut bytes).unwrap();
        bytes.truncate(count);
        bytes
    }

    /// Returns the next message: its topic, which it must remember, and its data.
    fn next(&mut self) -> (String, String) {
        loop {
            let at = self.stream.windows(END.len()).position(|it| it == END.as_bytes());
            if let Some(at) = at {
                let rest = self.stream.split_off(at + END.len());
                let whole = std::mem::replace(&mut self.stream, rest);
                let text = String::from_utf8(whole[..at].to_vec()).unwrap();
                let (topic, data) = text.split_once(' ').unwrap();
                assert!(self.topics.iter().any(|it| it == topic), "WRONG_TOPIC {topic}");
                return (topic.to_owned(), data.to_owned());
            }
            let read = self.read();
            assert!(!read.is_empty(), "the connection ended");
            self.stream.extend_from_slice(&read);
            if STREAM_BYTES_MAX < self.stream.len() {
                self.stream.clear();
            }
        }
    }

    #[track_caller]
    fn expect(&mut self, topic: &str, data: &str) {
        assert_eq!(self.next(), (topic.to_owned(), data.to_owned()));
    }

    /// Asks for the end of the connection, which fails where it was reset, and crashes the client.
    fn close(self) {
        self.socket.shutdown(Shutdown::Both).unwrap();
    }
}

fn start() -> Broker {
    Launch::of(PROGRAM).pubsubx().set("store.durability=os").start()
}

#[test]
fn a_session_of_the_original_client_works_unmodified() {
    // P-1, P-11, P-12, P-19, P-21, P-23, P-25, P-32
    let broker = start();
    let address = broker.address_of("pubsubx");
    let mut ada = Original::connect(address, "ada").unwrap();
    let mut bob = Original::connect(address, "bob").unwrap();
    ada.subscribe("a");
    ada.subscribe("Grüße");
    ada.send("PUBLISH a 1");
    ada.expect("a", "1");
    bob.send("PUBLISH Grüße größer 😀");
    ada.expect("Grüße", "größer 😀");
    ada.send("UNSUBSCRIBE a");
    ada.send("PUBLISH a 2");
    ada.send("PUBLISH Grüße 3");
    ada.expect("Grüße", "3");
    ada.send("DISCONNECT");
    assert_eq!(ada.read(), b"");
    Original::connect(address, "ada").unwrap().close();
}

#[test]
fn the_original_client_comes_back_to_all_that_it_missed() {
    // P-34 to P-38
    let broker = start();
    let address = broker.address_of("pubsubx");
    let mut bob = PubsubxPeer::online(&broker, Transport::Tcp, "bob");
    for round in 0..5 {
        let name = format!("ada-{round}");
        let mut ada = Original::connect(address, &name).unwrap();
        ada.subscribe("a");
        ada.send("PUBLISH a mine");
        ada.expect("a", "mine");
        ada.close();
        broker.wait_for_log("line that it is lost", |line| {
            line["message"] == "client lost" && line["client"] == *name
        });
        let filler = "x".repeat(800);
        for n in 0..10 {
            bob.publish("a", &format!("{n} {filler}"));
        }
        let mut ada = Original::connect(address, &name).unwrap();
        assert_eq!(ada.topics, ["a"]);
        for n in 0..10 {
            ada.expect("a", &format!("{n} {filler}"));
        }
        ada.send("DISCONNECT");
    }
}

#[test]
fn the_original_client_reads_the_longest_message() {
    // P-5, P-6: and what follows a longer one.
    let broker = start();
    let mut ada = Original::connect(broker.address_of("pubsubx"), "ada").unwrap();
    ada.subscribe("a");
    let longest = "x".repeat(STREAM_BYTES_MAX - "PUBLISH a \n\nx".len());
    for data in ["1", &longest, "2"] {
        ada.send(&format!("PUBLISH a {data}"));
        ada.expect("a", data);
    }
}

#[test]
fn the_original_client_survives_a_name_that_is_taken() {
    // P-15, P-16
    let broker = start();
    let address = broker.address_of("pubsubx");
    let _ada = Original::connect(address, "ada").unwrap();
    let refusal = Original::connect(address, "ada").err();
    assert_eq!(refusal.as_deref(), Some("ERROR: Name already taken\n\nx"));
}
