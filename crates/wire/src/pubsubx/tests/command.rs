//! From messages to what clients want.

use proptest::prelude::*;

use crate::pubsubx::{Command, FrameSplitter, Unsayable, decode, put_command};

#[test]
fn every_command_is_known_in_capitals_and_only_so() {
    // P-9.
    for (message, command) in [
        ("CONNECT ada", Command::Connect { name: "ada", token: "" }),
        ("DISCONNECT", Command::Disconnect),
        ("PUBLISH news hello", Command::Publish { topic: "news", data: "hello" }),
        ("SUBSCRIBE news", Command::Subscribe("news")),
        ("UNSUBSCRIBE news", Command::Unsubscribe("news")),
    ] {
        assert_eq!(decode(message.as_bytes()), command);
        assert_eq!(decode(message.to_lowercase().as_bytes()), Command::Unknown);
        let word = message.split(' ').next().unwrap();
        for other in [format!(" {message}"), format!("\n{message}"), format!("{word}S news hello")]
        {
            assert_eq!(decode(other.as_bytes()), Command::Unknown, "{other:?}");
        }
    }
}

#[test]
fn commands_without_what_they_are_about_mean_nothing() {
    // P-10: nor does an empty topic between two blanks count.
    for word in ["PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE"] {
        for rest in ["", " ", "  ", "  news", "\nnews"] {
            let message = format!("{word}{rest}");
            assert_eq!(decode(message.as_bytes()), Command::Unknown, "{message:?}");
        }
    }
    // P-13: it is the session that minds a name that is missing.
    for message in ["CONNECT", "CONNECT "] {
        assert_eq!(decode(message.as_bytes()), Command::Connect { name: "", token: "" });
    }
}

#[test]
fn a_message_that_is_not_utf_8_means_nothing() {
    // P-3: wherever the wrong bytes are.
    for message in [
        &b"\xFF"[..],
        b"PUBLISH a \xFF",
        b"SUBSCRIBE \xC3",
        b"DISCONNECT\x80",
        b"CONNECT \xED\xA0\x80",
    ] {
        assert_eq!(decode(message), Command::Unknown);
    }
}

#[test]
fn what_follows_a_command_that_needs_no_more_is_passed_over() {
    // P-8: `DISCONNECT` has no name, `SUBSCRIBE` no data.
    assert_eq!(decode(b"DISCONNECT ada for good"), Command::Disconnect);
    assert_eq!(decode(b"SUBSCRIBE news and more"), Command::Subscribe("news"));
    assert_eq!(decode(b"UNSUBSCRIBE news and more"), Command::Unsubscribe("news"));
}

#[test]
fn what_would_end_a_message_or_a_name_early_is_not_said() {
    let said = |command| put_command(&mut Vec::new(), &command);
    for topic in ["", "two words", "a\n\nx"] {
        assert_eq!(said(Command::Subscribe(topic)), Err(Unsayable::Name), "{topic:?}");
        assert_eq!(said(Command::Publish { topic, data: "" }), Err(Unsayable::Name), "{topic:?}");
    }
    for data in ["\n\nx", "a\n\nxb"] {
        assert_eq!(said(Command::Publish { topic: "a", data }), Err(Unsayable::Text), "{data:?}");
    }
    assert_eq!(said(Command::Publish { topic: "a", data: "\n\n" }), Ok(()));
    assert_eq!(said(Command::Unknown), Err(Unsayable::Text));
}

proptest! {
    /// P-1, P-8: whatever a client can say is read by a server as it was meant, however it is cut.
    #[test]
    fn what_a_client_says_is_what_a_server_reads(
        topic in "[a\nxé]{1,6}",
        data in "[a \nxé]{0,12}",
        which in 0..5,
    ) {
        let command = match which {
            0 => Command::Connect { name: &topic, token: &data },
            1 => Command::Disconnect,
            2 => Command::Publish { topic: &topic, data: &data },
            3 => Command::Subscribe(&topic),
            _ => Command::Unsubscribe(&topic),
        };
        let mut bytes = Vec::new();
        if put_command(&mut bytes, &command).is_ok() {
            let mut splitter = FrameSplitter::new(1_024);
            let frames: Vec<Vec<u8>> = splitter.push(&bytes).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(frames.len(), 1);
            prop_assert_eq!(decode(&frames[0]), command);
        }
    }

    /// P-8 and P-27: data is all that follows the second blank, with its blanks and line breaks.
    #[test]
    fn data_is_everything_behind_the_second_blank(topic in "[^ ]{1,8}", data in "(?s).{0,16}") {
        let message = format!("PUBLISH {topic} {data}");
        let command = Command::Publish { topic: &topic, data: &data };
        prop_assert_eq!(decode(message.as_bytes()), command);
    }

    /// P-41: and so is a token.
    #[test]
    fn a_token_is_everything_behind_a_name(name in "[^ ]{1,8}", token in "(?s).{0,16}") {
        let message = format!("CONNECT {name} {token}");
        let command = Command::Connect { name: &name, token: &token };
        prop_assert_eq!(decode(message.as_bytes()), command);
    }

    /// P-3: nothing in a message can do harm, and no command can hold an end.
    #[test]
    fn any_bytes_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..32)) {
        _ = decode(&bytes);
        let mut splitter = FrameSplitter::new(1 << 10);
        for frame in splitter.push(&[&bytes[..], b"\n\nx"].concat()) {
            if let Command::Publish { topic, data } = decode(frame) {
                prop_assert!(!topic.contains("\n\nx") && !data.contains("\n\nx"));
            }
        }
    }
}
