//! Frames that say nothing: they are answered, and the connection stays (C-9, C-12).

use rialto_testkit::{CoremqPeer, Transport};
use serde_json::json;

use crate::{SENT, start};

/// Frames and what they are answered; `*` is any text behind `ERROR: `.
const FRAMES: &[(&[u8], &str)] = &[
    (b"", "Missing queue or message"),
    (b"a", "Missing queue or message"),
    (b"{\"n\":1}", "Missing queue or message"),
    (b" {\"n\":1}", "Missing queue or message"),
    (b" ", "Missing queue or message"),
    (b"a []", "Message must be a dictionary"),
    (b"a [{\"n\":1}]", "Message must be a dictionary"),
    (b"a \"text\"", "Message must be a dictionary"),
    (b"a 7", "Message must be a dictionary"),
    (b"a null", "Message must be a dictionary"),
    (b"a ", "*"),
    (b"a {", "*"),
    (b"a {\"n\":1", "*"),
    (b"a {\"n\":}", "*"),
    (b"a {\"n\":1}}", "*"),
    (b"a {'n':1}", "*"),
    (b"a {\"n\":1} {\"n\":2}", "*"),
    (b"a b {\"n\":1}", "*"),
    (b"a {\"n\":\"\xff\"}", "*"),
    (b"\xc3 {\"n\":1}", "*"),
    (b"a {\"n\":\"\0\"}", "*"),
    (b"a {\"n\":NaN}", "*"),
];

#[test]
fn every_malformed_frame_is_answered_and_the_next_one_is_served() {
    // C-9, C-12: one after the other, and all in one write.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let id = ada.id().to_owned();
        for (frame, text) in FRAMES {
            ada.send_frame(frame);
            check_error(&mut ada, frame, text);
            ada.publish("a", "{}");
        }
        let mut all = Vec::new();
        for (frame, _) in FRAMES {
            // Each byte that is not UTF-8 counts as a character.
            let chars = String::from_utf8_lossy(frame).chars().count();
            all.extend_from_slice(format!("+{chars} ").as_bytes());
            all.extend_from_slice(frame);
            all.extend_from_slice(b"+4 a {}");
        }
        ada.send_raw(&all);
        for (frame, text) in FRAMES {
            check_error(&mut ada, frame, text);
            ada.expect(&id, json!({"response": SENT}));
        }
    }
    assert_eq!(broker.stat("malformed"), 4 * FRAMES.len() as u64);
}

/// Takes the answer to a malformed frame.
#[track_caller]
fn check_error(ada: &mut CoremqPeer, frame: &[u8], text: &str) {
    let (_, answer) = ada.recv();
    let response = answer["response"].as_str().unwrap_or_default();
    let actual = response.strip_prefix("ERROR: ").unwrap_or_default();
    let is_it = if text == "*" { !actual.is_empty() } else { actual == text };
    assert!(is_it, "{:?} was answered {answer}", String::from_utf8_lossy(frame));
}

#[test]
fn a_message_that_cannot_be_distributed_is_answered_with_the_reason() {
    // C-7, C-25: control channels, direct channels of nobody, names that are too long.
    let broker = start(&["limits.channel_name_bytes_max=20"]);
    let mut ada = CoremqPeer::connect(&broker, Transport::Tcp);
    let long = "x".repeat(21);
    for queue in ["$time", "#nobody", "#", &long, "äöüäöüäöüäö"] {
        let answer = ada.ask(queue, "{}");
        let text = answer["response"].as_str().unwrap_or_default();
        assert!(text.starts_with("ERROR: "), "{queue}: {answer}");
    }
    for queue in ["$time", "#ada", "", "with blank", &long] {
        let answer = ada.ask("-", json!({"coremq_subscribe": queue}));
        let text = answer["response"].as_str().unwrap_or_default();
        let is_refused = text.starts_with("ERROR: ") || queue.is_empty();
        assert!(is_refused, "{queue:?}: {answer}");
    }
    ada.publish(&"x".repeat(20), "{}");
}

#[test]
fn a_message_that_is_nested_too_deep_is_refused() {
    // C-9: the limit and one more.
    let broker = start(&["limits.json_depth_max=5"]);
    let mut ada = CoremqPeer::connect(&broker, Transport::Tcp);
    ada.publish("a", r#"{"n":[[[[]]]]}"#);
    let answer = ada.ask("a", r#"{"n":[[[[[]]]]]}"#);
    assert!(answer["response"].as_str().unwrap().contains("5 levels"), "{answer}");
    ada.publish("a", "{}");
}
