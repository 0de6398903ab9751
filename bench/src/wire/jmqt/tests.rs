use super::*;

fn session(role: Role) -> Session {
    Session { name: "bench-1".to_owned(), role }
}

fn subscriber(subscription: Subscription) -> Session {
    session(Role::Subscriber { channel: "room".to_owned(), subscription })
}

fn publisher(acknowledged: Acknowledged) -> Session {
    session(Role::Publisher { channel: "room".to_owned(), acknowledged })
}

/// Feeds `from_server`, each byte split off once, and compares events and answers as text.
#[track_caller]
fn check(session: &Session, from_server: &str, events: &[&str], answers: &str) {
    let bytes = from_server.replace('|', "\0").into_bytes();
    for split in 0..=bytes.len() {
        let mut dialect = Jmqt::new(session.clone());
        let (mut seen, mut out, mut at) = (Vec::new(), Vec::new(), 0);
        for end in [split, bytes.len()] {
            while let Some((length, event)) = dialect.next(&bytes[at..end], &mut out).unwrap() {
                at += length;
                seen.push(format!("{event:?}"));
            }
        }
        assert_eq!(seen, events, "split at {split}");
        assert_eq!(String::from_utf8(out).unwrap().replace('\0', "|"), answers);
    }
}

fn numbered(index: usize) -> String {
    payload::payload(index).replace('#', "5")
}

#[test]
fn subscriber_comes_up_through_auth_conn_and_sub() {
    check(
        &subscriber(Subscription::Durable),
        r#"{"authAck":{"st":1,"at":"T.1","cl":"bench-1"}}|{"connAck":{"st":1,"ts":15}}|{"subAck":{"st":1,"cn":"room"}}|"#,
        &["other", "other", "session opening"],
        r#"{"conn":{"at":"T.1","cl":"bench-1"}}|{"sub":{"cn":"room","pr":1}}|"#,
    );
}

#[test]
fn returning_subscriber_does_not_subscribe_again() {
    check(
        &subscriber(Subscription::Resumed),
        r#"{"authAck":{"st":1,"at":"T","cl":"bench-1"}}|{"connAck":{"st":1,"ts":15}}|"#,
        &["other", "session opening"],
        r#"{"conn":{"at":"T","cl":"bench-1"}}|"#,
    );
}

#[test]
fn pushes_are_found_whatever_the_order_of_their_keys() {
    let payload = numbered(2);
    check(
        &subscriber(Subscription::Durable),
        &format!(
            r#"{{"push":{{"cn":"room","dt":{payload},"cl":"p","q":1,"id":"77"}}}}|{{"push":{{"id":"78","q":1,"cl":"p","dt":{payload},"cn":"room"}}}}|{{"hbAck":{{}}}}|{{"push":{{"cn":"update","dt":{{"online":"x"}},"cl":""}}}}|"#
        ),
        &[
            r#"delivery "@p0002n5555555555 [77]"#,
            r#"delivery "@p0002n5555555555 [78]"#,
            "other",
            "other",
        ],
        "",
    );
}

#[test]
fn publish_acknowledgements_give_the_number_back() {
    check(
        &publisher(Acknowledged::Yes),
        r#"{"pubAck":{"st":1,"id":"0000000017"}}|{"pubAck":{"id":"18","st":1}}|"#,
        &["acknowledgement of 17", "acknowledgement of 18"],
        "",
    );
}

#[test]
fn refusals_are_errors() {
    let mut dialect = Jmqt::new(publisher(Acknowledged::Yes));
    for refusal in [
        "{\"pubAck\":{\"st\":5,\"id\":\"1\"}}\0",
        "{\"connAck\":{\"st\":0}}\0",
        "{\"authAck\":{\"st\":0,\"mg\":\"no\"}}\0",
        "{\"what\":{}}\0",
    ] {
        assert!(dialect.next(refusal.as_bytes(), &mut Vec::new()).is_err(), "{refusal}");
    }
}

#[test]
fn publishes_are_json_with_the_number_in_payload_and_id() {
    let mut out = Vec::new();
    let mut template = Jmqt::new(publisher(Acknowledged::Yes)).template(3);
    template.write_next(&mut out);
    template.write_next(&mut out);
    let second = out.split(|&byte| byte == NUL).nth(1).unwrap();
    let packet: serde_json::Value = serde_json::from_slice(second).unwrap();
    assert_eq!(packet["pub"]["id"], "0000000001");
    assert_eq!(packet["pub"]["q"], 1);
    assert!(packet["pub"]["dt"].as_str().unwrap().starts_with("@p0003n0000000001:"));
}
