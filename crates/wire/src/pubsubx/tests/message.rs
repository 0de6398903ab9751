//! What clients are sent.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use crate::{
    pubsubx::{
        Envelope, FrameSplitter, MESSAGE_BYTES_MAX, NAME_BYTES_MAX, put_message, put_restored,
        put_text,
    },
    tests::json::{moderate_json, spaced},
};

const END: &str = "\n\nx";

/// Returns what is sent of a payload.
fn sent(topic: &str, payload: &str) -> String {
    let mut out = b"before".to_vec();
    put_message(&mut out, &Envelope::new(topic), payload.as_bytes());
    let out = String::from_utf8(out).expect("messages are UTF-8");
    out.strip_prefix("before").expect("what was there stays").to_owned()
}

/// Returns the JSON text of a string.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Returns the messages that a client finds in what it was sent, empty ones too.
fn messages(bytes: &str) -> Vec<&str> {
    let mut messages: Vec<&str> = bytes.split(END).collect();
    assert_eq!(messages.pop(), Some(""), "the last message is whole");
    messages
}

#[test]
fn a_text_is_sent_as_it_is() {
    // P-23, P-26, P-27 and P-31: with escapes or without.
    assert_eq!(sent("news", r#""hello""#), "news hello\n\nx");
    assert_eq!(sent("news", r#""""#), "news \n\nx");
    assert_eq!(sent("größe", r#"" zwei  Wörter ""#), "größe  zwei  Wörter \n\nx");
    assert_eq!(sent("a", r#""1\n\n2\t\"\\\u00fc\ud83e\udd80\/""#), "a 1\n\n2\t\"\\ü🦀/\n\nx");
    assert_eq!(sent("a", r#" "padded" "#), "a padded\n\nx");
    assert_eq!(sent("a", r#""ends in a line feed\n\n""#), "a ends in a line feed\n\n\n\nx");
}

#[test]
fn what_is_no_text_is_sent_as_compact_json() {
    // P-31.
    for (payload, data) in [
        ("null", "null"),
        (" -1.50e+3 ", "-1.50e+3"),
        ("[ 1 , 2 ]", "[1,2]"),
        ("{ \"a b\" : \" c\\\" d \" }", "{\"a b\":\" c\\\" d \"}"),
        ("[\n\n]", "[]"),
        ("{\"\\n\\nx\": \"\\n\\nx\"}", "{\"\\n\\nx\":\"\\n\\nx\"}"),
    ] {
        assert_eq!(sent("a", payload), format!("a {data}\n\nx"));
    }
}

#[test]
fn a_text_that_utf_8_cannot_hold_is_sent_as_json() {
    // P-31: half a pair of surrogates is lawful JSON.
    assert_eq!(sent("a", r#""half \ud83e""#), "a \"half \\ud83e\"\n\nx");
}

#[test]
fn a_message_has_as_many_bytes_as_the_limit_and_not_one_more() {
    // P-6: the end counts, and so do bytes instead of characters.
    let room = MESSAGE_BYTES_MAX - "news ".len() - END.len();
    for (unit, count) in [("m", room), ("é", room / 2), ("\n", room)] {
        let text = unit.repeat(count);
        let message = sent("news", &json(&text));
        assert!(message == format!("news {text}{END}") && message.len() <= MESSAGE_BYTES_MAX);
        assert!(sent("news", &json(&format!("{text}{unit}"))).is_empty());
    }
    let longest = sent("news", &json(&"m".repeat(room)));
    assert_eq!(longest.len(), 10_240);
    // Values that are no texts have the same limit, once they are compact.
    let list = format!("[{}1]", "1, ".repeat(room / 2 - 2));
    assert_eq!(sent("news", &list).len(), MESSAGE_BYTES_MAX - 1);
    assert!(sent("news", &format!("[1,{}", &list[1..])).is_empty());
}

#[test]
fn nothing_in_a_message_ends_it_early() {
    // P-31: it would forge the one that follows.
    assert_eq!(sent("a", r#""1\n\nxb 2""#), "");
    assert_eq!(sent("a", r#""\n\nx""#), "");
    assert_eq!(sent("a\n\nxb", r#""1""#), "");
    // Not even the end of one and the beginning of the other together.
    assert_eq!(sent("a\n\n", r#""x""#), "a\n\n x\n\nx");
    assert_eq!(sent("a\n", r#""\nx""#), "a\n \nx\n\nx");
}

#[test]
fn a_topic_with_a_blank_is_left_out() {
    // P-31: the client could not tell where it ends.
    assert_eq!(sent("a b", r#""1""#), "");
    assert_eq!(sent(" ", r#""1""#), "");
}

#[test]
fn the_server_has_words_of_its_own() {
    // P-11.
    let mut out = Vec::new();
    put_text(&mut out, "OK: Conn accepted");
    assert_eq!(out, b"OK: Conn accepted\n\nx");
}

#[test]
fn one_that_is_back_is_told_its_name_and_topics() {
    // P-36.
    for (topics, answer) in [
        (&[][..], "RESTORED ada\n\nx\n\nx"),
        (&["news"], "RESTORED ada\n\nxnews\n\nx"),
        (&["news", "größe"], "RESTORED ada\n\nxnews größe\n\nx"),
    ] {
        let mut out = Vec::new();
        put_restored(&mut out, "ada", topics.iter().copied());
        assert_eq!(String::from_utf8(out).unwrap(), answer);
    }
}

#[test]
fn topics_that_do_not_fit_are_left_out_whole() {
    // P-37: at most 1024 bytes; those before them stay.
    let room = 1024 - "RESTORED ada\n\nx\n\nx".len();
    let (longest, longer) = ("t".repeat(room), "t".repeat(room + 1));
    let answer = |topics: &[&str]| {
        let mut out = Vec::new();
        put_restored(&mut out, "ada", topics.iter().copied());
        assert!(out.len() <= 1024);
        messages(&String::from_utf8(out).unwrap())[1].to_owned()
    };
    assert_eq!(answer(&[&longest]), longest);
    assert_eq!(answer(&[&longer]), "");
    assert_eq!(answer(&["a", &longest[2..]]), format!("a {}", &longest[2..]));
    assert_eq!(answer(&["a", &longest[1..]]), "a");
}

#[test]
fn the_longest_name_leaves_room_for_the_answer() {
    // P-37, P-43.
    let mut out = Vec::new();
    put_restored(&mut out, &"n".repeat(NAME_BYTES_MAX), ["a"]);
    assert_eq!(out.len(), 1024);
}

proptest! {
    /// P-6, P-23 and P-31: what is written is exactly one message, or none.
    #[test]
    fn any_text_on_any_topic_is_one_message_or_none(
        topic in "[ab\n x]{1,6}|\\PC{1,8}",
        data in "[\n\n\nxab ]{0,12}|(?s).{0,16}",
    ) {
        let sent = sent(&topic, &json(&data));
        let can_be_said = !topic.contains(' ') && !topic.contains(END) && !data.contains(END);
        if can_be_said {
            let message = format!("{topic} {data}");
            prop_assert_eq!(&sent, &format!("{message}{END}"));
            let mut splitter = FrameSplitter::new(MESSAGE_BYTES_MAX);
            let frames: Vec<&[u8]> = splitter.push(sent.as_bytes()).collect();
            prop_assert_eq!(frames, vec![message.as_bytes()]);
        } else {
            prop_assert_eq!(sent, "");
        }
    }

    /// P-31: the JSON means the same without its blanks, and no line feed of it stays.
    #[test]
    fn any_value_is_one_message(payload in spaced(moderate_json())) {
        let sent = sent("a", &payload);
        let Some(message) = sent.strip_suffix(END) else {
            prop_assert!(sent.is_empty());
            return Ok(());
        };
        prop_assert!(!message.contains(END));
        let data = message.strip_prefix("a ").unwrap();
        match serde_json::from_str::<Value>(&payload) {
            Ok(Value::String(text)) => prop_assert_eq!(data, text),
            Ok(value) => {
                prop_assert_eq!(serde_json::from_str::<Value>(data).unwrap(), value);
                prop_assert!(!data.contains('\n') && data.len() <= payload.len());
            }
            // Numbers beyond all bounds, or half a pair of surrogates.
            Err(_) => {}
        }
    }

    /// P-36 and P-37.
    #[test]
    fn one_that_is_back_is_told_as_many_whole_topics_as_fit(
        name in "[a-zé]{1,20}",
        topics in vec("[a-wé\n]{1,255}", 0..12),
    ) {
        let mut out = Vec::new();
        put_restored(&mut out, &name, topics.iter().map(String::as_str));
        prop_assert!(out.len() <= 1024);
        let out = String::from_utf8(out).unwrap();
        let first = format!("RESTORED {name}");
        let list = out.strip_prefix(&first).and_then(|rest| rest.strip_prefix(END)).unwrap();
        let list = list.strip_suffix(END).unwrap();
        let told: Vec<&str> = list.split(' ').filter(|topic| !topic.is_empty()).collect();
        prop_assert_eq!(&told, &topics[..told.len()]);
        let next = topics.get(told.len()).map(String::len);
        prop_assert!(next.is_none_or(|bytes| 1024 < out.len() + 1 + bytes));
    }
}
