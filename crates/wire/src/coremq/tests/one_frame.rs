//! Whatever text is put into a frame, it stays one, with a queue and an object in it.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::json_text;
use crate::coremq::{
    Answer, Carrier, Envelope, FrameSplitter, Relay, RelayEnvelope, put_answer, put_history,
    put_message, put_past, put_relay, put_request,
};

/// Text with much of what frames and their parts begin and end with.
fn text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] =
        &["+2 - {}", "+", " ", "\n", "\0", "- {", "{}", "}", "\"", "\u{e4}", "\u{1f600}", "7"];
    vec(prop_oneof![select(PIECES).prop_map(str::to_owned), any::<String>()], 0..6)
        .prop_map(|pieces| pieces.concat())
}

/// Returns the frames in some bytes of a stream, each as its queue and its object.
fn frames(bytes: &[u8]) -> Vec<(String, Value)> {
    let mut splitter = FrameSplitter::new(usize::MAX);
    let mut split = |input: &[u8]| {
        let frames = splitter.push(input).map(|frame| {
            let frame = std::str::from_utf8(frame.unwrap()).unwrap();
            let (queue, json) = frame.split_once(' ').unwrap();
            (queue.to_owned(), serde_json::from_str(json).unwrap())
        });
        frames.collect::<Vec<_>>()
    };
    let mut frames = split(bytes);
    // What is not a whole frame would take this one in.
    frames.extend(split(b"+4 - {}"));
    assert_eq!(frames.pop(), Some(("-".to_owned(), Value::Object(serde_json::Map::new()))));
    frames
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

fn answer_queue(queue: &str) -> String {
    queue.replace(' ', "_")
}

proptest! {
    #[test]
    fn an_answer_is_one_frame(queue in text(), words in text()) {
        let answer = Answer::Response { response: &words };
        let sent = frames(&encoded(|out| put_answer(out, Carrier::Tcp, &queue, &answer)));
        prop_assert_eq!(sent.len(), 1);
        prop_assert_eq!(&sent[0].0, &answer_queue(&queue));
        prop_assert_eq!(&sent[0].1["response"], &words);
        let status = Answer::Status {
            coremq_fwdto: &queue,
            master: &words,
            replicants: vec![&words, &queue],
            connections: 1,
        };
        let sent = frames(&encoded(|out| put_answer(out, Carrier::Tcp, &queue, &status)));
        prop_assert_eq!((sent.len(), &sent[0].1["master"]), (1, &Value::from(words.clone())));
        let sent = frames(&encoded(|out| put_request(out, &queue, &answer)));
        prop_assert_eq!((sent.len(), &sent[0].1["response"]), (1, &Value::from(words.clone())));
    }

    #[test]
    fn a_message_is_one_frame_or_none_where_its_queue_cannot_be_said(
        (queue, sender, server) in (text(), text(), text()),
        payload in json_text(),
    ) {
        let from = (server.as_str(), Some(sender.as_str()));
        let envelope = Envelope::new(Carrier::Tcp, &queue, &sender, 1000, from);
        let put = |out: &mut Vec<u8>| put_message(out, Carrier::Tcp, &envelope, payload.as_bytes());
        let sent = frames(&encoded(put));
        if queue.contains(' ') {
            prop_assert!(sent.is_empty());
        } else {
            prop_assert_eq!((sent.len(), &sent[0].0), (1, &queue));
            prop_assert_eq!(&sent[0].1["coremq_sender"], &sender);
        }
        let history = [(queue.as_str(), vec![(envelope.clone(), payload.as_bytes())])];
        let put = |out: &mut Vec<u8>| put_history(out, Carrier::Tcp, &sender, history.into_iter());
        let sent = frames(&encoded(put));
        prop_assert_eq!((sent.len(), &sent[0].0), (1, &answer_queue(&sender)));
    }

    #[test]
    fn what_servers_pass_on_is_one_frame(
        (channel, publisher, server) in (text(), text(), text()),
        payload in json_text(),
    ) {
        let relay = Relay {
            channel: channel.as_str().into(),
            publisher: publisher.as_str().into(),
            server: server.as_str().into(),
            at: 1,
            clock: Some(1),
            id: (1, 2),
        };
        let sent = frames(&encoded(|out| put_relay(out, &RelayEnvelope::new(&relay), &payload)));
        prop_assert_eq!(sent.len(), 1);
        let sent = frames(&encoded(|out| put_past(out, &relay, &payload)));
        prop_assert_eq!(sent.len(), 1);
    }
}
