//! The client's half.

use crate::coremq::{
    Carrier, FrameSplitter, Request, ServerFrame, Unsayable, decode, decode_text, put_ask,
    put_publish, read_gateway,
};

const DEPTH_MAX: usize = 64;

fn published(carrier: Carrier, payload: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put_publish(&mut out, carrier, "größe", payload).unwrap();
    out
}

#[test]
fn what_a_client_publishes_is_what_a_server_reads_over_both_carriers() {
    // C-1, C-6, C-30
    for payload in [r#"{"a":[1, "ä"]}"#, "{}", r#""plain 🦀""#, "5", "[1,2]"] {
        let stream = published(Carrier::Tcp, payload);
        let mut splitter = FrameSplitter::new(1_024);
        let frame = splitter.push(&stream).next().unwrap().unwrap().to_vec();
        let json = &frame[frame.iter().position(|it| *it == b' ').unwrap()..];
        assert!(json.is_ascii(), "{payload}");
        let over_tcp = decode(&frame, DEPTH_MAX).unwrap();
        let text = String::from_utf8(published(Carrier::WebSocket, payload)).unwrap();
        let over_websocket = decode_text(&text, DEPTH_MAX).unwrap();
        assert_eq!((&*over_tcp.queue, &*over_websocket.queue), ("größe", "größe"));
        for frame in [over_tcp, over_websocket] {
            let Request::Message(read) = frame.request else { panic!("{payload}") };
            let read: serde_json::Value = serde_json::from_str(&read).unwrap();
            let sent: serde_json::Value = serde_json::from_str(payload).unwrap();
            // Any other value than an object or a text comes as the text of its JSON.
            let is_kept = sent.is_object() || sent.is_string();
            let wanted = if is_kept { sent } else { payload.into() };
            assert_eq!(read, wanted);
        }
    }
}

#[test]
fn requests_are_read_as_they_are_meant() {
    // C-18, C-35, C-44
    let ask = |carrier, queue: &str| {
        let mut out = Vec::new();
        put_ask(&mut out, carrier, queue, r#"{"coremq_subscribe":["ä"]}"#).unwrap();
        out
    };
    let mut splitter = FrameSplitter::new(1_024);
    let stream = ask(Carrier::Tcp, "-");
    let frame = splitter.push(&stream).next().unwrap().unwrap().to_vec();
    let wanted = Request::Subscribe(vec!["ä".into()]);
    assert_eq!(decode(&frame, DEPTH_MAX).unwrap().request, wanted);
    for queue in ["", "-"] {
        let text = String::from_utf8(ask(Carrier::WebSocket, queue)).unwrap();
        assert_eq!(decode_text(&text, DEPTH_MAX).unwrap().request, wanted, "{text}");
    }
}

#[test]
fn what_cannot_be_said_is_refused() {
    let put =
        |carrier, queue: &str, payload: &str| put_publish(&mut Vec::new(), carrier, queue, payload);
    for queue in ["", "two words"] {
        assert_eq!(put(Carrier::Tcp, queue, "{}"), Err(Unsayable::Queue), "{queue:?}");
    }
    let own = r#"{"queue":"mine"}"#;
    assert_eq!(put(Carrier::WebSocket, "a", own), Err(Unsayable::Member));
    assert_eq!(put(Carrier::Tcp, "a", own), Ok(()));
}

#[test]
fn a_gateway_s_messages_and_answers_are_told_apart() {
    // C-38, C-39
    let read = |text: &str| {
        read_gateway(text, DEPTH_MAX, |frame| match frame {
            ServerFrame::Message { queue, payload, sender, .. } => {
                format!("{queue} {payload} {sender}")
            }
            ServerFrame::Response(text, _) => text.into_owned(),
            other => format!("{other:?}"),
        })
    };
    let message = r#"{"a":1,"coremq_sender":"s","queue":"room"}"#;
    assert_eq!(read(message).unwrap(), r#"room {"a":1} s"#);
    assert_eq!(
        read(r#"{"response":"OK: Message sent","queue":"id"}"#).unwrap(),
        "OK: Message sent"
    );
    assert!(read("[]").is_err());
}
