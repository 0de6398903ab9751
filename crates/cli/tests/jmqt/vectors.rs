//! The frames of `spec/vectors`, played to the broker over all four transports.

use std::{collections::BTreeSet, path::Path};

use rialto_testkit::{Broker, Peer, Transport, matches};
use serde_json::{Value, json};

use crate::start;

/// Frames longer than this pass.
const SETTINGS: [&str; 1] = ["limits.packet_bytes_max=256KiB"];

/// Reads a file of vectors.
fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns a vector's frame; `None` if it is for sockets and this is none.
fn frame_for(vector: &Value, transport: Transport) -> Option<Vec<u8>> {
    if let Some(text) = vector["frame"].as_str() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(hex) = vector["frame_hex"].as_str() {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let frame = (0..hex.len()).step_by(2).map(byte).collect();
        return (!transport.is_websocket()).then_some(frame);
    }
    let repeat = &vector["frame_repeat"];
    let part = |key: &str| repeat[key].as_str().unwrap_or_default();
    let count = repeat["count"].as_u64().unwrap() as usize;
    let parts = [
        part("prefix"),
        &part("unit").repeat(count),
        part("middle"),
        &part("closer").repeat(count),
        part("suffix"),
    ];
    Some(parts.concat().into_bytes())
}

#[test]
fn malformed_frames_are_ignored_or_refused_as_they_deserve() {
    // J-3, J-13, J-14, J-15, J-16, J-17, J-18, J-22, J-28, J-34, J-48, J-49, J-59, J-60, J-61,
    // J-70, J-95, J-96: whichever a vector names. Ignored means that the next packet is answered.
    let vectors = vectors("jmqt-malformed.jsonl");
    assert!(vectors.len() > 100);
    for transport in Transport::ALL {
        let broker = start(&SETTINGS);
        let mut ada = Peer::online(&broker, transport, "ada");
        for vector in &vectors {
            let Some(frame) = frame_for(vector, transport) else { continue };
            ada.send_frame(&frame);
            ada.send(r#"{"hb":{}}"#);
            if let Some(expected) = vector["expect"].get("reply") {
                let reply = ada.recv();
                assert!(matches(expected, &reply), "{transport}, {vector}: {reply}");
                let is_complete = reply.get("authAck").is_none_or(|body| body["mg"].is_string());
                assert!(is_complete, "{transport}, {vector}: {reply}");
            }
            let next = ada.recv();
            assert_eq!(next, json!({"hbAck": {}}), "{transport}, {vector}");
        }
    }
}

#[test]
fn odd_frames_have_the_effect_of_plain_ones() {
    // J-15, J-16, J-18, J-19, J-20, J-22, J-23, J-24, J-26, J-58, J-68, J-69, J-72, J-86, J-94:
    // whichever a vector names.
    let vectors = vectors("jmqt-lenient.jsonl");
    assert!(vectors.len() > 50);
    play_all(&vectors);
}

#[test]
fn the_packets_of_the_document_are_understood() {
    // J-12, J-26, J-31, J-41, J-46, J-52, J-57, J-64, J-68, J-89, J-94, J-102: those from clients.
    let mut vectors = vectors("jmqt-packets.jsonl");
    vectors.retain(|vector| vector["from"] == "client");
    assert!(vectors.len() > 10);
    play_all(&vectors);
}

/// Plays vectors over all transports, those of each packet type on a broker of their own.
fn play_all(vectors: &[Value]) {
    let types: BTreeSet<_> =
        vectors.iter().filter_map(|vector| vector["packet"].as_str()).collect();
    for transport in Transport::ALL {
        for packet in &types {
            let stage = Stage::new(transport);
            for vector in vectors.iter().filter(|vector| vector["packet"] == *packet) {
                stage.play(vector);
            }
        }
    }
}

/// A broker on which each vector is played to new peers.
struct Stage {
    broker: Broker,
    transport: Transport,
}

impl Stage {
    fn new(transport: Transport) -> Self {
        Stage { broker: start(&SETTINGS), transport }
    }

    /// Plays a frame and looks whether it has the effect that its fields say.
    fn play(&self, vector: &Value) {
        eprintln!("over {}: {vector}", self.transport);
        let frame = vector["frame"].as_str().unwrap();
        let fields = &vector["fields"];
        match vector["packet"].as_str().unwrap() {
            "auth" => self.auth(frame, fields),
            "conn" => self.conn(frame),
            "hb" => {
                let mut ada = self.online("ada");
                assert_eq!(ada.ask(frame), json!({"hbAck": {}}));
            }
            "sub" => self.sub(frame, fields),
            "unsub" => self.unsub(frame, fields),
            "pub" => self.publish(frame, fields),
            "pushAck" => self.push_ack(frame, fields),
            "disconn" => {
                let mut ada = self.online("ada");
                ada.send(frame);
                ada.expect_goodbye(1000);
            }
            other => panic!("no effect is known for {other}"),
        }
    }

    fn online(&self, client: &str) -> Peer {
        Peer::online(&self.broker, self.transport, client)
    }

    fn auth(&self, frame: &str, fields: &Value) {
        let mut peer = Peer::connect(&self.broker, self.transport);
        let answer = peer.ask(frame);
        let is_known = fields["dt"]["client_name"].is_string();
        assert_eq!(answer["authAck"]["st"], if is_known { 1 } else { 10 });
    }

    /// The tokens of vectors open nothing, but 6 says that token and client were understood.
    fn conn(&self, frame: &str) {
        let mut peer = Peer::connect(&self.broker, self.transport);
        let answer = peer.ask(frame);
        assert_eq!(answer["connAck"]["st"], 6);
    }

    fn sub(&self, frame: &str, fields: &Value) {
        let mut ada = self.online("ada");
        let channel = &fields["cn"];
        ada.send(frame);
        ada.expect(json!({"subAck": {"st": 1, "cn": channel}}));
        let kind = if fields["pr"] == 1 { "persistent" } else { "temp" };
        assert_eq!(subscriptions(&mut ada)[channel.as_str().unwrap()], kind);
        ada.send(json!({"unsub": {"cn": channel}}));
        ada.expect(json!({"unsubAck": {"st": 1, "cn": channel}}));
        ada.leave();
    }

    fn unsub(&self, frame: &str, fields: &Value) {
        let mut ada = self.online("ada");
        let channel = fields["cn"].as_str().unwrap();
        ada.subscribe_for_good(channel);
        ada.send(frame);
        ada.expect(json!({"unsubAck": {"st": 1, "cn": channel}}));
        assert_eq!(subscriptions(&mut ada), json!({"#ada": "persistent"}));
        ada.leave();
    }

    fn publish(&self, frame: &str, fields: &Value) {
        let channel = fields["cn"].as_str().unwrap();
        match channel.as_bytes()[0] {
            b'$' => self.ask_control(frame, fields),
            b'#' => self.publish_directly(frame, fields, &channel[1..]),
            _ => self.publish_to_topic(frame, fields, channel),
        }
    }

    fn ask_control(&self, frame: &str, fields: &Value) {
        let mut ada = self.online("ada");
        ada.send(frame);
        ada.expect(json!({"pubAck": {"st": 1, "id": fields["id"], "dt": "*"}}));
    }

    fn publish_directly(&self, frame: &str, fields: &Value, receiver: &str) {
        let mut receiver = self.online(receiver);
        let mut publisher = self.online("publisher");
        publisher.send(frame);
        expect_push(&mut receiver, fields);
        expect_pub_ack(&mut publisher, fields);
    }

    fn publish_to_topic(&self, frame: &str, fields: &Value, channel: &str) {
        let mut publisher = self.online("publisher");
        let mut subscriber = self.online("subscriber");
        publisher.send(json!({"pub": {"cn": channel, "dt": "before", "rt": 1, "q": 1, "id": "0"}}));
        publisher.expect(r#"{"pubAck":{"st":1,"id":"0"}}"#);
        subscriber.subscribe(channel);
        expect_retained(&mut subscriber, channel, &"before".into());
        publisher.send(frame);
        expect_push(&mut subscriber, fields);
        expect_pub_ack(&mut publisher, fields);
        subscriber.subscribe(channel);
        let is_retained = fields["rt"] == 1;
        let retained = if is_retained { fields["dt"].clone() } else { "before".into() };
        expect_retained(&mut subscriber, channel, &retained);
        subscriber.expect_silence();
    }

    /// The id is put in the place of the vector's, in the form that the vector has it in.
    fn push_ack(&self, frame: &str, fields: &Value) {
        let mut ada = self.online("ada");
        ada.subscribe_for_good("log");
        let mut bob = self.online("bob");
        bob.send(json!({"pub": {"cn": "log", "dt": 1, "q": 1, "id": "1"}}));
        let push = ada.recv()["push"].take();
        let id = push["id"].as_str().unwrap();
        let vectors_id = fields["id"].as_str().unwrap();
        let is_number = !frame.contains(&format!("\"{vectors_id}\""));
        ada.send(frame.replace(vectors_id, id));
        ada.expect_silence();
        ada.leave();
        let mut ada = self.online("ada");
        // The ids we give are no numbers: one that is sent as a number is no JSON, and ignored.
        if fields["st"] != 1 || is_number {
            ada.expect(json!({"push": push}));
        }
        ada.expect_silence();
        ada.send(json!({"unsub": {"cn": "log"}}));
        ada.expect(json!({"unsubAck": {"st": 1, "cn": "log"}}));
        ada.leave();
    }
}

fn subscriptions(peer: &mut Peer) -> Value {
    peer.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#)["pubAck"]["dt"]["subscriptions"]
        .take()
}

#[track_caller]
fn expect_push(peer: &mut Peer, fields: &Value) {
    let mut push = json!({"cn": fields["cn"], "dt": fields["dt"], "cl": "publisher"});
    if fields["q"] == 1 {
        push["q"] = 1.into();
        push["id"] = "*".into();
    }
    peer.expect(json!({"push": push}));
}

#[track_caller]
fn expect_retained(peer: &mut Peer, channel: &str, dt: &Value) {
    peer.expect(json!({"push": {"cn": channel, "dt": dt, "cl": "publisher", "rt": 1}}));
}

#[track_caller]
fn expect_pub_ack(peer: &mut Peer, fields: &Value) {
    if fields["q"] == 1 {
        peer.expect(json!({"pubAck": {"st": 1, "id": fields["id"]}}));
    }
}
