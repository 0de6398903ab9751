//! Whatever text is put into a message, it stays one.

use memchr::memmem;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    json::put_string,
    pubsubx::{Envelope, MESSAGE_BYTES_MAX, NAME_BYTES_MAX, put_message, put_restored, put_text},
};

const END: &[u8] = b"\n\nx";

/// Text with much of what ends a message, and of what nearly does.
fn text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] =
        &["\n\nx", "\n", "\n\n", "x", " ", "ERROR: ", "a", "\u{e4}", "\0", "\\n\\nx", "\""];
    vec(prop_oneof![select(PIECES).prop_map(str::to_owned), any::<String>()], 0..8)
        .prop_map(|pieces| pieces.concat())
}

/// Returns the messages in some bytes, empty ones too; what has no end is one with a mark.
fn messages(bytes: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    let mut rest = bytes;
    while let Some(at) = memmem::find(rest, END) {
        messages.push(String::from_utf8(rest[..at].to_vec()).unwrap());
        rest = &rest[at + END.len()..];
    }
    assert_eq!(String::from_utf8_lossy(rest), "", "without an end");
    messages
}

proptest! {
    #[test]
    fn the_server_s_words_are_one_message_whatever_others_say_in_them(text in text()) {
        let mut out = Vec::new();
        put_text(&mut out, &text);
        prop_assert_eq!(messages(&out), [text.replace('\n', " ")]);
    }

    #[test]
    fn a_message_is_one_or_none(topic in text(), data in text()) {
        let mut payload = Vec::new();
        put_string(&data, &mut payload);
        let mut out = Vec::new();
        put_message(&mut out, &Envelope::new(&topic), &payload);
        let messages = messages(&out);
        let whole = [format!("{topic} {data}")];
        prop_assert!(messages.is_empty() || messages == whole, "{messages:?}");
    }

    #[test]
    fn the_answer_to_one_that_is_back_is_two_messages(
        name in text(),
        topics in vec(text(), 0..5),
    ) {
        let name = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
        let mut out = Vec::new();
        put_restored(&mut out, name, topics.iter().map(String::as_str));
        let messages = messages(&out);
        prop_assert_eq!(messages.len(), 2);
        prop_assert_eq!(&messages[0], &format!("RESTORED {}", name.replace('\n', " ")));
        for topic in messages[1].split(' ').filter(|topic| !topic.is_empty()) {
            prop_assert!(topics.iter().any(|one| one == topic), "{topic:?} is no topic of it");
        }
    }
}

#[test]
fn words_that_the_original_client_could_not_take_are_cut_off() {
    let mut out = Vec::new();
    put_text(&mut out, &"\u{e4}".repeat(MESSAGE_BYTES_MAX));
    assert_eq!(out.len(), MESSAGE_BYTES_MAX - 1, "no character is halved");
    assert_eq!(messages(&out).len(), 1);
}
