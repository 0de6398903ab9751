//! How lines become messages.

use super::{ChannelFrom, Parser};
use crate::payload::PayloadRule;

fn parser(channel: ChannelFrom, payload_field: Option<&str>, rule: PayloadRule) -> Parser {
    Parser { channel, payload_field: payload_field.map(str::to_owned), rule }
}

/// Reads `line`, and returns its channel and payload as `channel payload`, or the problem.
fn read(parser: &Parser, line: &str) -> String {
    match parser.line(line) {
        Ok((channel, payload)) => format!("{channel} {payload}"),
        Err(problem) => format!("! {problem}"),
    }
}

#[test]
fn the_channel_is_taken_from_a_field_and_the_line_is_the_payload_as_it_stands() {
    let parser = parser(ChannelFrom::Field("cn".to_owned()), None, PayloadRule::JsonOrText);
    let line = r#"{"cn": "a/b", "value": 69.8800, "x": {"cn": 1}}"#;
    assert_eq!(read(&parser, line), format!("a/b {line}"));
    assert_eq!(read(&parser, r#"{"cn":"\u00e4"}"#), r#"ä {"cn":"\u00e4"}"#);
    assert_eq!(read(&parser, "{}"), "! no field `cn`");
    let problem = "! field `cn` is not a text, so it names no channel";
    assert_eq!(read(&parser, r#"{"cn":5}"#), problem);
    assert!(read(&parser, "hello").starts_with("! not a JSON object, so it has no field `cn`"));
    assert!(read(&parser, "[1]").starts_with("! not a JSON object, so it has no field `cn`"));
}

#[test]
fn the_payload_can_be_a_field_too() {
    let from_line =
        parser(ChannelFrom::Field("to".to_owned()), Some("say"), PayloadRule::JsonOrText);
    assert_eq!(read(&from_line, r#"{"to":"bob","say":{"n":1.0}}"#), r#"bob {"n":1.0}"#);
    assert_eq!(read(&from_line, r#"{"to":"bob"}"#), "! no field `say`");
    let constant =
        parser(ChannelFrom::Constant("bob".to_owned()), Some("say"), PayloadRule::JsonOrText);
    assert_eq!(read(&constant, r#"{"say":null}"#), "bob null");
}

#[test]
fn with_a_constant_channel_any_line_is_a_message() {
    let lenient = parser(ChannelFrom::Constant("log".to_owned()), None, PayloadRule::JsonOrText);
    assert_eq!(read(&lenient, "5"), "log 5");
    assert_eq!(read(&lenient, r#"say "hi""#), r#"log "say \"hi\"""#);
    let strict = parser(ChannelFrom::Constant("log".to_owned()), None, PayloadRule::Json);
    assert_eq!(read(&strict, "5"), "log 5");
    assert!(read(&strict, "hello").starts_with("! the payload is not JSON"));
}
