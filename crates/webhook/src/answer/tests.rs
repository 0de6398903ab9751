use super::*;

#[test]
fn an_answer_with_a_member_that_is_not_known_is_none() {
    assert!(read(Event::Publish, r#"{"alow":false}"#).is_err());
    assert!(read(Event::Connect, r#"{"subscribe":[{"channel":"a","persistant":true}]}"#).is_err());
}

#[test]
fn a_member_that_belongs_to_another_event_makes_it_none() {
    for (event, json) in [
        (Event::Authenticate, r#"{"default":true,"cache_s":5}"#),
        (Event::Connect, r#"{"allow":true,"client":"ada"}"#),
        (Event::Subscribe, r#"{"allow":true,"payload":1}"#),
        (Event::Publish, r#"{"allow":true,"answer":1}"#),
        (Event::Control, r#"{"allow":true,"groups":[]}"#),
    ] {
        assert!(read(event, json).is_err(), "{json}");
    }
}

#[test]
fn an_answer_of_the_wrong_types_is_none() {
    for json in [
        r#"{"allow":"yes"}"#,
        r#"{"allow":1}"#,
        r#"{"mg":5}"#,
        r#"{"cache_s":-1}"#,
        r#"{"cache_s":1.5}"#,
        r#"{"allow":true}{"#,
        "true",
        "[]",
        "null",
        "",
    ] {
        assert!(read(Event::Publish, json).is_err(), "{json}");
    }
}

#[test]
fn an_answer_that_both_decides_and_does_not_is_none() {
    for json in [
        r#"{"default":false}"#,
        r#"{"default":true,"allow":true}"#,
        r#"{"default":true,"allow":false}"#,
    ] {
        assert!(read(Event::Connect, json).is_err(), "{json}");
    }
}

#[test]
fn whoever_is_let_in_must_have_a_name() {
    for json in [
        r#"{"allow":true}"#,
        r#"{"allow":true,"client":""}"#,
        r#"{"client":"ada"}"#,
        r#"{"allow":false,"client":"ada"}"#,
        r#"{"token":"t"}"#,
    ] {
        assert!(read(Event::Authenticate, json).is_err(), "{json}");
    }
}

#[test]
fn nobody_is_subscribed_to_what_is_no_channel() {
    for channel in ["", "#", "$stats"] {
        let json = format!(r#"{{"subscribe":["{channel}"]}}"#);
        assert!(read(Event::Connect, &json).is_err(), "{json}");
    }
}

#[test]
fn a_message_that_cannot_be_published_makes_it_none() {
    for message in [
        "5",
        r#"{"channel":"a"}"#,
        r#"{"payload":1}"#,
        r#"{"channel":"","payload":1}"#,
        r##"{"channel":"#","payload":1}"##,
        r#"{"channel":"$time","payload":1}"#,
        r#"{"channel":"a","payload":1,"qos":2}"#,
        r#"{"channel":"a","payload":1,"retain":1}"#,
        r#"{"channel":"a","payload":1,"reatin":true}"#,
    ] {
        let json = format!(r#"{{"allow":true,"publish":[{message}]}}"#);
        assert!(read(Event::Connect, &json).is_err(), "{json}");
    }
    assert!(read(Event::Subscribe, r#"{"publish":[]}"#).is_err());
}

#[test]
fn a_status_stands_only_where_something_is_refused_or_answered() {
    let is_read = |event, json: &str| read(event, json).is_ok();
    for status in ["0", "2", "7", "255"] {
        assert!(is_read(Event::Subscribe, &format!(r#"{{"allow":false,"status":{status}}}"#)));
        assert!(is_read(Event::Control, &format!(r#"{{"answer":1,"status":{status}}}"#)));
        for json in ["", r#","allow":true"#, r#","default":true"#] {
            assert!(!is_read(Event::Control, &format!(r#"{{"status":{status}{json}}}"#)));
        }
        let json = format!(r#"{{"answer":1,"allow":true,"status":{status}}}"#);
        assert!(!is_read(Event::Control, &json), "{json}");
    }
    for status in ["1", "9", "-1", "256", "7.5", r#""7""#] {
        assert!(!is_read(Event::Subscribe, &format!(r#"{{"allow":false,"status":{status}}}"#)));
    }
    for status in ["9", "-1", "256"] {
        assert!(!is_read(Event::Control, &format!(r#"{{"answer":1,"status":{status}}}"#)));
    }
    let answered = read(Event::Control, r#"{"answer":5,"status":1}"#).ok().unwrap().control();
    assert!(answered == Control::Answer(5.into()));
}

#[test]
fn null_is_a_payload_and_an_answer_like_others() {
    let publication = read(Event::Publish, r#"{"payload":null}"#).ok().unwrap().publication();
    assert!(publication == Publication::Replaced(Value::Null));
    let control = read(Event::Control, r#"{"answer":null}"#).ok().unwrap().control();
    assert!(control == Control::Answer(Value::Null));
}

#[test]
fn a_reason_that_is_missing_is_replaced_and_a_long_one_is_cut() {
    let denied = |json: &str| {
        let answer = read(Event::Publish, json).ok().unwrap();
        answer.check(Event::Publish).unwrap_err().to_string()
    };
    assert_eq!(denied(r#"{"allow":false}"#), "the application does not allow it");
    assert_eq!(denied(r#"{"allow":false,"mg":""}"#), "the application does not allow it");
    let long = format!(r#"{{"allow":false,"mg":"{}"}}"#, "é".repeat(600));
    assert_eq!(denied(&long), "é".repeat(500));
}

pub(crate) fn read(event: Event, json: &str) -> Result<Answer, Failure> {
    Answer::read(event, json.as_bytes())
}
