use rialto_broker::Reach;

use super::*;

fn message(payload: Option<&str>, decision: Decided) -> Seen {
    Seen::Message(Box::new(Message {
        at: 5,
        channel: "room".to_owned(),
        publisher: "ada".to_owned(),
        server: None,
        on_behalf_of: None,
        qos: Qos::AtLeastOnce,
        bytes: payload.map_or(9, str::len),
        payload: payload.map(|payload| payload.as_bytes().to_vec()),
        decision,
    }))
}

#[track_caller]
fn check(form: Form, seen: &Seen, expected: &str) {
    let mut text = Vec::new();
    form.seen(seen, &mut text);
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn a_payload_is_told_as_it_is_written_on_one_line() {
    let reach = Reach { sent: 2, waiting: 1, stored: Some(7), is_retained: true };
    let payload = "{\"n\":\r\n 18446744073709551616, \"x\": 1.10}";
    let seen = message(Some(payload), Decided::Routed(reach));
    check(
        Form::Lines,
        &seen,
        "{\"event\":\"message\",\"at_ms\":5,\"channel\":\"room\",\"publisher\":\"ada\",\"qos\":1,\
         \"bytes\":40,\"decision\":\"delivered\",\"sent_to\":2,\"waits_for\":1,\"sequence\":7,\
         \"retained\":true,\"payload\":{\"n\":   18446744073709551616, \"x\": 1.10}}\n",
    );
}

#[test]
fn an_event_has_its_name_and_one_line() {
    let seen = Seen::Dropped { client: "ada".to_owned(), count: 3, at: 5 };
    check(
        Form::Events,
        &seen,
        "event: dropped\ndata: {\"event\":\"dropped\",\"at_ms\":5,\"client\":\"ada\",\"count\":3}\n\n",
    );
}

#[test]
fn a_refused_message_is_told_with_the_reason() {
    let seen = message(None, Decided::Refused("rule 4".to_owned()));
    check(
        Form::Lines,
        &seen,
        "{\"event\":\"message\",\"at_ms\":5,\"channel\":\"room\",\"publisher\":\"ada\",\"qos\":1,\
         \"bytes\":9,\"decision\":\"refused\",\"why\":\"rule 4\"}\n",
    );
}

#[test]
fn each_way_of_a_message_has_its_word() {
    let reach = |sent, waiting, stored| Reach { sent, waiting, stored, is_retained: false };
    for (reach, expected) in [
        (reach(1, 0, None), "delivered"),
        (reach(0, 1, Some(4)), "stored"),
        (reach(0, 1, None), "kept"),
        (reach(0, 0, None), "unheard"),
    ] {
        assert_eq!(word(&reach), expected);
    }
}
