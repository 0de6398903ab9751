use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::jmqt::tests::arbitrary::{broken_text, packet_text};

const LIMITS: DecodeLimits = DecodeLimits { json_depth_max: 64 };

#[track_caller]
fn payload_of(frame: &str, json_depth_max: usize) -> Result<&str, Malformed<'_>> {
    match decode(frame.as_bytes(), DecodeLimits { json_depth_max })? {
        ClientPacket::Pub(publish) => Ok(publish.payload),
        other => panic!("{frame} is {other:?}"),
    }
}

#[test]
fn data_may_be_nested_as_deep_as_the_limit_and_not_one_level_more() {
    // J-18, on the quick path and, because of the unknown key, on the general one.
    for limit in [1, 2, 30, 63, 64, 65, 100, 500] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for extra in ["", "\"x\":0,"] {
                let frame = |depth: usize| {
                    let (open, close) = (open.repeat(depth), close.repeat(depth));
                    format!(r#"{{"pub":{{{extra}"cn":"c","dt":{open}1{close}}}}}"#)
                };
                let (below, at, above) = (frame(limit - 1), frame(limit), frame(limit + 1));
                assert!(payload_of(&below, limit).is_ok(), "{limit} {open} {extra}");
                assert!(payload_of(&at, limit).is_ok(), "{limit} {open} {extra}");
                assert_eq!(payload_of(&above, limit), Err(Malformed::TooDeep), "{limit} {open}");
            }
        }
    }
}

#[test]
fn brackets_in_strings_are_not_levels() {
    let text = "[".repeat(1000);
    for data in [format!("\"{text}\""), format!("\"\\\"{text}\"")] {
        let frame = format!(r#"{{"pub":{{"cn":"c","dt":{data}}}}}"#);
        assert_eq!(payload_of(&frame, 1), Ok(&*data));
    }
}

#[test]
fn data_is_the_very_text_that_was_sent() {
    // J-24: numbers as they were written, keys in their order, twice the same key included.
    for data in [
        r#"{"b":1.0,"a":1e5,"b":-0,"":12345678901234567890123}"#,
        r#""\u0041\/é""#,
        "{ \"a\" : [ 1 ,\n2 ] }",
        "0.10",
        "null",
    ] {
        for extra in ["", "\"x\":0,"] {
            let frame = format!(r#"{{"pub":{{{extra}"cn":"c","dt": {data} }}}}"#);
            assert_eq!(payload_of(&frame, 8), Ok(data), "{frame}");
        }
    }
}

#[test]
fn a_key_of_the_type_may_stand_once_and_other_keys_as_often_as_they_like() {
    // J-16 and J-19: each key that each type defines, and one that only another type does.
    let own: [(&str, &[&str]); 7] = [
        ("auth", &["dt"]),
        ("conn", &["at", "cl"]),
        ("sub", &["cn", "pr"]),
        ("unsub", &["cn"]),
        ("pub", &["cn", "dt", "q", "id", "rt"]),
        ("pushAck", &["id", "st"]),
        ("hb", &[]),
    ];
    let complete = r#""cn":"c","dt":1,"id":"1","at":"t","cl":"ada""#;
    for (root, own_keys) in own {
        for key in ["cn", "dt", "q", "id", "rt", "pr", "at", "cl", "st", "x"] {
            let missing: String = complete
                .split(',')
                .filter(|member| !member.contains(key))
                .fold(String::new(), |text, member| text + member + ",");
            let value = if matches!(key, "q" | "rt" | "pr" | "st") { "1" } else { "\"1\"" };
            let frame = format!(r#"{{"{root}":{{{missing}"{key}":{value},"{key}":{value}}}}}"#);
            let decoded = decode(frame.as_bytes(), LIMITS);
            if own_keys.contains(&key) {
                assert_eq!(decoded, Err(Malformed::Unreadable), "{frame}");
            } else {
                assert!(decoded.is_ok(), "{frame}: {decoded:?}");
            }
        }
    }
}

#[test]
fn only_a_heartbeat_and_a_goodbye_may_have_the_body_null() {
    // J-15.
    for root in ["auth", "conn", "hb", "sub", "unsub", "pub", "pushAck", "disconn"] {
        for body in ["null", "1", "\"x\"", "true", "[]", "[{}]"] {
            let frame = format!(r#"{{"{root}":{body}}}"#);
            let decoded = decode(frame.as_bytes(), LIMITS);
            if body == "null" && matches!(root, "hb" | "disconn") {
                assert!(decoded.is_ok(), "{frame}");
            } else {
                assert_eq!(decoded, Err(Malformed::Unreadable), "{frame}");
            }
        }
    }
}

#[test]
fn a_status_other_than_ok_is_no_acknowledgement() {
    // J-20 and J-69.
    for (status, accepted) in [
        ("1", true),
        ("\"1\"", true),
        ("\"\\u0031\"", true),
        ("true", true),
        ("null", true),
        ("0", false),
        ("false", false),
        ("5", false),
        ("\"+1\"", false),
        ("01.0", false),
        ("1.0", false),
        ("{}", false),
        ("\"OK\"", false),
    ] {
        let frame = format!(r#"{{"pushAck":{{"id":"7","st":{status}}}}}"#);
        match decode(frame.as_bytes(), LIMITS) {
            Ok(packet) => {
                assert_eq!(packet, ClientPacket::PushAck { id: "7".into(), accepted }, "{frame}");
            }
            Err(malformed) => assert_eq!((malformed, status), (Malformed::Unreadable, "01.0")),
        }
    }
}

proptest! {
    /// Nothing a peer sends makes it panic.
    #[test]
    fn any_bytes_decode_or_do_not(bytes in vec(any::<u8>(), 0..64)) {
        _ = decode(&bytes, LIMITS);
    }

    /// J-13: what decodes is JSON, with exactly one root; what is not JSON is ignored.
    #[test]
    fn only_json_objects_with_one_root_decode(
        text in prop_oneof![packet_text(), broken_text()],
    ) {
        let root = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text);
        match decode(text.as_bytes(), LIMITS) {
            Ok(_) | Err(Malformed::Invalid { .. }) => prop_assert_eq!(root.unwrap().len(), 1),
            Err(Malformed::Unreadable | Malformed::TooDeep) => {}
        }
    }

    /// J-13: cut anywhere, a packet is no packet.
    #[test]
    fn a_packet_without_its_end_is_ignored(text in packet_text(), place in any::<prop::sample::Index>()) {
        let ends: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
        let cut = &text[..ends[place.index(ends.len())]];
        let decoded = decode(cut.as_bytes(), LIMITS);
        prop_assert!(matches!(decoded, Err(Malformed::Unreadable | Malformed::TooDeep)), "{}", cut);
    }
}
