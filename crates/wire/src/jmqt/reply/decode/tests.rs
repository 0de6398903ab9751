use proptest::prelude::*;

use super::*;
use crate::tests::json::json_text;

/// Whatever takes the quick way is read by serde the same way.
#[track_caller]
fn check_agreement(text: &str) {
    if let Some(packet) = quick(text) {
        let general = general(text.as_bytes()).map(|packet| format!("{packet:?}"));
        assert_eq!(general.ok(), Some(format!("{packet:?}")), "of {text}");
    }
}

/// A member of a push or an acknowledgement, lawful or not.
fn member() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["cn", "dt", "cl", "q", "id", "rt", "st", "mg", "else"]);
    let value = prop_oneof![
        3 => prop::sample::select(vec!["0", "1", "\"a\"", "\"b-1\"", "null", "true", "\"1\"", "10"])
            .prop_map(str::to_owned),
        1 => json_text(),
    ];
    (key, value).prop_map(|(key, value)| format!("\"{key}\":{value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_quick_way_agrees_with_serde(
        root in prop::sample::select(vec!["push", "pubAck", "subAck"]),
        members in prop::collection::vec(member(), 0..7),
        blank in prop::sample::select(vec!["", " ", "\r\n"]),
        tail in prop::sample::select(vec!["", "", "", "}", ",", "x"]),
    ) {
        let body = members.join(&format!("{blank},{blank}"));
        check_agreement(&format!("{blank}{{\"{root}\":{blank}{{{body}}}{blank}}}{tail}"));
    }

    #[test]
    fn the_quick_way_agrees_with_serde_on_frames_that_were_cut_or_changed(
        at in 0_usize..80,
        byte in prop::sample::select(b"{}[]\",:\\0 a".to_vec()),
        is_cut in any::<bool>(),
    ) {
        let mut frame = br#"{"push":{"cn":"room","dt":{"a":[1]},"cl":"ada","id":"1-2","q":1}}"#.to_vec();
        if is_cut {
            frame.truncate(at);
        } else if let Some(changed) = frame.get_mut(at) {
            *changed = byte;
        }
        check_agreement(std::str::from_utf8(&frame).unwrap());
    }
}

#[test]
fn ordinary_packets_take_the_quick_way() {
    for text in [
        r#"{"push":{"cn":"room","dt":"hi","cl":"ada"}}"#,
        r#"{"push":{"cn":"room","dt":{"n":[1e9,"\u00e9\n",{}]},"cl":"","id":"4-2","q":1}}"#,
        r#" { "push" : { "rt" : 1 , "cl" : "é" , "dt" : null , "cn" : "" } } "#,
        r#"{"pubAck":{"st":1,"id":"7"}}"#,
        r#"{"pubAck":{"id":"7","dt":{"a":1},"st":1}}"#,
    ] {
        assert!(quick(text).is_some(), "{text}");
        check_agreement(text);
    }
}

#[test]
fn what_is_unusual_is_left_to_serde() {
    for text in [
        r#"{"push":{"cn":"a","cn":"b","dt":1,"cl":""}}"#,
        r#"{"push":{"cn":"\u0061","dt":1,"cl":""}}"#,
        r#"{"push":{"cn":"a","dt":1,"cl":"","x":1}}"#,
        r#"{"push":{"cn":"a","dt":1}}"#,
        r#"{"pubAck":{"st":10,"id":"7","mg":"no"}}"#,
        r#"{"subAck":{"st":1,"cn":"a"}}"#,
        r#"{"push":{"cn":"a","dt":1 2,"cl":""}}"#,
    ] {
        assert!(quick(text).is_none(), "{text}");
    }
}
