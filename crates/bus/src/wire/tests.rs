use bytes::Bytes;
use proptest::prelude::*;
use rialto_domain::{
    LogId, MessageId, Payloads, PayloadsBuilder,
    bus::{Direct, Doorbell, DoorbellPage, Place, Run},
};

use super::{Answer, DecodeError, Message, VERSION};

fn payloads(texts: &[String]) -> Payloads {
    let mut builder = PayloadsBuilder::default();
    texts.iter().for_each(|text| builder.push(text.as_bytes()));
    builder.finish()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(r#"[ -~é]{1,20}"#, 1..6)
}

fn run() -> impl Strategy<Value = Message> {
    let names = (".{0,40}", ".{0,20}", prop::option::of(".{0,20}"));
    (names, any::<[u64; 6]>(), any::<bool>(), texts()).prop_map(
        |((channel, publisher, on_behalf_of), numbers, is_acknowledged, texts)| {
            let [at, logical, origin, sequence, since, before] = numbers;
            Message::Run(Run {
                channel: channel.as_str().into(),
                publisher: publisher.as_str().into(),
                on_behalf_of,
                at,
                logical,
                first: MessageId { origin, sequence },
                place: Place { since, before },
                is_acknowledged,
                count: texts.len() as u32,
                payloads: payloads(&texts),
            })
        },
    )
}

fn doorbell() -> impl Strategy<Value = Message> {
    (".{0,40}", ".{0,20}", any::<[u64; 5]>(), texts(), any::<bool>()).prop_map(
        |(channel, publisher, [origin, log, first, sent, at], texts, is_paged)| {
            let (publisher, payloads) = (publisher.as_str().into(), payloads(&texts));
            let page = DoorbellPage { publisher, at, payloads };
            Message::Doorbell(Doorbell {
                origin,
                channel: channel.as_str().into(),
                log: LogId(log),
                first,
                count: texts.len() as u32,
                sent,
                page: is_paged.then_some(page),
            })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let direct = (".{0,20}", ".{0,20}", any::<[u64; 3]>(), "[ -~]{1,20}").prop_map(
        |(client, publisher, [node, ticket, at], text)| {
            let (client, publisher) = (client.as_str().into(), publisher.as_str().into());
            let payload = Payloads::single(text.as_bytes());
            Message::Direct(Direct { node, ticket, client, publisher, at, payload })
        },
    );
    let answer = (any::<u64>(), any::<bool>())
        .prop_map(|(ticket, is_heard)| Message::Answer(Answer { ticket, is_heard }));
    let look = any::<u64>().prop_map(|node| Message::Look { node });
    prop_oneof![run(), doorbell(), direct, answer, look]
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(message in message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn no_part_of_it_is_taken_for_the_whole(message in message(), cut in any::<prop::sample::Index>()) {
        let bytes = message.encode();
        let part = bytes.slice(..cut.index(bytes.len()));
        prop_assert!(Message::decode(&part).is_err());
        let longer = Bytes::from([&bytes[..], b"\0"].concat());
        prop_assert!(Message::decode(&longer).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..7_u8) {
        let known = [&[VERSION, kind][..], &bytes].concat();
        for bytes in [bytes, known] {
            let bytes = Bytes::from(bytes);
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}

#[test]
fn its_bytes_are_a_promise() {
    let doorbell = Doorbell {
        origin: 1,
        channel: "room".into(),
        log: LogId(2),
        first: 3,
        count: 1,
        sent: 4,
        page: Some(DoorbellPage {
            publisher: "ada".into(),
            at: 5,
            payloads: Payloads::single(b"7"),
        }),
    };
    let number = |last: u8| [0, 0, 0, 0, 0, 0, 0, last];
    let expected = [
        &[1, 2, 1, 0, 4][..],
        b"room",
        &number(1),
        &number(2),
        &number(3),
        &number(4),
        &[0, 3],
        b"ada",
        &number(5),
        &[0, 0, 0, 1, 0, 0, 0, 3],
        b"\x1e7\n",
    ];
    assert_eq!(Message::Doorbell(doorbell.clone()).encode(), expected.concat());
    let bare = Message::Doorbell(doorbell.bare()).encode();
    assert_eq!(bare.len(), 3 + 2 + 4 + 32 + 4);
    assert_eq!(bare[..3], [1, 2, 0]);
    let answer = Message::Answer(Answer { ticket: 258, is_heard: true });
    assert_eq!(&answer.encode()[..], [1, 4, 0, 0, 0, 0, 0, 0, 1, 2, 1]);
}

#[test]
fn another_version_is_known_as_one() {
    let decoded = Message::decode(&Bytes::from_static(&[2, 5, 0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(decoded, Err(DecodeError::Version(2)));
}

#[test]
fn payloads_that_would_become_others_are_refused() {
    let look = |sequence: &[u8], count: u8| {
        let direct = [
            &[1, 3, 0, 0, 0, 0][..],
            &[0; 24],
            &[0, 0, 0, count, 0, 0, 0, sequence.len() as u8],
            sequence,
        ];
        Message::decode(&Bytes::from(direct.concat())).is_ok()
    };
    assert!(look(b"\x1e7\n", 1));
    for sequence in [&b"\x1e\x1e7\n"[..], b"7\n", b"\x1e7", b"\x1e\n", b"\x1e\xff\n", b""] {
        assert!(!look(sequence, 1), "{sequence:?}");
    }
    assert!(!look(b"\x1e7\n\x1e8\n", 2) && !look(b"\x1e7\n", 0));
}
