//! The original CoreMQ clients, which read in ways of their own, served as they are.
//!
//! [`MessageQueue`] and [`AsyncClient`] do with what they read what those clients do, losses
//! included. Nothing but the pauses between writes keeps the asyncio client from losing, so a
//! machine that is busy enough to swallow a pause makes it lose: its burst has several tries.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use rialto_testkit::{Broker, CoremqPeer, Launch, PATIENCE, Transport};
use serde_json::{Value, json};

use common::PROGRAM;

/// What the client reads first of each frame, and in which it looks for the whole length.
const FIRST_READ_BYTES: usize = 10;
/// How long the client waits for the rest of a frame before it gives up.
const STALL: Duration = Duration::from_secs(1);
/// What the asyncio client reads at most.
const SEGMENT_BYTES_MAX: usize = 64 << 10;
/// How long nothing must come for a burst to be over.
const SILENCE: Duration = Duration::from_millis(200);
const TRIES: usize = 5;
const BURST: usize = 400;
/// The listener's name that is made for the asyncio client.
const PACED: &str = "asyncio";

const SENT: &str = "OK: Message sent";

fn start() -> Broker {
    Launch::of(PROGRAM)
        .coremq()
        .listener(PACED)
        .set(&format!("listeners.{PACED}.dialect=coremq"))
        .set(&format!("listeners.{PACED}.paced=true"))
        .start()
}

#[test]
fn a_session_of_the_original_client_works_unmodified() {
    // C-5, C-6, C-10 to C-14, C-18 to C-20, C-22, C-25 to C-27.
    let broker = start();
    let mut ada = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    let mut bob = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    assert_eq!(
        ada.ask("a", &json!({"coremq_subscribe": ["a", "raum-ä"]})),
        "OK: Subscribe successful"
    );
    assert_eq!(bob.ask("a", &json!({"text": "größer 😀"})), SENT);
    let (queue, message) = ada.next().unwrap();
    assert_eq!((&*queue, &message["text"]), ("a", &json!("größer 😀")));
    assert_eq!(message["coremq_sender"], *bob.id);

    assert_eq!(bob.ask("raum-ä", &json!({"n": 1})), SENT);
    assert_eq!(ada.next().unwrap().0, "raum-ä");

    assert_eq!(bob.ask(&ada.id, &json!({"n": 2})), SENT);
    assert_eq!(ada.next().unwrap().0, ada.id);

    assert_eq!(ada.ask("a", &json!({"coremq_options": {"echo": true}})), "OK: Options set");
    assert_eq!(ada.ask("a", &json!({"n": 3})), SENT);
    assert_eq!(ada.next().unwrap().1["n"], 3);

    assert_eq!(ada.ask("a", &json!({"coremq_unsubscribe": "a"})), "OK: Unsubscribe successful");
    let (_, answer) =
        ada.send_message("a", &json!({"coremq_gethistory": ["a", "raum-ä"]})).unwrap();
    assert_eq!(answer["history"]["a"].as_array().unwrap().len(), 2);
    assert_eq!(answer["history"]["raum-ä"][0]["n"], 1);
    assert_eq!(ada.ask("a", &json!([1])), "ERROR: Message must be a dictionary");
}

#[test]
fn a_burst_arrives_whole_at_the_original_client() {
    // C-5, C-25: it reads each frame in at least two parts, however they come.
    let broker = start();
    let mut ada = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    ada.ask("a", &json!({"coremq_subscribe": "a"}));
    let publishing = thread::spawn({
        let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
        move || publish_burst(&mut bob)
    });
    for n in 0..BURST {
        let (queue, message) = ada.next().unwrap();
        assert_eq!((&*queue, &message["n"]), ("a", &json!(n)));
    }
    publishing.join().unwrap();
}

#[test]
fn the_original_client_gets_its_own_burst_answered() {
    // C-12, C-13: each message of it is sent and waits for its answer, while others publish to it.
    let broker = start();
    let mut ada = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    for n in 0..BURST {
        assert_eq!(ada.ask("a", &json!({"n": n, "text": "größer"})), SENT);
    }
    let (_, answer) = ada.send_message("a", &json!({"coremq_gethistory": "a"})).unwrap();
    assert_eq!(answer["history"]["a"][9]["n"], BURST - 1);
}

#[test]
fn a_long_message_arrives_whole_at_the_original_client() {
    // C-5: within the second that it waits for the rest.
    let broker = start();
    let mut ada = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    ada.ask("a", &json!({"coremq_subscribe": "a"}));
    let text = "größer".repeat(50_000);
    CoremqPeer::connect(&broker, Transport::Tcp).publish("a", json!({"text": text}));
    assert_eq!(ada.next().unwrap().1["text"], text);
}

#[test]
fn the_original_client_sees_an_orderly_end() {
    // C-16: it takes a reset for a reason to come back, and the end of the stream for an error.
    let mut broker = start();
    let mut ada = MessageQueue::connect(broker.address_of("coremq")).unwrap();
    broker.terminate();
    assert_eq!(ada.next().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn the_reader_here_is_no_better_than_the_original_one() {
    // A character that its first read cuts, a length in bytes, a header that is too long, a stall.
    let welcome = r#"+23 id {"response":"hello"}"#;
    for (frame, stalls) in [
        ("+14 aGrüße {\"n\":1}", false),
        ("+21 a {\"text\":\"größer\"}", true),
        ("+12345678901 a {}", false),
        ("+20 a {\"text\":", true),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn({
            let bytes = format!("{welcome}{frame}");
            move || {
                let (mut socket, _) = listener.accept().unwrap();
                socket.write_all(bytes.as_bytes()).unwrap();
                // Until the client is gone.
                _ = socket.read(&mut [0]);
            }
        });
        let mut ada = MessageQueue::connect(address).unwrap();
        let read = ada.next();
        let is_lost = match &read {
            Ok((_, message)) => message["text"] != "größer" && message["n"] != 1,
            Err(error) => (error.kind() == ErrorKind::WouldBlock) == stalls,
        };
        assert!(is_lost, "{frame} came as {read:?}");
        drop(ada);
        server.join().unwrap();
    }
}

#[test]
fn a_session_of_the_asyncio_client_works_unmodified() {
    // C-5, C-10, C-12: it asks for many things without waiting for their answers.
    let broker = start();
    let mut ada = AsyncClient::connect(broker.address_of(PACED));
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    ada.send("a", &json!({"coremq_subscribe": ["a", "Grüße"]}));
    ada.send("a", &json!({"coremq_options": {"echo": true}}));
    ada.send("Grüße", &json!({"n": 1, "text": "größer 😀"}));
    ada.send("a", &json!({"coremq_gethistory": ["Grüße"]}));
    ada.send("a", &json!({"coremq_status": 1}));
    let id = ada.id.clone();
    let mut answers = Vec::new();
    let mut messages = Vec::new();
    for _ in 0..6 {
        let (queue, object) = ada.next();
        if queue == id { answers.push(object) } else { messages.push((queue, object)) }
    }
    assert_eq!(answers[0]["response"], "OK: Subscribe successful");
    assert_eq!(answers[1]["response"], "OK: Options set");
    assert_eq!(answers[2]["response"], SENT);
    assert_eq!(answers[3]["history"]["Grüße"][0]["n"], 1);
    assert!(answers[4]["connections"].is_number());
    assert_eq!((&*messages[0].0, &messages[0].1["text"]), ("Grüße", &json!("größer 😀")));

    bob.publish(&id, json!({"n": 2}));
    let (queue, message) = ada.next();
    assert_eq!((queue, &message["n"]), (id, &json!(2)));
    assert!(!ada.has_lost, "something came in a form it cannot read");
}

#[test]
fn a_burst_arrives_whole_at_the_asyncio_client() {
    // C-5: one frame a segment.
    let broker = start();
    let is_whole = (0..TRIES).any(|_| received_of_burst(&broker, PACED) == BURST);
    assert!(is_whole, "something was lost {TRIES} times");
}

#[test]
fn a_burst_from_a_listener_that_is_not_paced_does_not() {
    // Shows that the reader here is no better than the original one.
    let received = received_of_burst(&start(), "coremq");
    assert!(received < BURST / 2, "{received} of {BURST} came");
}

/// Publishes a burst in one write, and returns how many of its messages the asyncio client gets.
fn received_of_burst(broker: &Broker, listener: &str) -> usize {
    let mut ada = AsyncClient::connect(broker.address_of(listener));
    ada.send("a", &json!({"coremq_subscribe": "a"}));
    assert_eq!(ada.next().1["response"], "OK: Subscribe successful");
    publish_burst(&mut CoremqPeer::connect(broker, Transport::Tcp));
    let mut received = Vec::new();
    while let Some((_, message)) = ada.next_within(SILENCE) {
        received.extend(message["n"].as_u64());
    }
    assert!(received.is_sorted());
    received.len()
}

fn publish_burst(publisher: &mut CoremqPeer) {
    publisher.send_all((0..BURST).map(|n| ("a".to_owned(), json!({"n": n}).to_string())));
    for _ in 0..BURST {
        assert_eq!(publisher.recv().1, json!({"response": SENT}));
    }
}

/// Writes a frame as Python does: JSON in ASCII with blanks, and a length that counts characters.
fn frame(queue: &str, object: &Value) -> String {
    let json: String = object
        .to_string()
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    let chars = queue.chars().count() + 1 + json.len();
    format!("+{chars} {queue} {json}")
}

/// The client with one socket, which takes the next frame for the answer.
struct MessageQueue {
    socket: TcpStream,
    id: String,
}

impl MessageQueue {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        let mut client = MessageQueue { socket, id: String::new() };
        client.id = client.next()?.0;
        Ok(client)
    }

    /// Sends in one go and takes the next frame for the answer.
    fn send_message(&mut self, queue: &str, object: &Value) -> io::Result<(String, Value)> {
        let frame = frame(queue, object);
        let sent = self.socket.write(frame.as_bytes())?;
        assert_eq!(sent, frame.len(), "it does not send the rest");
        self.next()
    }

    /// Sends, and returns the text of the answer.
    #[track_caller]
    fn ask(&mut self, queue: &str, object: &Value) -> String {
        let (to, answer) = self.send_message(queue, object).unwrap();
        assert_eq!(to, self.id, "{answer} was taken for the answer");
        answer["response"].as_str().unwrap().to_owned()
    }

    /// Reads the length out of the first bytes, and then as many characters as are missing.
    fn next(&mut self) -> io::Result<(String, Value)> {
        self.socket.set_read_timeout(Some(PATIENCE))?;
        let first = self.read_text(FIRST_READ_BYTES)?;
        let (header, rest) = first.split_once(' ').ok_or_else(|| invalid("no whole length"))?;
        let chars = header.strip_prefix('+').and_then(|digits| digits.parse::<usize>().ok());
        let chars = chars.ok_or_else(|| invalid("no length"))?;
        let mut text = rest.to_owned();
        self.socket.set_read_timeout(Some(STALL))?;
        while text.chars().count() < chars {
            text += &self.read_text(chars - text.chars().count())?;
        }
        let (queue, json) = text.split_once(' ').ok_or_else(|| invalid("no queue"))?;
        let object = serde_json::from_str(json).map_err(|_| invalid("no JSON"))?;
        Ok((queue.to_owned(), object))
    }

    /// Reads once; each part must be UTF-8 by itself.
    fn read_text(&mut self, bytes_max: usize) -> io::Result<String> {
        let mut part = vec![0; bytes_max];
        match self.socket.read(&mut part)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                part.truncate(count);
                String::from_utf8(part).map_err(|_| invalid("a character was cut"))
            }
        }
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// The client that takes each segment for one whole frame.
struct AsyncClient {
    socket: TcpStream,
    id: String,
    /// Whether anything came in a form it cannot read.
    has_lost: bool,
}

impl AsyncClient {
    fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        let mut client = AsyncClient { socket, id: String::new(), has_lost: false };
        client.id = client.next().0;
        client
    }

    fn send(&mut self, queue: &str, object: &Value) {
        self.socket.write_all(frame(queue, object).as_bytes()).unwrap();
    }

    #[track_caller]
    fn next(&mut self) -> (String, Value) {
        self.next_within(PATIENCE).expect("a frame within the patience")
    }

    /// Returns the next frame it can read, `None` if nothing comes in time.
    fn next_within(&mut self, patience: Duration) -> Option<(String, Value)> {
        let mut segment = vec![0; SEGMENT_BYTES_MAX];
        self.socket.set_read_timeout(Some(patience)).unwrap();
        loop {
            let count = match self.socket.read(&mut segment) {
                Ok(count) if count > 0 => count,
                _ => return None,
            };
            match whole_frame(&segment[..count]) {
                Some((frame, rest)) => {
                    self.has_lost |= !rest.is_empty();
                    return Some(frame);
                }
                None => self.has_lost = true,
            }
        }
    }
}

/// Reads the one frame that a segment should be; also returns what is behind it.
fn whole_frame(segment: &[u8]) -> Option<((String, Value), &str)> {
    let (header, rest) = std::str::from_utf8(segment).ok()?.split_once(' ')?;
    let chars: usize = header.strip_prefix('+')?.parse().ok()?;
    let end = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(chars)?;
    let (frame, rest) = rest.split_at(end);
    let (queue, json) = frame.split_once(' ')?;
    Some(((queue.to_owned(), serde_json::from_str(json).ok()?), rest))
}
