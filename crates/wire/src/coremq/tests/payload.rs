//! A message as CoreMQ says it and as everybody does: what is written is ASCII, counted right, and
//! holds nothing forged.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DEPTH_MAX, json_text, object_text};
use crate::{
    coremq::{
        Answer, Carrier, Envelope, FrameSplitter, Request, decode, members::Members, put_answer,
        put_history, put_message,
    },
    json::put_ascii,
    tests::{json::plain_string, parsed},
};

const SENDER: &str = "0b3a9c52-6f0e-4f1e-8f0b-2f6c1f7a8d90";

fn envelope(carrier: Carrier, queue: &str) -> Envelope {
    Envelope::new(carrier, queue, SENDER, 1_700_000_000_123, ("server:6747", None))
}

/// Takes the one frame out of what was written, and its queue and object apart.
#[track_caller]
fn read(out: &[u8]) -> (String, Value) {
    // C-5: the original client looks for the whole length in its first read of 10 bytes.
    assert!(10 <= out.len());
    let mut splitter = FrameSplitter::new(1 << 20);
    let mut frames = splitter.push(out);
    let frame = frames.next().expect("a frame is whole").expect("a frame is lawful");
    assert_eq!(frames.next(), None, "a frame is as long as it says");
    let text = std::str::from_utf8(frame).unwrap();
    let (queue, json) = text.split_once(' ').unwrap();
    // C-6.
    assert!(json.is_ascii(), "{json}");
    // C-2: what counts characters where others count bytes is not misled.
    assert!(out.starts_with(format!("+{} {queue} ", text.chars().count()).as_bytes()));
    (queue.to_owned(), parsed(json))
}

#[track_caller]
fn delivered(queue: &str, payload: &str) -> Value {
    let mut out = Vec::new();
    put_message(&mut out, Carrier::Tcp, &envelope(Carrier::Tcp, queue), payload.as_bytes());
    let (read_queue, object) = read(&out);
    assert_eq!(read_queue, queue);
    object
}

/// Takes off what every server adds, and checks that it is the server's own.
#[track_caller]
fn without_envelope(mut object: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    // C-27.
    assert_eq!(members.remove("coremq_sender"), Some(json!(SENDER)));
    assert_eq!(members.remove("coremq_sent"), Some(json!(1_700_000_000.123)));
    assert_eq!(members.remove("coremq_server"), Some(json!("server:6747")));
    object
}

#[test]
fn a_message_stands_on_the_wire_like_this() {
    // C-1, C-25, C-27, C-28. C-39: over WebSocket with the queue in it.
    for (payload, object) in [
        (r#"{"a":1}"#, r#"{"a":1,"#),
        ("{}", "{"),
        ("{ }", "{ "),
        (r#"{"ü":"🦀"}"#, r#"{"\u00fc":"\ud83e\udd80","#),
        (r#"{"a":1,"a":2 }"#, r#"{"a":1,"a":2 ,"#),
        // C-30.
        (r#""text""#, r#"{"coremq_string":"text","#),
        (r#""ü\n\"""#, r#"{"coremq_string":"\u00fc\n\"","#),
        ("5", r#"{"coremq_string":"5","#),
        ("null", r#"{"coremq_string":"null","#),
        (r#"[ 1, "a b", "\" c" ]"#, r#"{"coremq_string":"[1,\"a b\",\"\\\" c\"]","#),
    ] {
        let tail = format!(
            "\"coremq_sender\":\"{SENDER}\",\"coremq_sent\":1700000000.123,\"coremq_server\":\"server:6747\""
        );
        let mut tcp = Vec::new();
        put_message(&mut tcp, Carrier::Tcp, &envelope(Carrier::Tcp, "größe"), payload.as_bytes());
        let text = format!("größe {object}{tail}}}");
        let expected = format!("+{} {text}", text.chars().count());
        assert_eq!(String::from_utf8(tcp).unwrap(), expected);

        let mut websocket = Vec::new();
        let envelope = envelope(Carrier::WebSocket, "größe");
        put_message(&mut websocket, Carrier::WebSocket, &envelope, payload.as_bytes());
        let expected = format!("{object}{tail},\"queue\":\"gr\\u00f6\\u00dfe\"}}");
        assert!(
            websocket.ends_with(expected.as_bytes()),
            "{}",
            String::from_utf8_lossy(&websocket)
        );
    }
}

#[test]
fn a_gateways_client_is_named() {
    // C-42.
    let from = ("server:6747", Some("ü"));
    let envelope = Envelope::new(Carrier::Tcp, "q", SENDER, 5, from);
    let mut out = Vec::new();
    put_message(&mut out, Carrier::Tcp, &envelope, b"{}");
    let (_, object) = read(&out);
    assert_eq!(object["coremq_fwdto"], "ü");
    assert_eq!(object["coremq_sent"], 0.005);
}

#[test]
fn nothing_a_server_says_is_shorter_than_ten_bytes() {
    // C-5.
    let mut out = Vec::new();
    put_answer(&mut out, Carrier::Tcp, "q", &Answer::Response { response: "" });
    assert_eq!(out, b"+17 q {\"response\":\"\"}");
    out.clear();
    put_history(&mut out, Carrier::Tcp, "q", std::iter::empty());
    assert_eq!(out, b"+16 q {\"history\":{}}");
    out.clear();
    let envelope = Envelope::new(Carrier::Tcp, "q", "", 0, ("", None));
    put_message(&mut out, Carrier::Tcp, &envelope, b"{}");
    assert!(10 < out.len());
}

#[test]
fn answers_stand_on_the_wire_like_this() {
    // C-10, C-11, C-22, C-23. C-36, C-38 and C-40: over WebSocket, with the queue where there is one.
    let replicants = vec!["b:6747", "ü"];
    let welcome = Answer::Welcome { response: "OK: Welcome", server: "größe" };
    let status = Answer::Status { coremq_fwdto: "id", master: "a", replicants, connections: 3 };
    let answers: [(&str, Answer<'_>, &str); 5] = [
        ("id", Answer::Response { response: "OK: ü" }, r#"{"response":"OK: \u00fc"}"#),
        ("id", welcome, r#"{"response":"OK: Welcome","server":"gr\u00f6\u00dfe"}"#),
        (
            "id",
            status,
            r#"{"coremq_fwdto":"id","master":"a","replicants":["b:6747","\u00fc"],"connections":3}"#,
        ),
        (
            "",
            Answer::GatewayStatus { connections: 3, mq_server: "a" },
            r#"{"connections":3,"mq_server":"a"}"#,
        ),
        ("", Answer::Error { error: "No queues found" }, r#"{"error":"No queues found"}"#),
    ];
    for (queue, answer, json) in answers {
        let mut tcp = Vec::new();
        put_answer(&mut tcp, Carrier::Tcp, queue, &answer);
        let text = format!("{queue} {json}");
        assert_eq!(String::from_utf8(tcp).unwrap(), format!("+{} {text}", text.len()));

        let mut websocket = Vec::new();
        put_answer(&mut websocket, Carrier::WebSocket, queue, &answer);
        let open = &json[..json.len() - 1];
        let with_queue =
            if queue.is_empty() { json.to_owned() } else { format!(r#"{open},"queue":"id"}}"#) };
        assert_eq!(websocket[2..], *with_queue.as_bytes());
    }
}

#[test]
fn a_history_holds_messages_as_they_were_delivered() {
    // C-22.
    let mut out = Vec::new();
    let payloads = [r#"{"a":"ü"}"#, r#""text""#, r#"{"coremq_sender":"forged"}"#];
    let messages = payloads.map(|payload| (envelope(Carrier::Tcp, "größe"), payload.as_bytes()));
    put_history(&mut out, Carrier::Tcp, "id", [("größe", messages.to_vec())].into_iter());
    let (queue, answer) = read(&out);
    assert_eq!(queue, "id");
    let expected: Vec<Value> = payloads.map(|payload| delivered("größe", payload)).into();
    assert_eq!(answer, json!({ "history": { "größe": expected } }));
}

#[test]
fn characters_beyond_ascii_are_written_as_python_does() {
    // C-6.
    for (text, ascii) in [
        ("", ""),
        ("plain \u{7f}", "plain \u{7f}"),
        ("é", "\\u00e9"),
        ("\u{80}\u{7ff}\u{800}\u{ffff}", "\\u0080\\u07ff\\u0800\\uffff"),
        ("a🦀b", "a\\ud83e\\udd80b"),
        ("\u{10000}\u{10ffff}", "\\ud800\\udc00\\udbff\\udfff"),
    ] {
        let mut out = b"before ".to_vec();
        put_ascii(text, &mut out);
        assert_eq!(out, format!("before {ascii}").into_bytes());
    }
}

/// Any channel that CoreMQ can say.
fn queue() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace(' ', "_") + "q")
}

/// Takes reserved members off, as C-27 says.
fn unreserved(mut object: Value) -> Value {
    object.as_object_mut().unwrap().retain(|name, _| !name.starts_with("coremq_"));
    object
}

/// Counts the members of a name, since the last of several is not what every reader takes.
fn count(object: &str, name: &str) -> usize {
    Members::read(object).unwrap().iter().filter(|(known, _)| *known == name).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// C-6: the same text, in ASCII.
    #[test]
    fn pure_ascii_is_the_same_json(json in json_text()) {
        let mut out = Vec::new();
        put_ascii(&json, &mut out);
        prop_assert!(out.is_ascii());
        let ascii = std::str::from_utf8(&out).unwrap();
        prop_assert_eq!(parsed(ascii), parsed(&json));
    }

    /// C-27, C-30: whatever other protocols say, also with reserved names and however those are
    /// written, only the server's own stand beside it.
    #[test]
    fn nothing_forged_is_delivered(queue in queue(), json in object_text()) {
        let object = without_envelope(delivered(&queue, &json));
        prop_assert_eq!(object, unreserved(parsed(&json)));
        let mut out = Vec::new();
        put_message(&mut out, Carrier::Tcp, &envelope(Carrier::Tcp, "q"), json.as_bytes());
        let (_, text) = std::str::from_utf8(&out).unwrap().split_once(" q ").unwrap();
        prop_assert_eq!(count(text, "coremq_sender"), 1);
    }

    /// C-39: over WebSocket the queue is the server's to say as well.
    #[test]
    fn no_queue_is_forged_over_websocket(json in object_text()) {
        let mut out = Vec::new();
        let envelope = envelope(Carrier::WebSocket, "q");
        put_message(&mut out, Carrier::WebSocket, &envelope, json.as_bytes());
        let start = if out[1] < 126 { 2 } else { 4 };
        let text = std::str::from_utf8(&out[start..]).unwrap();
        prop_assert!(text.is_ascii());
        prop_assert_eq!(count(text, "queue"), 1);
        prop_assert_eq!(&parsed(text)["queue"], "q");
    }

    /// C-30: any JSON value reaches CoreMQ, as its object or as a text.
    #[test]
    fn any_value_is_an_object_to_coremq(queue in queue(), json in json_text()) {
        let value = parsed(&json);
        let object = without_envelope(delivered(&queue, &json));
        match &value {
            Value::Object(_) => prop_assert_eq!(object, unreserved(value)),
            Value::String(text) => prop_assert_eq!(object, json!({ "coremq_string": text })),
            _ => {
                let text = object["coremq_string"].as_str().unwrap();
                prop_assert_eq!(parsed(text), value);
                prop_assert_eq!(object.as_object().unwrap().len(), 1);
            }
        }
    }

    /// C-28: an object, or a text, that goes through CoreMQ comes back as it was.
    #[test]
    fn an_object_or_a_text_comes_back_as_it_was(
        queue in queue(),
        json in prop_oneof![object_text(), plain_string()],
    ) {
        let mut out = Vec::new();
        put_message(&mut out, Carrier::Tcp, &envelope(Carrier::Tcp, &queue), json.as_bytes());
        let mut splitter = FrameSplitter::new(1 << 20);
        let frame = splitter.push(&out).next().unwrap().unwrap();
        let decoded = decode(frame, DEPTH_MAX + 1).unwrap();
        prop_assert_eq!(&*decoded.queue, &*queue);
        let Request::Message(payload) = decoded.request else { panic!("{decoded:?}") };
        let value = parsed(&json);
        let expected = if value.is_object() { unreserved(value) } else { value };
        prop_assert_eq!(parsed(&payload), expected);
    }
}
