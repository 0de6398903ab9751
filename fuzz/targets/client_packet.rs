//! Client packets: nothing panics, the quick scanner accepts only what serde_json reads the same
//! way, what is plainly a packet is accepted, and what was decoded survives encoding.

#![no_main]

use std::{borrow::Cow, collections::BTreeMap};

use libfuzzer_sys::fuzz_target;
use rialto_wire::jmqt::{Carrier, ClientPacket, DecodeLimits, Malformed, Publish, decode};
use serde::Deserialize;
use serde_json::value::RawValue;

const LIMITS: DecodeLimits = DecodeLimits { json_depth_max: 16 };

/// Packets in the one form that leaves no doubt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Strict<'a> {
    #[serde(borrow)]
    Pub(StrictPublish<'a>),
    #[serde(borrow)]
    PushAck(StrictPushAck<'a>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictPublish<'a> {
    cn: Cow<'a, str>,
    #[serde(borrow)]
    dt: &'a RawValue,
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictPushAck<'a> {
    id: Cow<'a, str>,
}

fuzz_target!(
    init: rialto_fuzz::seed(
        "client_packet",
        &["jmqt-packets.jsonl", "jmqt-lenient.jsonl", "jmqt-malformed.jsonl"],
    ),
    |frame: &[u8]| {
        let decoded = decode(frame, LIMITS);
        match &decoded {
            Ok(packet) => {
                agrees_with_serde(frame, packet);
                survives_encoding(packet);
            }
            Err(Malformed::Invalid { .. }) => _ = members(frame),
            Err(Malformed::Unreadable | Malformed::TooDeep) => {}
        }
        if let Ok(strict) = serde_json::from_slice(frame) {
            is_accepted(&strict, &decoded);
        }
    }
);

/// Reads the body of the only root.
fn members(frame: &[u8]) -> (String, BTreeMap<String, &RawValue>) {
    let roots: BTreeMap<String, &RawValue> = serde_json::from_slice(frame).expect("it is JSON");
    assert_eq!(roots.len(), 1);
    let (root, body) = roots.into_iter().next().expect("there is one");
    (root, serde_json::from_str(body.get()).unwrap_or_default())
}

fn agrees_with_serde(frame: &[u8], packet: &ClientPacket<'_>) {
    let (root, members) = members(frame);
    let text = |key: &str| serde_json::from_str::<String>(members[key].get()).expect("a string");
    match packet {
        ClientPacket::Pub(publish) => {
            assert_eq!((&*root, &*publish.channel), ("pub", &*text("cn")));
            assert_eq!(publish.payload, members.get("dt").map_or("null", |data| data.get()));
            assert_eq!(publish.acknowledged, is_on(members.get("q").copied()));
            assert_eq!(publish.retain, is_on(members.get("rt").copied()));
            if let Some(id) = &publish.id {
                let raw = members["id"].get();
                assert_eq!(**id, serde_json::from_str::<String>(raw).unwrap_or(raw.to_owned()));
            }
        }
        ClientPacket::PushAck { accepted, .. } => {
            let is_left_out = members.get("st").is_none_or(|status| status.get() == "null");
            assert_eq!(*accepted, is_left_out || is_on(members.get("st").copied()));
        }
        ClientPacket::Sub { channel, .. } | ClientPacket::Unsub { channel } => {
            assert_eq!(**channel, text("cn"));
        }
        ClientPacket::Conn { token, client } => {
            assert_eq!((&**token, &**client), (&*text("at"), &*text("cl")));
        }
        ClientPacket::Auth(data) => assert_eq!(*data, members["dt"].get()),
        ClientPacket::Hb => assert_eq!(root, "hb"),
        ClientPacket::Disconn => assert_eq!(root, "disconn"),
    }
}

fn is_on(raw: Option<&RawValue>) -> bool {
    let Some(raw) = raw else { return false };
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_default();
    text == "1" || matches!(raw.get(), "1" | "true")
}

fn survives_encoding(packet: &ClientPacket<'_>) {
    let mut out = Vec::new();
    packet.encode(&mut out, Carrier::Tcp);
    let frame = out.strip_suffix(b"\0").expect("a frame ends in NUL");
    assert!(!frame.contains(&0));
    assert_eq!(decode(frame, LIMITS).as_ref(), Ok(packet));
}

fn is_accepted(strict: &Strict<'_>, decoded: &Result<ClientPacket<'_>, Malformed<'_>>) {
    let expected = match strict {
        Strict::Pub(StrictPublish { cn, dt, id }) => ClientPacket::Pub(Publish {
            channel: cn.clone(),
            payload: dt.get(),
            acknowledged: false,
            retain: false,
            id: Some(id.clone()),
        }),
        Strict::PushAck(StrictPushAck { id }) => {
            ClientPacket::PushAck { id: id.clone(), accepted: true }
        }
    };
    match decoded {
        Err(Malformed::TooDeep) => {}
        other => assert_eq!(other.as_ref(), Ok(&expected)),
    }
}
