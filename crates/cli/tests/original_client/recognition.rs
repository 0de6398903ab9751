//! Who is taken for the original client: whoever writes exactly as it does, and nobody else.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use rialto_testkit::{Broker, Launch, Peer, Transport};
use serde_json::Value;

use crate::{
    common::{PROGRAM, frames, publish},
    reader::{READ_BYTES, Reader},
    start,
};

/// What a session may leave unacknowledged that is not paced.
const WINDOW: u64 = 10_000;
/// Messages for a fast client.
const BURST: u64 = 5000;

#[test]
fn a_connection_that_opens_as_the_original_does_is_paced_and_hears_nothing_of_it() {
    // J-126
    let broker = start();
    for transport in Transport::SOCKETS {
        let mut python = Reader::online(&broker, transport);
        assert_eq!(python.window(), 1, "over {transport}");
        python.subscribe("room", 1);
        assert_eq!(python.window(), 1, "over {transport}");
    }
}

#[test]
fn a_session_that_begins_with_a_preset_token_is_recognized_however_its_bytes_are_cut() {
    // J-126: `conn` comes first then, and may be longer than what is read at once.
    let token = "t".repeat(700);
    let broker = preset(&token, "auto");
    let conn = format!("{{\"conn\": {{\"at\": \"{token}\", \"cl\": \"ada\"}}}}\0");
    for cut in [conn.len(), 100, 600] {
        let mut peer = Peer::connect(&broker, Transport::Tcp);
        let (first, rest) = conn.as_bytes().split_at(cut);
        peer.send_raw(first);
        peer.send_raw(rest);
        assert_eq!(window_after_connecting(&mut peer), 1, "cut at {cut}");
    }
}

#[test]
fn whoever_opens_differently_is_not_paced() {
    // J-126
    let broker = preset("t", "auto");
    for opening in [
        r#"{"conn":{"at":"t","cl":"ada"}}"#,
        r#"{"conn": {"cl": "ada", "at": "t"}}"#,
        r#"{"conn": {"at": "t", "cl": "ada", "v": "2"}}"#,
        r#"{"conn": {"at": "t",  "cl": "ada"}}"#,
        "{\"conn\": {\"at\": \"t\", \"cl\": \"ada\"}}\0{\"hb\": {}}",
        "\0{\"conn\": {\"at\": \"t\", \"cl\": \"ada\"}}",
    ] {
        let mut peer = Peer::connect(&broker, Transport::Tcp);
        peer.send(opening);
        assert_eq!(window_after_connecting(&mut peer), WINDOW, "{opening}");
    }
    for transport in Transport::WEBSOCKETS {
        let mut peer = Peer::connect(&broker, transport);
        peer.send(r#"{"conn": {"at": "t", "cl": "ada"}}"#);
        assert_eq!(window_after_connecting(&mut peer), WINDOW, "it has no WebSocket");
    }
}

#[test]
fn a_listener_may_be_told_that_everybody_is_or_nobody() {
    // J-126
    for (pacing, window) in [("true", 1), ("false", WINDOW)] {
        let broker = preset("t", pacing);
        for opening in
            [r#"{"conn":{"at":"t","cl":"ada"}}"#, r#"{"conn": {"at": "t", "cl": "ada"}}"#]
        {
            let mut peer = Peer::connect(&broker, Transport::Tcp);
            peer.send(opening);
            assert_eq!(window_after_connecting(&mut peer), window, "{opening} with {pacing}");
        }
    }
}

#[test]
fn whoever_does_later_what_the_original_never_does_is_paced_no_longer() {
    // J-126
    let others = [r#"{"sub": {"cn": "other"}}"#, r#"{"pub": {"cn": "other", "dt": 1, "q": 0}}"#];
    for transport in Transport::SOCKETS {
        for other in others {
            let broker = preset("t", "auto");
            let mut peer = Peer::connect(&broker, transport);
            peer.send(r#"{"conn": {"at": "t", "cl": "ada"}}"#);
            assert_eq!(window_after_connecting(&mut peer), 1);
            peer.send(other);
            // What came in the same read was still answered as before.
            peer.send(r#"{"hb": {}}"#);
            while peer.recv().get("hbAck").is_none() {}
            assert_eq!(window(&mut peer), WINDOW, "after {other} over {transport}");
        }
    }
}

#[test]
fn a_fast_client_in_python_is_not_slowed_down() {
    // J-126: the standard library's separators alone make nobody the original client. One that has a
    // key order of its own is never paced; one that opens with the same bytes is until its first
    // `sub`, which it writes without `pr`.
    for kind in ["socket", "asyncio"] {
        let broker = start();
        let mut python = FastClient::start(kind, broker.address());
        let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
        publisher.send_raw(&frames((0..BURST).map(|number| publish("room", number))));
        publisher.expect_silence();
        let seen = python.end();
        assert_eq!(seen["received"], BURST, "{kind}");
        assert_eq!(seen["window"], WINDOW, "{kind}");
        let longest = seen["longest_read"].as_u64().unwrap();
        assert!(READ_BYTES as u64 * 4 < longest, "{kind}: no read had more than {longest} bytes");
    }
}

/// Starts a broker that knows a token of `ada`'s.
fn preset(token: &str, pacing: &str) -> Broker {
    let pacing = if pacing == "auto" { "\"auto\"" } else { pacing };
    Launch::of(PROGRAM)
        .set(&format!("access.tokens=[{{client=\"ada\",token=\"{token}\"}}]"))
        .set(&format!("listeners.listen-1.paced={pacing}"))
        .start()
}

/// Returns the window of a peer that has sent its `conn`.
fn window_after_connecting(peer: &mut Peer) -> u64 {
    loop {
        let packet = peer.recv();
        if packet.get("connAck").is_some() {
            assert_eq!(packet["connAck"]["st"], 1);
            break;
        }
    }
    window(peer)
}

fn window(peer: &mut Peer) -> u64 {
    peer.send(r#"{"pub": {"cn": "$limits", "dt": {}, "id": "7"}}"#);
    loop {
        let packet = peer.recv();
        if let Some(window) = packet["pubAck"]["dt"]["unacknowledged_max"].as_u64() {
            return window;
        }
    }
}

/// A client in Python that reads as much as there is.
struct FastClient {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl FastClient {
    /// Starts it, and waits until it is subscribed.
    fn start(kind: &str, broker: SocketAddr) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/original_client/fast_client.py");
        let mut process = Command::new("python3")
            .args([script, kind, &broker.port().to_string(), &BURST.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "subscribed\n");
        FastClient { process, output }
    }

    /// Waits until it has everything, and returns what it saw.
    fn end(&mut self) -> Value {
        let mut seen = String::new();
        self.output.read_to_string(&mut seen).unwrap();
        serde_json::from_str(&seen).unwrap()
    }
}

impl Drop for FastClient {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
