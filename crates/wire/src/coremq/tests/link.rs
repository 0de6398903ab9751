//! What servers say to each other, and what a replicant reads of a server of another kind.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::json;

use super::{DEPTH_MAX, json_text, object_text};
use crate::{
    coremq::{
        Answer, Carrier, Envelope, FrameSplitter, LinkAnswer, LinkOffer, Malformed, Relay,
        RelayEnvelope, Request, ServerFrame, Share, decode, decode_server, put_answer, put_message,
        put_past, put_relay, put_request,
    },
    tests::{json::broken, parsed},
};

/// Takes the one frame out of what was written.
#[track_caller]
fn frame(out: &[u8]) -> &[u8] {
    let mut splitter = FrameSplitter::new(1 << 20);
    let whole = splitter.push(out).next().unwrap().unwrap().len();
    &out[out.len() - whole..]
}

fn relay() -> impl Strategy<Value = Relay<'static>> {
    let texts = any::<(String, String, String)>();
    let numbers = any::<(u64, (u64, u64), Option<u64>)>();
    (texts, numbers).prop_map(|((channel, publisher, server), (at, id, clock))| {
        let [channel, publisher, server] = [channel, publisher, server].map(Cow::Owned);
        Relay { channel, publisher, server, at, id, clock }
    })
}

proptest! {
    /// C-47: a channel's name may be any text, a payload any JSON value.
    #[test]
    fn a_relayed_message_comes_back_as_it_was(relay in relay(), payload in json_text()) {
        let mut message = Vec::new();
        put_relay(&mut message, &RelayEnvelope::new(&relay), &payload);
        let mut past = Vec::new();
        put_past(&mut past, &relay, &payload);
        prop_assert!(message.is_ascii() && past.is_ascii());
        match decode_server(frame(&message), DEPTH_MAX) {
            Ok(ServerFrame::Relay(decoded, text)) => {
                prop_assert_eq!((&decoded, parsed(text)), (&relay, parsed(&payload)));
            }
            other => panic!("{other:?}"),
        }
        match decode_server(frame(&past), DEPTH_MAX) {
            Ok(ServerFrame::Past(decoded, text)) => {
                prop_assert_eq!((&decoded, parsed(text)), (&relay, parsed(&payload)));
            }
            other => panic!("{other:?}"),
        }
    }

    /// C-31: what any server distributes is a message to its replicant, whatever a client wrote into
    /// it: no welcome, no answer, and none of what Rialto servers say.
    #[test]
    fn a_delivered_message_is_nothing_else(payload in object_text(), name in any::<String>()) {
        let named = format!("{{\"response\":\"OK: x\",\"server\":\"s\",\"coremq_done\":1,{}", &payload[1..]);
        let payloads = [&*payload, r#"{"response":"OK:","server":"s"}"#,
            r#"{"coremq_relay":{"channel":"c","publisher":"p","server":"s","at":1,"id":[1,1]},"coremq_payload":1}"#,
            r#"{"coremq_d\u006fne":["past",true]}"#, &named];
        for payload in payloads.into_iter().filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()) {
            let envelope = Envelope::new(Carrier::Tcp, "q", &name, 1234, ("a:1", None));
            let mut out = Vec::new();
            put_message(&mut out, Carrier::Tcp, &envelope, payload.as_bytes());
            match decode_server(frame(&out), DEPTH_MAX).unwrap() {
                ServerFrame::Message { queue: "q", sender, sent_ms, server, payload } => {
                    prop_assert_eq!(&*sender, &*name);
                    prop_assert_eq!((sent_ms, server.as_deref()), (Some(1234), Some("a:1")));
                    prop_assert!(!payload.contains("\"coremq_"), "{payload}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Nothing a server sends makes its replicant panic.
    #[test]
    fn any_text_decodes_or_does_not(text in broken(object_text()), relay in relay()) {
        _ = decode_server(format!("q {text}").as_bytes(), DEPTH_MAX);
        let mut out = Vec::new();
        put_past(&mut out, &relay, &text);
        _ = decode_server(frame(&out), DEPTH_MAX);
    }
}

#[test]
fn requests_of_a_replicant_are_what_a_server_decodes() {
    // C-31, C-45 and C-46.
    for resume in [None, Some((7, 42)), Some((u64::MAX, u64::MAX))] {
        let offer = LinkOffer { version: 1, resume };
        let mut out = Vec::new();
        put_request(&mut out, "größe", &json!({"coremq_replicant": "ü:1", "coremq_link": offer}));
        let decoded = decode(frame(&out), DEPTH_MAX).unwrap();
        assert_eq!(decoded.queue, "größe");
        assert_eq!(
            decoded.request,
            Request::Replicate { name: "ü:1".into(), link: Some(Box::new(offer)) }
        );
    }
    for share in [Share::Messages, Share::Past] {
        let mut out = Vec::new();
        put_request(&mut out, "", &json!({ "coremq_more": share }));
        assert_eq!(decode(frame(&out), DEPTH_MAX).unwrap().request, Request::More(share));
    }
}

#[test]
fn what_a_server_answers_is_what_its_replicant_decodes() {
    // C-10, C-31, C-45 and C-46.
    let decoded = |out: &[u8]| {
        let frame: &'static [u8] = frame(out).to_vec().leak();
        decode_server(frame, DEPTH_MAX)
    };
    let mut out = Vec::new();
    let welcome = Answer::Welcome { response: "OK: Welcome", server: "größe" };
    put_answer(&mut out, Carrier::Tcp, "some-id", &welcome);
    let expected = ServerFrame::Welcome { id: "some-id", server: "größe".into() };
    assert_eq!(decoded(&out), Ok(expected));

    out.clear();
    put_answer(&mut out, Carrier::Tcp, "some-id", &Answer::Response { response: "ERROR: no" });
    assert_eq!(decoded(&out), Ok(ServerFrame::Response("ERROR: no".into(), None)));

    out.clear();
    for clock in [None, Some(17)] {
        out.clear();
        let link = LinkAnswer { version: 1, origin: u64::MAX, last: 9, clock };
        put_request(&mut out, "some-id", &json!({"response": "OK: yes", "coremq_link": link}));
        assert_eq!(decoded(&out), Ok(ServerFrame::Response("OK: yes".into(), Some(link))));
    }

    for (share, is_more) in [(Share::Messages, true), (Share::Past, false)] {
        out.clear();
        put_request(&mut out, "", &json!({ "coremq_done": (share, is_more, 7) }));
        assert_eq!(decoded(&out), Ok(ServerFrame::Done(share, is_more, 7)));
    }
}

#[test]
fn messages_of_other_servers_may_lack_what_ours_say() {
    // C-27: the original has no `coremq_server` on its own messages, and times with many digits.
    let decoded = |frame: &'static str| decode_server(frame.as_bytes(), DEPTH_MAX).unwrap();
    let message = |payload: &'static str, sent_ms| ServerFrame::Message {
        queue: "q",
        payload: payload.into(),
        sender: "p".into(),
        sent_ms,
        server: None,
    };
    for (time, sent_ms) in [
        ("1700000000.1234567", Some(1_700_000_000_123)),
        ("0", Some(0)),
        ("-1", None),
        ("1e400", None),
        ("\"5\"", None),
        ("null", None),
    ] {
        let frame = format!(r#"q {{"a":1,"coremq_sender":"p","coremq_sent":{time}}}"#);
        assert_eq!(decoded(frame.leak()), message(r#"{"a":1}"#, sent_ms), "{time}");
    }
    let text = decoded(r#"q {"coremq_string":"text","coremq_sender":"p"}"#);
    assert_eq!(text, message("\"text\"", None));
    let unsigned = decoded(r#"q {"a":1}"#);
    assert!(matches!(unsigned, ServerFrame::Message { sender, .. } if sender.is_empty()));
}

#[test]
fn what_no_server_says_is_refused() {
    // C-9.
    let nested = |depth: usize| format!("q {{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let too_deep = Malformed::TooDeep { limit: DEPTH_MAX };
    // One level more than a client's, for what is around the payload.
    assert!(decode_server(nested(DEPTH_MAX).as_bytes(), DEPTH_MAX).is_ok());
    assert_eq!(decode_server(nested(DEPTH_MAX + 1).as_bytes(), DEPTH_MAX), Err(too_deep));
    for (frame, malformed) in [
        (&b"q"[..], Malformed::NoQueue),
        (b"q {\"a\":\"\xFF\"}", Malformed::NotUtf8),
        (b"q []", Malformed::NotAnObject),
        (b"q {", Malformed::NotAnObject),
        (b"- {\"coremq_done\":5}", Malformed::NotJson),
        (b"- {\"coremq_done\":[\"all\",true,1]}", Malformed::NotJson),
    ] {
        assert_eq!(decode_server(frame, DEPTH_MAX), Err(malformed));
    }
}
