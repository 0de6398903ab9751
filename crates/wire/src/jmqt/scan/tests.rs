use proptest::prelude::*;

use super::*;
use crate::jmqt::{
    decode::general,
    tests::arbitrary::{broken_text, packet_text, plain_packet_text},
};

/// Whatever the scanner accepts, the general parser reads the same way.
#[track_caller]
fn check_agreement(text: &str, json_depth_max: usize) {
    if let Some(packet) = packet(text, json_depth_max) {
        assert_eq!(general(text, json_depth_max), Ok(packet), "of {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_scanner_agrees_with_the_general_parser_on_packets(
        text in packet_text(),
        json_depth_max in 0_usize..8,
    ) {
        check_agreement(&text, json_depth_max);
    }

    #[test]
    fn the_scanner_agrees_with_the_general_parser_on_garbage(
        text in broken_text(),
        json_depth_max in 0_usize..8,
    ) {
        check_agreement(&text, json_depth_max);
    }

    /// Were it to accept nothing, it would agree with everybody.
    #[test]
    fn what_clients_usually_write_takes_the_quick_way(text in plain_packet_text()) {
        let packet = packet(&text, 8);
        prop_assert_eq!(&packet, &general(&text, 8).ok());
        prop_assert!(packet.is_some(), "{}", text);
    }
}

#[test]
fn ordinary_packets_take_the_quick_way() {
    for text in [
        r#"{"pub":{"cn":"room","dt":"hi"}}"#,
        r#"{"pub":{"cn":"room","dt":{"n":[1,-2.5,0,true,false,null,{}, []]},"q":1,"id":"7"}}"#,
        r#" { "pub" : { "id" : "7" , "rt" : 1 , "q" : 0 , "dt" : "é😀" , "cn" : "" } } "#,
        "{\"pub\":\r\n{\"cn\":\"a string of more than sixteen bytes\",\t\"dt\":[]}}",
        r#"{"pushAck":{"id":"1-2"}}"#,
        r#"{"pushAck":{"st":0,"id":"1-2"}}"#,
    ] {
        assert_eq!(packet(text, 8), general(text, 8).ok(), "{text}");
        assert!(packet(text, 8).is_some(), "{text}");
    }
}

#[test]
fn everything_unusual_is_left_to_the_general_parser() {
    for text in [
        // Lawful.
        r#"{"hb":{}}"#,
        r#"{"pub":{"cn":"a\/b","dt":1}}"#,
        r#"{"pub":{"cn":"c","dt":1e3}}"#,
        r#"{"pub":{"cn":"c","dt":1.5E-3}}"#,
        r#"{"pub":{"cn":"c","dt":1,"x":2}}"#,
        r#"{"pub":{"cn":"c","dt":1,"q":true,"id":"1"}}"#,
        r#"{"pub":{"cn":"c","dt":1,"q":1,"id":1}}"#,
        r#"{"pushAck":{"id":"1","st":5}}"#,
        // Unlawful.
        r#"{"pub":{"cn":"c","dt":1,"dt":2}}"#,
        r#"{"pub":{"cn":"c","dt":01}}"#,
        r#"{"pub":{"cn":"c","dt":-}}"#,
        r#"{"pub":{"cn":"c","dt":1.}}"#,
        r#"{"pub":{"cn":"c","dt":[1,]}}"#,
        r#"{"pub":{"cn":"c","dt":[,1]}}"#,
        r#"{"pub":{"cn":"c","dt":{"a":1,}}}"#,
        r#"{"pub":{"cn":"c","dt":{"a"}}}"#,
        r#"{"pub":{"cn":"c","dt":[}}}"#,
        r#"{"pub":{"cn":"c","dt":tru}}"#,
        r#"{"pub":{"cn":"c","dt":1,}}"#,
        r#"{"pub":{"cn":"c","dt":1,"q":1}}"#,
        r#"{"pub":{"cn":"c","dt":1,"q":10,"id":"1"}}"#,
        r#"{"pub":{"cn":"c","dt":1}}x"#,
        r#"{"pub":{"cn":"c","dt":1}"#,
        r#"{"pub":{"cn":"c"}}"#,
        r#"{"pub":{}}"#,
        "{\"pub\":{\"cn\":\"c\",\"dt\":\"a\tb\"}}",
        "{\"pub\":{\"cn\":\"a raw\ncontrol character behind sixteen bytes\",\"dt\":1}}",
    ] {
        assert_eq!(packet(text, 8), None, "{text}");
    }
}

#[test]
fn no_string_has_a_raw_control_character() {
    // J-13: behind, within and before sixteen bytes that are looked at together.
    for control in '\0'..=' ' {
        for (before, behind) in [(0, 0), (3, 20), (15, 1), (16, 0), (20, 20)] {
            let id = format!("{}{control}{}", "x".repeat(before), "x".repeat(behind));
            let text = format!(r#"{{"pushAck":{{"id":"{id}"}}}}"#);
            assert_eq!(packet(&text, 8).is_some(), control == ' ', "{text:?}");
            assert_eq!(general(&text, 8).is_ok(), control == ' ', "{text:?}");
        }
    }
}

#[test]
fn strings_end_at_the_same_place_at_every_length() {
    // Strings are looked at sixteen bytes at a time.
    for length in 0..70 {
        for special in ["", "\\\"", "\n"] {
            let id = "x".repeat(length);
            let text = format!(r#"{{"pushAck":{{"id":"{id}{special}"}}}}"#);
            let expected = ClientPacket::PushAck { id: Cow::Borrowed(&id), accepted: true };
            assert_eq!(packet(&text, 8), special.is_empty().then_some(expected), "{text:?}");
        }
    }
}
