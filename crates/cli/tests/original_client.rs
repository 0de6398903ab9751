//! The original Python client, which reads 1024 bytes and takes them for whole frames, served by a
//! paced listener.
//!
//! [`Reader`] does with what it reads what that client was seen to do, losses included. Over plain
//! TCP with QoS 0 nothing but the pauses between writes keeps it from losing, so a machine that is
//! busy enough to swallow a pause makes it lose: those tests have several tries.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    collections::VecDeque,
    fmt::Display,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::Duration,
};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};

use common::{PROGRAM, acknowledge, frames, publish, publish_stored};

/// What the client reads at once.
const READ_BYTES: usize = 1024;
const TRIES: usize = 5;
/// The listener's name that is made for it.
const PACED: &str = "python";
/// How long nothing must come for a burst to be over.
const SILENCE: Duration = Duration::from_millis(200);

fn start() -> Broker {
    Launch::of(PROGRAM).listener(PACED).set(&format!("listeners.{PACED}.paced=true")).start()
}

#[test]
fn a_burst_over_tcp_arrives_whole() {
    // J-106, J-107.
    let broker = start();
    let is_whole = (0..TRIES).any(|_| received_of_burst(&broker, PACED, Transport::Tcp) == 400);
    assert!(is_whole, "something was lost {TRIES} times");
}

#[test]
fn a_burst_over_tls_arrives_whole() {
    // J-108: a read never crosses a record, so no luck is needed.
    assert_eq!(received_of_burst(&start(), PACED, Transport::Tls), 400);
}

#[test]
fn a_burst_from_a_listener_that_is_not_paced_does_not() {
    // Shows that the reader here is no better than the original one.
    for transport in [Transport::Tcp, Transport::Tls] {
        let received = received_of_burst(&start(), "listen-1", transport);
        assert!(received < 200, "{received} of 400 came over {transport}");
    }
}

#[test]
fn a_burst_that_is_to_be_acknowledged_but_not_stored_arrives_whole() {
    // J-107, J-108.
    let is_whole = |transport| {
        let broker = start();
        let mut python = Reader::online(&broker, transport);
        python.send(r#"{"sub":{"cn":"room"}}"#);
        assert_eq!(python.next(), json!({"subAck": {"st": 1, "cn": "room"}}));
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publish_numbers(&mut publisher, 0..200);
        let mut received = 0;
        while let Some(packet) = python.next_within(SILENCE).unwrap() {
            python.send(acknowledge(packet["push"]["id"].as_str().unwrap()));
            received += 1;
        }
        received == 200
    };
    assert!(is_whole(Transport::Tls));
    assert!((0..TRIES).any(|_| is_whole(Transport::Tcp)), "something was lost {TRIES} times");
}

#[test]
fn stored_messages_arrive_whole_over_tcp_and_over_tls() {
    // J-109: what is unacknowledged fits into one read, so no luck is needed; to one who comes back,
    // and to one who is there.
    for transport in [Transport::Tcp, Transport::Tls] {
        let broker = start();
        subscribe_for_good(&broker);
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publish_numbers(&mut publisher, 0..200);
        let mut python = Reader::online(&broker, transport);
        expect_numbers(&mut python, 0..200);
        let publishing = thread::spawn(move || publish_numbers(&mut publisher, 200..400));
        expect_numbers(&mut python, 200..400);
        publishing.join().unwrap();
        assert!(!python.has_lost, "nothing came in a form it cannot read");
    }
}

#[test]
fn no_more_than_one_read_of_unacknowledged_stored_messages_is_under_way() {
    // J-109: of one channel or of several, to one who comes back and to one who is there.
    let broker = start();
    let mut python = Peer::connect_to(&broker, broker.address_of(PACED), Transport::Tcp);
    python.log_in("python");
    python.subscribe_for_good("room");
    python.subscribe_for_good("other");
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    for channel in ["room", "other"] {
        let numbers = 0..50;
        publisher.send_raw(&frames(numbers.map(|id| publish_stored(channel, id, id))));
        for id in 0..50 {
            publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
        }
    }
    let mut received = 0;
    while received < 100 {
        if received % 25 == 24 {
            python.hang_up();
            python = Peer::connect_to(&broker, broker.address_of(PACED), Transport::Tcp);
            python.log_in("python");
        }
        python.send(r#"{"hb":{}}"#);
        let mut pushes = Vec::new();
        loop {
            let packet = python.recv();
            if packet.get("hbAck").is_some() {
                break;
            }
            pushes.push(packet);
        }
        let bytes: usize = pushes.iter().map(|push| push.to_string().len() + 1).sum();
        assert!(bytes <= READ_BYTES, "{bytes} bytes are under way");
        received += pushes.len();
        for push in &pushes {
            python.send(acknowledge(push["push"]["id"].as_str().unwrap()));
        }
    }
}

#[test]
fn a_frame_of_exactly_one_read_arrives() {
    // J-106.
    for transport in [Transport::Tcp, Transport::Tls] {
        let broker = start();
        let mut python = Reader::online(&broker, transport);
        python.send(r#"{"sub": {"cn": "room", "pr": 1}}"#);
        assert_eq!(python.next(), json!({"subAck": {"st": 1, "cn": "room"}}));
        let payload = json!("x".repeat(READ_BYTES - frame_bytes(0)));
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publisher.send(publish_stored("room", &payload, 1));
        let push = python.next();
        assert_eq!(push["push"]["dt"], payload);
        assert_eq!(push.to_string().len() + 1, READ_BYTES, "the frame and its NUL: {push}");
    }
}

#[test]
fn a_frame_longer_than_a_read_breaks_its_connection_and_costs_nothing_else() {
    // J-104, J-110.
    for transport in [Transport::Tcp, Transport::Tls] {
        let broker = start();
        subscribe_for_good(&broker);
        let mut witness = Peer::online(&broker, Transport::Tcp, "witness");
        witness.subscribe("room");
        let long = json!("x".repeat(READ_BYTES - frame_bytes(0) + 1));
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        for (id, payload) in [json!("before"), long.clone(), json!("after")].iter().enumerate() {
            publisher.send(publish_stored("room", payload, id));
            publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
            let push = witness.recv();
            assert_eq!(push["push"]["dt"], *payload);
            witness.send(acknowledge(push["push"]["id"].as_str().unwrap()));
        }

        let mut python = Reader::online(&broker, transport);
        let push = python.next();
        assert_eq!(push["push"]["dt"], "before");
        python.send(acknowledge(push["push"]["id"].as_str().unwrap()));
        let error = python.next_within(PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "no frame in a read: it disconnects");
        drop(python);

        let mut again = Peer::online(&broker, Transport::Tcp, "python");
        for payload in [&long, &json!("after")] {
            again.expect(json!({"push": {
                "cn": "room", "dt": payload, "cl": "publisher", "q": 1, "id": "*"
            }}));
        }
        again.expect_silence();
        witness.expect_silence();
    }
}

/// Publishes 400 small messages in one write, and returns how many of them the client gets.
fn received_of_burst(broker: &Broker, listener: &str, transport: Transport) -> usize {
    let mut python = Reader::online_at(broker, listener, transport);
    python.send(r#"{"sub":{"cn":"room"}}"#);
    assert_eq!(python.next(), json!({"subAck": {"st": 1, "cn": "room"}}));
    let mut publisher = Peer::online(broker, Transport::Tcp, "publisher");
    publisher.send_raw(&frames((0..400).map(|number| publish("room", number))));
    publisher.expect_silence();
    publisher.leave();

    let mut received = Vec::new();
    loop {
        match python.next_within(SILENCE).unwrap() {
            Some(packet) if packet.get("hbAck").is_some() => break,
            Some(packet) => received.extend(packet["push"]["dt"].as_u64()),
            // It comes behind all that was sent before, alone, and is asked for again if lost.
            None => python.send(r#"{"hb":{}}"#),
        }
    }
    assert!(received.is_sorted());
    received.len()
}

fn subscribe_for_good(broker: &Broker) {
    let mut python = Peer::online(broker, Transport::Tcp, "python");
    python.subscribe_for_good("room");
    python.leave();
}

fn publish_numbers(publisher: &mut Peer, numbers: std::ops::Range<u64>) {
    publisher.send_raw(&frames(numbers.clone().map(|id| publish_stored("room", id, id))));
    for id in numbers {
        publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
    }
}

/// Takes and acknowledges pushes of these numbers.
fn expect_numbers(python: &mut Reader, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let push = python.next()["push"].take();
        assert_eq!(push["dt"], number);
        // The original sends no status.
        python.send(acknowledge(push["id"].as_str().unwrap()));
    }
}

/// The client's reading end, with its way to take what it reads for whole frames.
struct Reader {
    stream: Stream,
    packets: VecDeque<Value>,
    /// Whether anything came in a form it cannot read.
    has_lost: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<ClientConnection>, TcpStream),
}

impl Reader {
    /// Opens the session of `python` on the paced listener.
    fn online(broker: &Broker, transport: Transport) -> Self {
        Reader::online_at(broker, PACED, transport)
    }

    fn online_at(broker: &Broker, listener: &str, transport: Transport) -> Self {
        let socket = TcpStream::connect(broker.address_of(listener)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let stream = match transport {
            Transport::Tcp => Stream::Plain(socket),
            Transport::Tls => Stream::shake_hands(broker, socket),
            other => panic!("the original client does not speak {other}"),
        };
        let mut reader = Reader { stream, packets: VecDeque::new(), has_lost: false };
        reader.send(r#"{"auth": {"dt": {"client_name": "python"}}}"#);
        let token = reader.next()["authAck"]["at"].take();
        reader.send(format!(r#"{{"conn": {{"at": {token}, "cl": "python"}}}}"#));
        assert_eq!(reader.next()["connAck"]["st"], 1);
        reader
    }

    fn send(&mut self, packet: impl Display) {
        self.stream.write(&frames([packet.to_string()])).unwrap();
    }

    /// Returns the next packet it can read.
    fn next(&mut self) -> Value {
        self.next_within(PATIENCE).unwrap().expect("a packet within the patience")
    }

    /// Returns the next packet it can read, `None` if nothing comes in time.
    ///
    /// Fails where the original disconnects.
    fn next_within(&mut self, patience: Duration) -> io::Result<Option<Value>> {
        while self.packets.is_empty() {
            let mut chunk = [0; READ_BYTES];
            let Some(count) = self.stream.read(&mut chunk, patience)? else { return Ok(None) };
            self.take_for_whole_frames(&chunk[..count])?;
        }
        Ok(self.packets.pop_front())
    }

    /// Takes what one read gave, as if frames never continued in the next.
    fn take_for_whole_frames(&mut self, chunk: &[u8]) -> io::Result<()> {
        if !chunk.contains(&0) {
            return Err(io::Error::new(ErrorKind::InvalidData, "no end of a frame in a read"));
        }
        for frame in chunk.split(|&byte| byte == 0).filter(|frame| !frame.is_empty()) {
            let Ok(packet) = serde_json::from_slice(frame) else {
                // The thread that takes this read dies, and what is glued behind goes with it.
                self.has_lost = true;
                break;
            };
            self.packets.push_back(packet);
        }
        Ok(())
    }
}

impl Stream {
    fn shake_hands(broker: &Broker, mut socket: TcpStream) -> Self {
        let certificate = CertificateDer::from_pem_file(broker.certificate_file()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(broker.address().ip());
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).unwrap();
        }
        Stream::Tls(Box::new(connection), socket)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(connection, socket) => {
                connection.writer().write_all(bytes)?;
                while connection.wants_write() {
                    connection.write_tls(socket)?;
                }
                Ok(())
            }
        }
    }

    /// Reads once; inside TLS no more than the rest of one record, as OpenSSL does.
    fn read(&mut self, chunk: &mut [u8], patience: Duration) -> io::Result<Option<usize>> {
        let read = match self {
            Stream::Plain(socket) => {
                socket.set_read_timeout(Some(patience))?;
                socket.read(chunk)
            }
            Stream::Tls(connection, socket) => loop {
                match connection.reader().read(chunk) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    read => break read,
                }
                socket.set_read_timeout(Some(patience))?;
                if let Err(error) = socket.peek(&mut [0]) {
                    break Err(error);
                }
                socket.set_read_timeout(Some(PATIENCE))?;
                read_record(connection, socket)?;
            },
        };
        match read {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads one TLS record and no byte more.
fn read_record(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    const HEADER_BYTES: usize = 5;
    let mut record = vec![0; HEADER_BYTES];
    socket.read_exact(&mut record)?;
    let length = u16::from_be_bytes([record[3], record[4]]);
    record.resize(HEADER_BYTES + usize::from(length), 0);
    socket.read_exact(&mut record[HEADER_BYTES..])?;
    let mut rest = record.as_slice();
    while !rest.is_empty() {
        connection.read_tls(&mut rest)?;
    }
    connection.process_new_packets().map_err(io::Error::other)?;
    Ok(())
}

/// Returns the bytes of the push of a stored text of that length to `python`, its NUL included.
fn frame_bytes(text_bytes: usize) -> usize {
    let push = r#"{"push":{"cn":"room","dt":"","cl":"publisher","q":1,"id":"1-1"}}"#;
    push.len() + text_bytes + 1
}
