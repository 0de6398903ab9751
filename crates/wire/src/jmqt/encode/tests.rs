use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    jmqt::{
        ClientPacket, DecodeLimits, Publish, ServerPacket, decode, tests::arbitrary::packet_parts,
    },
    tests::json::json_text,
};

const LIMITS: DecodeLimits = DecodeLimits { json_depth_max: 64 };

/// Takes off what the carrier puts around one packet.
#[track_caller]
fn packet_in(carrier: Carrier, out: &[u8]) -> &[u8] {
    match carrier {
        // J-1: the only NUL is the one that ends the frame.
        Carrier::Tcp => {
            assert_eq!(out.iter().position(|&byte| byte == 0), Some(out.len() - 1));
            &out[..out.len() - 1]
        }
        // J-4: one final text frame, no NUL behind the packet.
        Carrier::WebSocket => {
            let (header_bytes, payload_bytes) = match out[1] {
                127 => (10, u64::from_be_bytes(out[2..10].try_into().unwrap())),
                126 => (4, u64::from(u16::from_be_bytes(out[2..4].try_into().unwrap()))),
                short => (2, u64::from(short)),
            };
            assert_eq!((out[0], out.len()), (0x81, header_bytes + payload_bytes as usize));
            &out[header_bytes..]
        }
    }
}

fn carrier() -> impl Strategy<Value = Carrier> {
    prop_oneof![Just(Carrier::Tcp), Just(Carrier::WebSocket)]
}

proptest! {
    #[test]
    fn what_a_client_writes_decodes_to_what_it_meant(parts in packet_parts(), carrier in carrier()) {
        let mut out = Vec::new();
        parts.packet().encode(&mut out, carrier);
        prop_assert_eq!(decode(packet_in(carrier, &out), LIMITS), Ok(parts.packet()));
    }

    /// J-23: names come back exactly, whatever is in them. J-25, J-64 and J-65: the keys a push has.
    #[test]
    fn what_the_server_pushes_reads_back(
        (channel, publisher) in any::<(String, String)>(),
        payload in json_text(),
        id in prop::option::of("[0-9]{1,20}-[0-9]{1,20}"),
        retained in any::<bool>(),
        carrier in carrier(),
    ) {
        let mark = match &id {
            Some(id) => PushMark::Acknowledged(|out: &mut Vec<u8>| out.extend_from_slice(id.as_bytes())),
            None if retained => PushMark::Retained,
            None => PushMark::Plain,
        };
        let mut out = Vec::new();
        let envelope = PushEnvelope::new(&channel, &publisher);
        put_push(&mut out, carrier, &envelope, payload.as_bytes(), mark);

        let ServerPacket::Push(push) = ServerPacket::decode(packet_in(carrier, &out)).unwrap() else {
            panic!("a push is a push");
        };
        prop_assert_eq!((&*push.cn, &*push.cl), (&*channel, &*publisher));
        prop_assert_eq!(push.dt.get(), payload);
        prop_assert_eq!((push.q, push.id.as_deref()), (u8::from(id.is_some()), id.as_deref()));
        prop_assert_eq!(push.rt, u8::from(id.is_none() && retained));
    }
}

#[test]
fn each_kind_of_push_has_its_keys_and_no_other() {
    // J-21: integers, and no zero. J-65: an id and q with QoS 1 only. J-83: rt and neither of these.
    let check = |mark: PushMark<fn(&mut Vec<u8>)>, expected: Value| {
        let mut out = Vec::new();
        put_push(&mut out, Carrier::Tcp, &PushEnvelope::new("room", "ada"), b"[1.0]", mark);
        let text = String::from_utf8(packet_in(Carrier::Tcp, &out).to_vec()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "push": expected }));
        text
    };
    let plain = check(PushMark::Plain, json!({ "cn": "room", "dt": [1.0], "cl": "ada" }));
    assert_eq!(plain, r#"{"push":{"cn":"room","dt":[1.0],"cl":"ada"}}"#);
    check(PushMark::Retained, json!({ "cn": "room", "dt": [1.0], "cl": "ada", "rt": 1 }));
    check(
        PushMark::Acknowledged(|out| out.extend_from_slice(b"4-2")),
        json!({ "cn": "room", "dt": [1.0], "cl": "ada", "id": "4-2", "q": 1 }),
    );
}

#[test]
fn packets_are_appended_behind_what_is_there() {
    for carrier in [Carrier::Tcp, Carrier::WebSocket] {
        let mut once = Vec::new();
        encode_packet(&mut once, carrier, &json!({ "hbAck": {} }));
        let mut twice = once.clone();
        encode_packet(&mut twice, carrier, &json!({ "hbAck": {} }));
        assert_eq!(twice, [&once[..], &once[..]].concat());
    }
}

#[test]
fn clients_write_flags_as_integers_and_leave_out_zeros() {
    let check = |packet: ClientPacket<'_>, expected: &str| {
        let mut out = Vec::new();
        packet.encode(&mut out, Carrier::Tcp);
        assert_eq!(std::str::from_utf8(&out).unwrap(), format!("{expected}\0"));
    };
    let sub = |persistent| ClientPacket::Sub { channel: "c".into(), persistent };
    check(sub(false), r#"{"sub":{"cn":"c"}}"#);
    check(sub(true), r#"{"sub":{"cn":"c","pr":1}}"#);
    check(ClientPacket::Hb, r#"{"hb":{}}"#);
    check(
        ClientPacket::PushAck { id: "1".into(), accepted: true },
        r#"{"pushAck":{"id":"1","st":1}}"#,
    );
    check(
        ClientPacket::PushAck { id: "1".into(), accepted: false },
        r#"{"pushAck":{"id":"1","st":0}}"#,
    );
    let publish = |acknowledged: bool| {
        let id = acknowledged.then(|| "1".into());
        let (channel, payload) = ("c".into(), "{\"n\":1.0}");
        ClientPacket::Pub(Publish { channel, payload, acknowledged, retain: acknowledged, id })
    };
    check(publish(false), r#"{"pub":{"cn":"c","dt":{"n":1.0}}}"#);
    check(publish(true), r#"{"pub":{"cn":"c","dt":{"n":1.0},"q":1,"rt":1,"id":"1"}}"#);
}

proptest! {
    #[test]
    fn whatever_text_is_put_into_a_packet_it_stays_one(
        (channel, publisher, words) in (any::<String>(), any::<String>(), any::<String>()),
    ) {
        let end = "\0".to_owned();
        let (channel, publisher) = (end.clone() + &channel, publisher + &end);
        let payload = serde_json::to_vec(&(words.clone() + &end)).unwrap();
        let envelope = PushEnvelope::new(&channel, &publisher);
        let mut push = Vec::new();
        put_push(&mut push, Carrier::Tcp, &envelope, &payload, PushMark::<fn(&mut Vec<u8>)>::Plain);
        let mut answer = Vec::new();
        encode_packet(&mut answer, Carrier::Tcp, &json!({"connAck": {"st": 7, "mg": words + &end}}));
        for packet in [push, answer] {
            prop_assert_eq!(memchr::memchr(0, &packet), Some(packet.len() - 1));
            prop_assert!(serde_json::from_slice::<Value>(&packet[..packet.len() - 1]).is_ok());
        }
    }
}
