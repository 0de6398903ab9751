//! Whatever the broker says, on whatever carrier, is whole frames that read back.

use std::{fmt::Write as _, iter::successors, time::Duration};

use expect_test::expect;
use proptest::{collection::vec, prelude::*, sample::select};
use rialto_broker::{Answered, CommandAnswer, Encoder as _, Format, Mark, SessionOpened, Source};
use rialto_domain::{ClientId, LogId, PacketId, RefusalStatus, Reject};
use rialto_wire::jmqt::Carrier;
use serde_json::{Value, json};

use super::super::{TCP, WEBSOCKET, carrier, reply::put_command_answer};
use crate::Dialects;
use crate::tests::frames::packets;

proptest! {
    /// J-1 and J-4, for every length a header tells. J-23, J-24, J-64 to J-66 and J-83.
    #[test]
    fn a_delivery_reads_back(
        format in select(&[TCP, WEBSOCKET][..]),
        (channel, publisher) in any::<(String, String)>(),
        payload in payload(),
        mark in mark(),
    ) {
        let dialects = Dialects::default();
        let mut envelope = dialects.envelope(format, &(&*channel).into(), Source::of(&(&*publisher).into()));
        let mut out = Vec::new();
        // Twice, since frames are appended to others.
        dialects.delivery(&mut envelope, payload.as_bytes(), mark, &mut out);
        dialects.delivery(&mut envelope, payload.as_bytes(), mark, &mut out);

        let data: Value = serde_json::from_str(&payload).unwrap();
        let mut push = json!({ "cn": channel, "dt": data, "cl": publisher });
        match mark {
            Mark::Plain => {}
            Mark::Retained => push["rt"] = json!(1),
            Mark::Acknowledged(id) => {
                push["q"] = json!(1);
                push["id"] = json!(id.to_string());
            }
        }
        prop_assert_eq!(read(format, &out), vec![json!({ "push": push }); 2]);
    }

    /// J-21, J-25, J-46, J-52 and J-57: what was asked for comes back as it was written.
    #[test]
    fn an_answer_reads_back(
        format in select(&[TCP, WEBSOCKET][..]),
        root in select(&["connAck", "subAck", "unsubAck", "pubAck"][..]),
        name in any::<String>(),
        has_request in any::<bool>(),
        answer in prop::option::of(payload()),
        reject in prop::option::of(select(rejects())),
        (timeout_s, resumed) in any::<(u64, bool)>(),
    ) {
        let result = reject.as_ref().map_or(Ok(answer.as_deref()), Err);
        let request = has_request.then_some(&*name);
        let (command, mut body) = match root {
            "connAck" if resumed => (None, json!({ "ts": timeout_s, "resumed": 1 })),
            "connAck" => (None, json!({ "ts": timeout_s })),
            "subAck" => (Some(Answered::Subscribe(&name)), json!({ "cn": name })),
            "unsubAck" => (Some(Answered::Unsubscribe(&name)), json!({ "cn": name })),
            _ => {
                let body = request.map_or(json!({}), |id| json!({ "id": id }));
                (Some(Answered::Publish), body)
            }
        };
        body["st"] = json!(1);
        match (root, &reject) {
            ("connAck", _) => {}
            (_, Some(reject)) => {
                body["st"] = json!(status(reject));
                body["mg"] = json!(reject.to_string());
            }
            ("pubAck", None) => {
                if let Some(answer) = &answer {
                    body["dt"] = serde_json::from_str(answer).unwrap();
                }
            }
            _ => {}
        }
        let mut out = Vec::new();
        let dialects = Dialects::default();
        for _ in 0..2 {
            match command {
                Some(command) => {
                    let answer = CommandAnswer { command, request, result };
                    dialects.command_answer(format, &answer, &mut out);
                }
                None => {
                    let session = SessionOpened { silence_max: Duration::from_secs(timeout_s), resumed };
                    dialects.session_opened(format, session, &mut out);
                }
            }
        }
        prop_assert_eq!(read(format, &out), vec![json!({ root: body }); 2]);
    }
}

#[test]
fn a_message_of_the_server_has_an_empty_publisher() {
    // J-100
    let dialects = Dialects::default();
    let mut envelope = dialects.envelope(TCP, &"room".into(), Source::of(&ClientId::server()));
    let mut out = Vec::new();
    dialects.delivery(&mut envelope, b"[1.0]", Mark::Plain, &mut out);
    let packets = packets(Carrier::Tcp, &out);
    assert_eq!(packets, [r#"{"push":{"cn":"room","dt":[1.0],"cl":""}}"#]);
}

#[test]
fn each_refusal_has_its_status_and_says_why() {
    // J-71.
    let mut all = String::new();
    for reject in rejects() {
        writeln!(all, "{:2} {reject}", status(&reject)).unwrap();
    }
    expect![[r#"
        10 the packet is malformed
         6 the token is not valid for this client id, or has expired
         7 not allowed
         7 the reason of a rule
        42 the reason of a guard
         0 the reason of a gate
         5 the server cannot decide this now; try again later
         7 more than 4294967295 messages a second, the most this channel takes from one client
         7 the payload is larger than 18446744073709551615 bytes, the most this channel takes
        11 the channel cannot be used this way
        11 the channel name is longer than 18446744073709551615 bytes
         7 the client already has 18446744073709551615 subscriptions, the most allowed
         8 the client is offline
         5 the channel's log is full; its persistent subscribers must catch up first
         5 as much is retained as may be; remove a retained message first, or replace one by one that is no larger
         5 the server cannot store the message now; try again later
    "#]]
    .assert_eq(&all);
}

/// Returns the status a refusal is told with.
fn status(reject: &Reject) -> u64 {
    let mut out = Vec::new();
    let command = Answered::Subscribe("");
    let answer = CommandAnswer { command, request: None, result: Err(reject) };
    put_command_answer(Carrier::Tcp, &answer, &mut out);
    read(TCP, &out)[0]["subAck"]["st"].as_u64().expect("st is an integer")
}

/// Returns every refusal there is: the compiler asks for the place of a new one.
fn rejects() -> Vec<Reject> {
    let limit = usize::MAX;
    let next = |reject: &Reject| match reject {
        Reject::InvalidPacket => Some(Reject::InvalidToken),
        Reject::InvalidToken => Some(Reject::NotAllowed),
        Reject::NotAllowed => Some(Reject::Denied("the reason of a rule".into())),
        Reject::Denied(_) => {
            let status = RefusalStatus::new(42).expect("it is neither 1 nor 9");
            Some(Reject::WithStatus { status, why: "the reason of a guard".into() })
        }
        Reject::WithStatus { .. } => Some(Reject::Failed("the reason of a gate".into())),
        Reject::Failed(_) => Some(Reject::Undecided),
        Reject::Undecided => Some(Reject::TooFast { limit: u32::MAX }),
        Reject::TooFast { .. } => Some(Reject::PayloadTooLarge { limit }),
        Reject::PayloadTooLarge { .. } => Some(Reject::InvalidChannel),
        Reject::InvalidChannel => Some(Reject::ChannelNameTooLong { limit }),
        Reject::ChannelNameTooLong { .. } => Some(Reject::TooManySubscriptions { limit }),
        Reject::TooManySubscriptions { .. } => Some(Reject::ClientOffline),
        Reject::ClientOffline => Some(Reject::LogFull),
        Reject::LogFull => Some(Reject::RetainedFull),
        Reject::RetainedFull => Some(Reject::StoreUnavailable),
        Reject::StoreUnavailable => None,
    };
    successors(Some(Reject::InvalidPacket), next).collect()
}

fn read(format: Format, out: &[u8]) -> Vec<Value> {
    let packets = packets(carrier(format), out).into_iter();
    packets.map(|packet| serde_json::from_str(packet).expect("a packet is JSON")).collect()
}

fn mark() -> impl Strategy<Value = Mark> {
    prop_oneof![
        Just(Mark::Plain),
        Just(Mark::Retained),
        any::<u64>().prop_map(|number| Mark::Acknowledged(PacketId::Live(number))),
        any::<(u64, u64)>().prop_map(|(log, sequence)| {
            Mark::Acknowledged(PacketId::Stored(LogId(log), sequence))
        }),
    ]
}

/// A JSON text, now and then a long one.
fn payload() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        (0_usize..70_000).prop_map(|length| Value::from("x".repeat(length))),
    ];
    let nested = scalar.prop_recursive(3, 16, 4, |inner| {
        let members = vec((any::<String>(), inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().collect()),
        ]
    });
    nested.prop_map(|value| value.to_string())
}
