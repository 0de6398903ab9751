//! Frames: a length in characters, a queue, an object (C-1 to C-7).

use rialto_testkit::{CoremqPeer, Transport};
use serde_json::json;

use crate::{SENT, connect, start, subscriber};

/// Requests and messages of all sorts, each with its answer, and `true` where the message comes
/// back to a connection that is subscribed to all queues and wants an echo.
const CONVERSATION: &[(&str, &str, &str, bool)] = &[
    ("-", r#"{"coremq_options":{"echo":true}}"#, "OK: Options set", false),
    ("-", r#"{"coremq_subscribe":["a","Grüße","日本","😀"]}"#, "OK: Subscribe successful", false),
    ("a", r#"{"n":1}"#, SENT, true),
    ("Grüße", r#"{"n":2,"text":"größer"}"#, SENT, true),
    ("日本", r#"{}"#, SENT, true),
    ("😀", r#"{"😀":"😀😀"}"#, SENT, true),
    ("a", r#"[1]"#, "ERROR: Message must be a dictionary", false),
    ("nobody", r#"{"n":3}"#, SENT, false),
    (
        "-",
        r#"{"coremq_unsubscribe":["a","Grüße","日本","😀"]}"#,
        "OK: Unsubscribe successful",
        false,
    ),
    ("a", r#"{"n":4}"#, SENT, false),
];

/// Returns the conversation as bytes.
fn bytes() -> Vec<u8> {
    let frames = CONVERSATION.iter().map(|(queue, object, ..)| {
        let chars = queue.chars().count() + 1 + object.chars().count();
        format!("+{chars} {queue} {object}")
    });
    frames.collect::<String>().into_bytes()
}

/// Takes all that the conversation leads to: the answers in their order, and each message that
/// comes back somewhere behind its answer.
#[track_caller]
fn expect_answers(ada: &mut CoremqPeer) {
    let id = ada.id().to_owned();
    let mut answers = CONVERSATION.iter();
    let mut echoes = CONVERSATION.iter().filter(|(.., comes_back)| *comes_back);
    let (mut answered, mut echoed) = (0, 0);
    for _ in 0..CONVERSATION.len() + echoes.clone().count() {
        let (queue, mut object) = ada.recv();
        if queue == id {
            let (.., response, comes_back) = answers.next().unwrap();
            assert_eq!(object, json!({"response": response}));
            answered += usize::from(*comes_back);
        } else {
            let (to, sent, ..) = echoes.next().unwrap();
            for added in ["coremq_sender", "coremq_sent", "coremq_server"] {
                object.as_object_mut().unwrap().remove(added);
            }
            assert_eq!((&*queue, object), (*to, serde_json::from_str(sent).unwrap()));
            echoed += 1;
            assert!(echoed <= answered, "a message came before its answer");
        }
    }
}

#[test]
fn it_makes_no_difference_how_tcp_cuts_the_bytes() {
    // C-1 to C-4, C-12: many frames in one write, one frame over many, in characters that take
    // several bytes as well.
    let broker = start(&[]);
    let conversation = bytes();
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        for cut in [conversation.len(), 1, 2, 7, 64] {
            for piece in conversation.chunks(cut) {
                ada.send_raw(piece);
            }
            expect_answers(&mut ada);
        }
        ada.hang_up();
    }
}

#[test]
fn a_conversation_may_be_split_at_every_byte() {
    // C-3: another connection is served in between, so that the first part is read by itself.
    let broker = start(&[]);
    let conversation = bytes();
    let (mut ada, mut bob) = (connect(&broker), connect(&broker));
    for at in 1..conversation.len() {
        ada.send_raw(&conversation[..at]);
        bob.expect_silence();
        ada.send_raw(&conversation[at..]);
        expect_answers(&mut ada);
    }
}

#[test]
fn all_frames_of_a_segment_are_served_in_their_order() {
    // C-4, C-12: more of them than the broker takes in at a time.
    const COUNT: usize = 2000;
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let mut bob = subscriber(&broker, "a");
        ada.send_all((0..COUNT).map(|n| ("a".to_owned(), json!({"n": n}).to_string())));
        for n in 0..COUNT {
            assert_eq!(ada.recv().1, json!({"response": SENT}));
            assert_eq!(bob.expect_message("a"), json!({"n": n}));
        }
    }
}

#[test]
fn the_length_counts_characters_in_both_directions() {
    // C-2, C-6: the peer cuts what it reads by characters, and takes no JSON that is not ASCII.
    let broker = start(&[]);
    for queue in ["Grüße", "日本", "😀", "a\u{301}", "ß"] {
        let mut ada = subscriber(&broker, queue);
        let mut bob = connect(&broker);
        bob.publish(queue, json!({"text": "größer 😀"}));
        let text = ada.recv_text();
        assert!(text.starts_with(&format!("{queue} {{")), "{text}");
        assert!(text.contains(r#""gr\u00f6\u00dfer \ud83d\ude00""#), "{text}");
        ada.expect_silence();
    }
}

#[test]
fn every_frame_of_the_server_has_at_least_ten_bytes() {
    // C-5
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "a");
    connect(&broker).publish("a", "{}");
    assert!(10 <= format!("+99 {}", ada.recv_text()).len());
}

#[test]
fn a_frame_of_a_mebibyte_arrives_on_every_transport() {
    // C-3, C-8: of as many characters as the limit says, whatever they are; in ASCII it becomes
    // longer on its way.
    const CHARS: usize = 1 << 20;
    let broker = start(&[]);
    let around = "a {\"text\":\"\"}".len();
    for character in ["x", "é"] {
        let mut readers = Transport::ALL.map(|transport| {
            let mut reader = CoremqPeer::connect(&broker, transport);
            reader.subscribe("a");
            reader
        });
        let text = character.repeat(CHARS - around);
        let mut ada = connect(&broker);
        ada.publish("a", format!(r#"{{"text":"{text}"}}"#));
        for reader in &mut readers {
            let transport = reader.transport();
            assert!(reader.expect_message("a")["text"] == text, "over {transport}");
        }
    }
}

#[test]
fn names_are_compared_exactly() {
    // C-7
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "Room");
    let mut bob = connect(&broker);
    for queue in ["room", "Room\t", "Room.", "ROOM", "Roo", "Room"] {
        bob.publish(queue, json!({"to": queue}));
    }
    assert_eq!(ada.expect_message("Room"), json!({"to": "Room"}));
    ada.expect_silence();
}
