//! The vectors of `spec/vectors`, which the suites of all languages run: golden frames, both ways.

pub(super) mod arbitrary;

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Value, json, value::RawValue};

use super::*;
use crate::tests::{malformed_frame, parsed, text, vectors};

const LIMITS: DecodeLimits = DecodeLimits { json_depth_max: 64 };

#[test]
fn client_packets_of_the_document_decode_to_their_fields() {
    // J-12: the roots of all client packets occur here.
    let roots = check_client_vectors("jmqt-packets.jsonl");
    let all = ["auth", "conn", "disconn", "hb", "pub", "pushAck", "sub", "unsub"];
    assert_eq!(roots, all.map(str::to_owned).into());
}

#[test]
fn odd_but_lawful_frames_decode_to_their_fields() {
    // J-15, J-16, J-18, J-19, J-20, J-22, J-23 and J-24 each have vectors here; J-72 is QoS 0
    // spelt out, J-94 a control channel without data.
    check_client_vectors("jmqt-lenient.jsonl");
}

#[test]
fn server_packets_of_the_document_decode_to_their_fields_and_are_written_back() {
    // J-12: the roots of all server packets occur here. J-116: flags are read leniently.
    let mut roots = BTreeSet::new();
    for vector in vectors("jmqt-packets.jsonl").iter().filter(|vector| vector["from"] == "server") {
        let frame = text(vector, "frame");
        let packet = ServerPacket::decode(frame.as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", vector["name"]));
        let (root, fields) = server_fields(&packet);
        assert_eq!((&json!(root), &fields), (&vector["packet"], &vector["fields"]), "{vector}");
        check_written_back(&packet, &fields);
        roots.insert(root);
    }
    let all = ["authAck", "connAck", "hbAck", "pubAck", "push", "subAck", "unsubAck"];
    assert_eq!(roots, all.into());
}

#[test]
fn malformed_frames_are_ignored_or_say_what_to_answer() {
    // J-13, J-14, J-15, J-16, J-17, J-18 and J-70 are ignored; J-22, J-34, J-48, J-59 and J-60 say
    // what to answer.
    for vector in vectors("jmqt-malformed.jsonl") {
        let frame = malformed_frame(&vector);
        let decoded = decode(&frame, LIMITS);
        let name = text(&vector, "name");
        match &vector["expect"]["reply"] {
            Value::Null if is_lawful_for_the_codec(&vector) => {}
            Value::Null => assert!(
                matches!(decoded, Err(Malformed::Unreadable | Malformed::TooDeep)),
                "{name}: {decoded:?}"
            ),
            reply => check_reply(name, &decoded, reply, is_lawful_for_the_codec(&vector)),
        }
    }
}

/// Says whether only somebody who knows names and sessions can see what is wrong.
fn is_lawful_for_the_codec(vector: &Value) -> bool {
    let by_name = ["pub to the empty name, without id", "pushAck for nothing"];
    matches!(text(vector, "clause"), "J-28" | "J-49" | "J-61" | "J-95" | "J-96")
        || by_name.contains(&text(vector, "name"))
}

/// Compares what can be answered with the reply that a server gives.
fn check_reply(
    name: &str,
    decoded: &Result<ClientPacket<'_>, Malformed<'_>>,
    reply: &Value,
    is_lawful: bool,
) {
    match decoded {
        Err(Malformed::Invalid { ack, id, channel }) => {
            let channel = channel.as_deref().unwrap_or("");
            let answer = match ack {
                AckKind::Auth => json!({ "authAck": { "st": 10 } }),
                AckKind::Conn => json!({ "connAck": { "st": 10 } }),
                AckKind::Sub => json!({ "subAck": { "st": 10, "cn": channel } }),
                AckKind::Unsub => json!({ "unsubAck": { "st": 10, "cn": channel } }),
                AckKind::Pub if id.is_none() => json!({ "pubAck": { "st": 10 } }),
                AckKind::Pub => json!({ "pubAck": { "st": 10, "id": id } }),
            };
            assert_eq!(&answer, reply, "{name}");
        }
        Ok(_) if is_lawful => {}
        other => panic!("{name}: {other:?} cannot be answered with {reply}"),
    }
}

/// Decodes each client packet of a file, compares its fields, and sends it through the encoder.
fn check_client_vectors(file: &str) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for vector in vectors(file).iter().filter(|vector| vector["from"] != "server") {
        let frame = text(vector, "frame");
        let packet = decode(frame.as_bytes(), LIMITS)
            .unwrap_or_else(|error| panic!("{}: {error:?}", vector["name"]));
        let (root, fields) = client_fields(&packet);
        let expected = expected_client_fields(vector);
        assert_eq!((&json!(root), &fields), (&vector["packet"], &expected), "{}", vector["name"]);

        let mut out = Vec::new();
        packet.encode(&mut out, Carrier::Tcp);
        let written = out.strip_suffix(b"\0").expect("a frame ends in NUL");
        assert_eq!(decode(written, LIMITS).as_ref(), Ok(&packet), "{}", vector["name"]);
        roots.insert(root.to_owned());
    }
    roots
}

/// Returns a vector's fields as far as the typed packet tells them apart.
fn expected_client_fields(vector: &Value) -> Value {
    let mut fields = vector["fields"].clone();
    if vector["packet"] == "pub" {
        // J-94: a question without data is a question with `null`.
        fields.as_object_mut().unwrap().entry("dt").or_insert(Value::Null);
    }
    if vector["packet"] == "pushAck" {
        fields["st"] = json!(i32::from(fields["st"] == 1));
    }
    fields
}

fn client_fields(packet: &ClientPacket<'_>) -> (&'static str, Value) {
    match packet {
        ClientPacket::Auth(data) => ("auth", json!({ "dt": parsed(data) })),
        ClientPacket::Conn { token, client } => ("conn", json!({ "at": token, "cl": client })),
        ClientPacket::Hb => ("hb", json!({})),
        ClientPacket::Sub { channel, persistent } => {
            ("sub", json!({ "cn": channel, "pr": u8::from(*persistent) }))
        }
        ClientPacket::Unsub { channel } => ("unsub", json!({ "cn": channel })),
        ClientPacket::Pub(publish) => {
            let mut fields = json!({
                "cn": publish.channel,
                "dt": parsed(publish.payload),
                "q": u8::from(publish.acknowledged),
                "rt": u8::from(publish.retain),
            });
            if let Some(id) = &publish.id {
                fields["id"] = json!(id);
            }
            ("pub", fields)
        }
        ClientPacket::PushAck { id, accepted } => {
            ("pushAck", json!({ "id": id, "st": u8::from(*accepted) }))
        }
        ClientPacket::Disconn => ("disconn", json!({})),
    }
}

fn server_fields(packet: &ServerPacket<'_>) -> (&'static str, Value) {
    let number = |number: u64| Some(json!(number));
    let text = |text: &Option<Cow<'_, str>>| text.as_ref().map(|text| json!(text));
    let data = |raw: &RawValue| Some(parsed(raw.get()));
    let channel_ack = |ack: &ChannelAck<'_>| {
        object([("st", number(ack.st.into())), ("cn", Some(json!(ack.cn))), ("mg", text(&ack.mg))])
    };
    match packet {
        ServerPacket::AuthAck(AuthAck { st, at, cl, mg }) => {
            let tail = [("at", text(at)), ("cl", text(cl)), ("mg", text(mg))];
            ("authAck", object([("st", number((*st).into()))].into_iter().chain(tail)))
        }
        ServerPacket::ConnAck(ConnAck { st, ts, mg, rs, resumed }) => {
            let ts = ts.map(|ts| json!(ts));
            let resumed = (*resumed == 1).then(|| json!(1));
            let tail = [("ts", ts), ("mg", text(mg)), ("rs", text(rs)), ("resumed", resumed)];
            ("connAck", object([("st", number((*st).into()))].into_iter().chain(tail)))
        }
        ServerPacket::HbAck(_) => ("hbAck", json!({})),
        ServerPacket::SubAck(ack) => ("subAck", channel_ack(ack)),
        ServerPacket::UnsubAck(ack) => ("unsubAck", channel_ack(ack)),
        ServerPacket::PubAck(PubAck { st, id, dt, mg }) => {
            let tail = [("id", text(id)), ("dt", dt.and_then(data)), ("mg", text(mg))];
            ("pubAck", object([("st", number((*st).into()))].into_iter().chain(tail)))
        }
        ServerPacket::Push(Push { cn, dt, cl, q, id, rt }) => {
            let head = [("cn", Some(json!(cn))), ("dt", data(dt)), ("cl", Some(json!(cl)))];
            let tail = [("q", number((*q).into())), ("rt", number((*rt).into())), ("id", text(id))];
            ("push", object(head.into_iter().chain(tail)))
        }
    }
}

/// Makes an object of the members that are there.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Value {
    members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Writes a decoded packet with the server's encoders and expects the same fields.
fn check_written_back(packet: &ServerPacket<'_>, fields: &Value) {
    let mut out = Vec::new();
    match packet {
        ServerPacket::Push(push) => {
            let envelope = PushEnvelope::new(&push.cn, &push.cl);
            let mark = match (&push.id, push.rt) {
                (Some(id), _) => {
                    PushMark::Acknowledged(|out: &mut Vec<u8>| out.extend_from_slice(id.as_bytes()))
                }
                (None, 1) => PushMark::Retained,
                (None, _) => PushMark::Plain,
            };
            put_push(&mut out, Carrier::Tcp, &envelope, push.dt.get().as_bytes(), mark);
        }
        _ => {
            let (root, fields) = server_fields(packet);
            encode_packet(&mut out, Carrier::Tcp, &object([(root, Some(fields))]));
        }
    }
    let frame = out.strip_suffix(b"\0").expect("a frame ends in NUL");
    let decoded = ServerPacket::decode(frame).unwrap();
    assert_eq!(&server_fields(&decoded).1, fields);
}
