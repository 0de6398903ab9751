//! Messages to all who are subscribed (C-25 to C-29).

use std::time::{SystemTime, UNIX_EPOCH};

use rialto_testkit::{Broker, CoremqPeer, Transport};
use serde_json::{Value, json};

use crate::{SENT, connect, start, subscriber};

#[test]
fn a_message_reaches_all_subscribers_under_its_queue_and_nobody_else() {
    // C-25
    let broker = start(&[]);
    let mut readers = Transport::ALL.map(|transport| {
        let mut reader = CoremqPeer::connect(&broker, transport);
        reader.subscribe("a");
        reader.subscribe("b");
        reader
    });
    let mut other = subscriber(&broker, "c");
    let mut ada = connect(&broker);
    for queue in ["a", "b", "a"] {
        ada.publish(queue, json!({"to": queue}));
        for reader in &mut readers {
            assert_eq!(reader.expect_message(queue), json!({"to": queue}));
            reader.expect_silence();
        }
    }
    other.expect_silence();
}

#[test]
fn the_publisher_gets_its_message_only_if_it_wants_an_echo() {
    // C-26: behind the answer; what others publish comes either way.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.subscribe("a");
        ada.publish("a", r#"{"n":1}"#);
        ada.expect_silence();
        ada.expect_response("-", r#"{"coremq_options":{"echo":true}}"#, "OK: Options set");
        ada.send_all((0..100).map(|n| ("a".to_owned(), json!({"n": n}).to_string())));
        let id = ada.id().to_owned();
        let (mut answered, mut echoed) = (0, 0);
        while echoed < 100 {
            let (queue, object) = ada.recv();
            if queue == id {
                assert_eq!(object, json!({"response": SENT}));
                answered += 1;
            } else {
                assert_eq!((&*queue, &object["n"]), ("a", &json!(echoed)));
                echoed += 1;
                assert!(echoed <= answered, "a message came before its answer");
            }
        }
        connect(&broker).publish("a", r#"{"n":2}"#);
        assert_eq!(ada.expect_message("a"), json!({"n": 2}));
        ada.expect_silence();
    }
}

#[test]
fn the_server_says_who_sent_a_message_and_when_and_where() {
    // C-27: in place of what the publisher says of it, on every way to the subscriber.
    let broker = start(&["cluster.name=north"]);
    let port = broker.address_of("coremq").port();
    let mut readers = [Transport::Tcp, Transport::WebSocket].map(|transport| {
        let mut reader = CoremqPeer::connect(&broker, transport);
        reader.subscribe("a");
        reader
    });
    let mut ada = connect(&broker);
    for object in [
        r#"{"n":1}"#,
        r#"{"coremq_sender":"eve","n":1,"coremq_sent":0,"coremq_server":"east:1"}"#,
        r#"{"\u0063oremq_sender":"eve","n":1,"coremq_sent":"never","coremq_other":[]}"#,
    ] {
        let before = seconds();
        ada.publish("a", object);
        for reader in &mut readers {
            let (queue, message) = reader.recv();
            let sent = message["coremq_sent"].as_f64().unwrap();
            assert!(before - 1.0 <= sent && sent <= seconds() + 1.0, "{sent} is not now");
            let expected = json!({
                "n": 1, "coremq_sender": ada.id(), "coremq_sent": sent,
                "coremq_server": format!("north:{port}")
            });
            assert_eq!((&*queue, message), ("a", expected));
        }
    }
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn all_other_members_reach_the_subscriber_unchanged() {
    // C-28: digits, order and repetitions included.
    let broker = start(&[]);
    let mut reader = subscriber(&broker, "a");
    let mut ada = connect(&broker);
    for members in [
        r#""big":123456789012345678901234567890,"exact":1.10,"power":1E+400"#,
        r#""z":1,"a":2,"m":{"z":1,"a":2}"#,
        r#""twice":1,"twice":2"#,
        r#""escapes":"\"\\\/\b\f\n\r\t\u0000\u001f""#,
        r#""":"empty","queue":"b","response":"OK","history":{}"#,
        r#""deep":[[[{"coremq_sender":"inside"}]]],"null":null,"t":true,"f":false"#,
        r#""coremq":1,"Coremq_sender":2,"corews_status":1"#,
    ] {
        ada.publish("a", format!("{{{members}}}"));
        let text = reader.recv_text();
        let is_unchanged = text.starts_with(&format!("a {{{members},\"coremq_sender\":"));
        assert!(is_unchanged, "{members} came as {text}");
    }
}

#[test]
fn a_message_is_not_kept_for_those_who_come_later() {
    // C-29: nor for those who come back.
    let broker = start(&[]);
    let mut ada = connect(&broker);
    ada.publish("a", r#"{"n":1}"#);
    let mut late = subscriber(&broker, "a");
    late.expect_silence();
    late.expect_response("-", r#"{"coremq_unsubscribe":"a"}"#, "OK: Unsubscribe successful");
    ada.publish("a", r#"{"n":2}"#);
    late.subscribe("a");
    ada.publish("a", r#"{"n":3}"#);
    assert_eq!(late.expect_message("a"), json!({"n": 3}));
}

#[test]
fn each_publishers_messages_come_in_their_order() {
    // C-12, C-25: with several at once.
    const COUNT: usize = 500;
    let broker = start(&[]);
    let mut reader = subscriber(&broker, "a");
    std::thread::scope(|scope| {
        for publisher in 0..4 {
            let broker = &broker;
            scope.spawn(move || publish_numbers(broker, publisher, COUNT));
        }
    });
    let mut next = [0; 4];
    for _ in 0..4 * COUNT {
        let message = reader.expect_message("a");
        let publisher = message["publisher"].as_u64().unwrap() as usize;
        assert_eq!(message["n"], next[publisher]);
        next[publisher] += 1;
    }
    reader.expect_silence();
}

fn publish_numbers(broker: &Broker, publisher: usize, count: usize) {
    let mut ada = connect(broker);
    let message = |n| json!({"publisher": publisher, "n": n}).to_string();
    ada.send_all((0..count).map(|n| ("a".to_owned(), message(n))));
    for _ in 0..count {
        let (_, answer): (_, Value) = ada.recv();
        assert_eq!(answer, json!({"response": SENT}));
    }
}
