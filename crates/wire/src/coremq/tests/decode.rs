//! From a client's frame to what it asks for.

use std::borrow::Cow;

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, value::RawValue};

use super::{DEPTH_MAX, json_text, object_text, plain_object_text};
use crate::{
    coremq::{Frame, Malformed, Request, decode, decode_text},
    tests::{json::broken, parsed},
};

/// Decodes an object of the queue `q`.
fn decoded(json: &str, json_depth_max: usize) -> Result<Frame<'static>, Malformed> {
    let frame: &'static str = format!("q {json}").leak();
    decode(frame.as_bytes(), json_depth_max)
}

/// Says whether a frame was taken for a message.
fn is_message(frame: &Frame<'_>) -> bool {
    matches!(frame.request, Request::Message(_))
}

#[test]
fn an_object_may_be_nested_as_deep_as_the_limit_and_not_one_level_more() {
    // C-9, on the quick path and, because of an escape, on the general one.
    for limit in [1, 2, 30, 63, 64, 65, 66, 100, 500] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for extra in ["", "\"\\u0061\":0,", "\"coremq_x\":0,"] {
                let decoded = |depth: usize| {
                    let (open, close) = (open.repeat(depth - 1), close.repeat(depth - 1));
                    let json = format!("{{{extra}\"q\":{open}1{close}}}");
                    decoded(&json, limit).map(|frame| is_message(&frame))
                };
                assert_eq!(decoded(limit), Ok(true), "{limit} {open} {extra}");
                assert_eq!(decoded(limit + 1), Err(Malformed::TooDeep { limit }), "{limit} {open}");
            }
        }
    }
}

#[test]
fn brackets_in_strings_are_not_levels() {
    let text = "[".repeat(1000);
    for json in [format!(r#"{{"a":"{text}"}}"#), format!(r#"{{"a":"\"{text}"}}"#)] {
        assert!(decoded(&json, 1).is_ok());
    }
}

#[test]
fn an_ordinary_message_is_not_copied() {
    // The payload is a part of what was read, blanks around it left off.
    for frame in ["q {\"a\":1}", "q  {\"a\":[{}]} \r\n", r#"q {"\u0061":1}"#] {
        let decoded = decode(frame.as_bytes(), DEPTH_MAX).unwrap();
        assert!(matches!(decoded.request, Request::Message(Cow::Borrowed(_))), "{frame}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// Nothing a peer sends makes it panic.
    #[test]
    fn any_bytes_decode_or_do_not(bytes in vec(any::<u8>(), 0..64)) {
        _ = decode(&bytes, DEPTH_MAX);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            _ = decode_text(text, DEPTH_MAX);
        }
    }

    /// The quick path takes what the general one takes, and reads it the same way: a reserved name
    /// in front keeps an object from the quick path and is taken off again.
    #[test]
    fn the_quick_path_reads_what_the_general_one_does(
        json in prop_oneof![plain_object_text(), object_text(), broken(plain_object_text())],
        depth_max in 1_usize..8,
    ) {
        let quick = decoded(&json, depth_max);
        // What JSON takes for blanks, and nothing else.
        let text = json.trim_matches([' ', '\t', '\n', '\r']);
        let Some(members) = text.strip_prefix('{') else { return Ok(()) };
        let comma = if members.trim_start().starts_with('}') { "" } else { "," };
        let general = decoded(&format!("{{\"coremq_x\":0{comma}{members}"), depth_max);
        match (&quick, &general) {
            (Ok(quick), Ok(general)) if is_message(quick) => {
                let (Request::Message(quick), Request::Message(general)) =
                    (&quick.request, &general.request) else { panic!("{general:?}") };
                // A number may be too large for a value.
                let value = |json: &str| serde_json::from_str::<Value>(json).ok();
                prop_assert_eq!(value(quick), value(general));
            }
            (Ok(_), Ok(_)) => prop_assert_eq!(quick, general),
            // An escape that stands for no character: only where names are looked at is it seen.
            (Ok(_), Err(Malformed::NotAnObject)) => prop_assert!(json.contains("\\u")),
            _ => prop_assert_eq!(quick.err(), general.err()),
        }
    }

    /// C-9: what decodes is a JSON object, what is another JSON value is told apart from what is none.
    #[test]
    fn only_objects_decode(
        json in prop_oneof![object_text(), json_text(), broken(object_text())],
    ) {
        // As text: a number may be too large for a value, and half a surrogate pair none.
        let is_json = serde_json::from_str::<&RawValue>(&json).is_ok();
        let is_object = is_json && json.trim_start().starts_with('{');
        match decoded(&json, DEPTH_MAX) {
            Ok(_) => prop_assert!(is_object, "{json}"),
            Err(Malformed::NotAnObject) => {
                prop_assert!(is_json && (!is_object || json.contains("\\ud")), "{json}");
            }
            Err(Malformed::NotJson) => prop_assert!(!is_json, "{json}"),
            Err(malformed) => panic!("{json}: {malformed:?}"),
        }
    }

    /// C-9: cut anywhere, a frame is no message.
    #[test]
    fn a_frame_without_its_end_is_refused(
        json in object_text(),
        place in any::<prop::sample::Index>(),
    ) {
        let ends: Vec<usize> = json.char_indices().map(|(start, _)| start).collect();
        let cut = &json[..ends[place.index(ends.len())]];
        prop_assert_eq!(decoded(cut, DEPTH_MAX), Err(Malformed::NotJson));
    }

    /// C-27: no reserved name of a client gets into what is distributed.
    #[test]
    fn a_message_has_no_reserved_names(json in object_text()) {
        let Ok(Frame { request: Request::Message(payload), .. }) = decoded(&json, DEPTH_MAX) else {
            return Ok(());
        };
        if let Value::Object(members) = parsed(&payload) {
            let reserved = members.keys().find(|name| name.starts_with("coremq_"));
            prop_assert_eq!(reserved, None, "{}", json);
        }
    }

    /// C-37: a WebSocket's object is that of a frame with the queue in it.
    #[test]
    fn a_websocket_says_what_a_frame_says(json in plain_object_text()) {
        let rest = json.trim_start().strip_prefix('{').unwrap();
        if json.contains("\"queue\"") {
            return Ok(());
        }
        let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
        let with_queue = format!("{{\"queue\":\"q\"{comma}{rest}");
        let websocket = decode_text(&with_queue, DEPTH_MAX).unwrap();
        let frame = decoded(&json, DEPTH_MAX).unwrap();
        prop_assert_eq!(websocket.queue, frame.queue);
        let (Request::Message(websocket), Request::Message(frame)) =
            (websocket.request, frame.request) else { panic!("{json} is a message") };
        prop_assert_eq!(parsed(&websocket), parsed(&frame));
    }
}
