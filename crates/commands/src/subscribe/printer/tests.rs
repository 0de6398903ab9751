//! How messages look.

use expect_test::{Expect, expect};
use rialto_client::{Push, Qos};
use serde_json::value::RawValue;

use super::{Look, Style, rfc_3339, write_line};

/// Prints pushes of `payloads` on the channel `channel`, and compares the lines.
#[track_caller]
fn check(look: Look, channel: &str, payloads: &[&str], expected: &Expect) {
    check_styled(Style { look, has_time: false, is_seen: false }, channel, payloads, expected);
}

#[track_caller]
fn check_styled(style: Style, channel: &str, payloads: &[&str], expected: &Expect) {
    let mut out = Vec::new();
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(1_795_777_497_045_999_999).unwrap();
    for payload in payloads {
        let push = Push {
            channel: channel.to_owned(),
            payload: RawValue::from_string((*payload).to_owned()).unwrap(),
            publisher: "ada".to_owned(),
            qos: Qos::AtLeastOnce,
            id: Some("1-7".to_owned()),
            retained: false,
        };
        write_line(&mut out, style, style.has_time.then_some(time), &push).unwrap();
    }
    expected.assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn a_line_of_text_is_channel_and_payload() {
    check(
        Look::Text,
        "a/b",
        &["5", r#""hello world""#, r#"{"n": [1.00,  2]}"#, "null"],
        &expect![[r#"
            a/b 5
            a/b hello world
            a/b {"n": [1.00,  2]}
            a/b null
        "#]],
    );
}

#[test]
fn text_never_breaks_the_line_or_reaches_the_terminal_as_a_command() {
    let payloads = ["{\n\"n\":\n1}", r#""two\nlines""#, r#""\u001b[2J""#, "\"\u{9b}2J\""];
    check(
        Look::Text,
        "room",
        &payloads,
        &expect![[r#"
        room { "n": 1}
        room "two\nlines"
        room "\u001b[2J"
        room "\u009b2J"
    "#]],
    );
    check(
        Look::Text,
        "my room\u{1b}",
        &["1"],
        &expect![[r#"
        "my room\u{1b}" 1
    "#]],
    );
}

#[test]
fn a_line_of_json_says_all_there_is() {
    let payloads = [r#"{"n": 1.00}"#, "{\n\"n\":\r\n1}", r#""two\nlines""#];
    check(
        Look::Json,
        "my room",
        &payloads,
        &expect![[r#"
        {"channel":"my room","payload":{"n": 1.00},"client":"ada","qos":1,"id":"1-7","retained":false}
        {"channel":"my room","payload":{ "n":  1},"client":"ada","qos":1,"id":"1-7","retained":false}
        {"channel":"my room","payload":"two\nlines","client":"ada","qos":1,"id":"1-7","retained":false}
    "#]],
    );
}

#[test]
fn raw_is_the_payload_alone_and_a_terminal_does_not_obey_it() {
    let payloads = [r#""two\nlines \u001b[2J""#, r#"{"a": "\u001b"}"#, "5"];
    let raw = |is_seen| Style { look: Look::Raw, has_time: false, is_seen };
    let lines = expect!["two\nlines \u{1b}[2J\n{\"a\": \"\\u001b\"}\n5\n"];
    check_styled(raw(false), "room", &payloads, &lines);
    let lines = expect!["\"two\\nlines \\u001b[2J\"\n{\"a\": \"\\u001b\"}\n5\n"];
    check_styled(raw(true), "room", &payloads, &lines);
}

#[test]
fn a_time_stands_in_front_or_in_the_object() {
    let timed = |look| Style { look, has_time: true, is_seen: false };
    check_styled(
        timed(Look::Text),
        "a",
        &["5"],
        &expect![[r#"
        2026-11-27T11:04:57.045Z a 5
    "#]],
    );
    check_styled(
        timed(Look::Raw),
        "a",
        &["5"],
        &expect![[r#"
        2026-11-27T11:04:57.045Z 5
    "#]],
    );
    check_styled(
        timed(Look::Json),
        "a",
        &["5"],
        &expect![[r#"
        {"time":"2026-11-27T11:04:57.045Z","channel":"a","payload":5,"client":"ada","qos":1,"id":"1-7","retained":false}
    "#]],
    );
    assert_eq!(rfc_3339(time::OffsetDateTime::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
}
