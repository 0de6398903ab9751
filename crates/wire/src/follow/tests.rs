//! Frames byte by byte, and what any payload and any text leads to.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const FIRST: Position = Position { logical: 1_700_000_000_000, origin: 0xab, sequence: 7 };

fn about(channel: &str) -> About<'_> {
    About {
        channel,
        publisher: "ann",
        at_ms: 5,
        server: None,
        on_behalf_of: None,
        first: Some(FIRST),
    }
}

fn written(put: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    put(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn messages_of_an_envelope_stand_one_behind_the_other() {
    let mut envelope = Envelope::new(Carrier::Events, &about("news"));
    let text = written(|out| {
        put_message(out, &mut envelope, b"1", false);
        put_message(out, &mut envelope, b"[\n2\r\n]", true);
    });
    assert_eq!(
        text,
        "id: 1700000000000-ab-7\n\
         data: {\"event\":\"message\",\"id\":\"1700000000000-ab-7\",\"channel\":\"news\",\
         \"publisher\":\"ann\",\"at_ms\":5,\"payload\":1}\n\n\
         id: 1700000000000-ab-8\n\
         data: {\"event\":\"message\",\"id\":\"1700000000000-ab-8\",\"channel\":\"news\",\
         \"publisher\":\"ann\",\"at_ms\":5,\"retained\":true,\"payload\":[ 2  ]}\n\n"
    );
}

#[test]
fn what_is_not_known_of_a_message_is_left_out() {
    let about = About { publisher: "", at_ms: 0, first: None, ..about("a\"b\n") };
    let mut envelope = Envelope::new(Carrier::Lines, &about);
    assert_eq!(
        written(|out| put_message(out, &mut envelope, b"null", false)),
        "{\"event\":\"message\",\"channel\":\"a\\\"b\\n\",\"publisher\":\"\",\"payload\":null}\n"
    );
    let about = About { server: Some("b:1"), on_behalf_of: Some("kid"), ..about };
    let mut envelope = Envelope::new(Carrier::Lines, &about);
    let line = written(|out| put_message(out, &mut envelope, b"null", false));
    assert!(line.contains(",\"server\":\"b:1\",\"on_behalf_of\":\"kid\",\"payload\""), "{line}");
}

#[test]
fn what_is_no_message_has_the_name_of_its_event() {
    let both = |put: fn(&mut Vec<u8>, Carrier)| {
        [Carrier::Events, Carrier::Lines].map(|carrier| written(|out| put(out, carrier)))
    };
    assert_eq!(
        both(|out, carrier| put_gap(out, carrier, "news")),
        [
            "event: gap\ndata: {\"event\":\"gap\",\"channel\":\"news\"}\n\n",
            "{\"event\":\"gap\",\"channel\":\"news\"}\n"
        ]
    );
    assert_eq!(
        both(|out, carrier| put_end(out, carrier, "so")),
        [
            "event: end\ndata: {\"event\":\"end\",\"reason\":\"so\"}\n\n",
            "{\"event\":\"end\",\"reason\":\"so\"}\n"
        ]
    );
    assert_eq!(
        both(put_open),
        ["event: open\ndata: {\"event\":\"open\"}\n\n", "{\"event\":\"open\"}\n"]
    );
    assert_eq!(both(put_heartbeat), [":\n\n", "{\"event\":\"heartbeat\"}\n"]);
}

#[test]
fn a_text_is_a_position_only_as_it_is_written() {
    for wrong in [
        "",
        "-",
        "--",
        "1-2",
        "1-2-3-4",
        "+1-2-3",
        "1-g-3",
        "1--3",
        " 1-2-3",
        "1-2-3\n",
        "18446744073709551616-0-0",
        "1-2--3",
        "١-2-3",
    ] {
        assert_eq!(wrong.parse::<Position>(), Err(NoPosition), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn a_position_is_read_as_it_was_written(logical: u64, origin: u64, sequence: u64) {
        let position = Position { logical, origin, sequence };
        prop_assert_eq!(position.to_string().parse(), Ok(position));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = text.parse::<Position>();
    }

    #[test]
    fn whatever_channel_and_payload_say_a_message_is_one_line(channel: String, payload: String) {
        let json = serde_json::to_string_pretty(&[Value::from(payload)]).unwrap();
        let mut envelope = Envelope::new(Carrier::Lines, &about(&channel));
        let line = written(|out| put_message(out, &mut envelope, json.as_bytes(), false));
        prop_assert_eq!(line.find(['\n', '\r']), Some(line.len() - 1));
        let message: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&message["channel"], &Value::from(channel));
        let sent: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&message["payload"], &sent);
    }
}
