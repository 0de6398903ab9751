//! The last messages of each queue (C-22, C-29).

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::{Value, json};

use crate::{common::shell, connect, start, wait_until};

/// Asks for the history of some queues, and returns the member `n` of each message.
#[track_caller]
fn history(broker: &Broker, queues: &[&str]) -> Value {
    let mut histories = connect(broker).ask("-", json!({"coremq_gethistory": queues}));
    let mut histories = histories["history"].take();
    for messages in histories.as_object_mut().unwrap().values_mut() {
        for message in messages.as_array_mut().unwrap() {
            *message = message["n"].take();
        }
    }
    histories
}

/// Publishes messages with these numbers.
#[track_caller]
fn publish(broker: &Broker, queue: &str, numbers: std::ops::Range<u64>) {
    let mut ada = connect(broker);
    for n in numbers {
        ada.publish(queue, json!({"n": n}));
    }
    ada.hang_up();
}

fn numbers(numbers: std::ops::Range<u64>) -> Vec<u64> {
    numbers.collect()
}

#[test]
fn the_last_ten_messages_are_kept_oldest_first_as_they_were_delivered() {
    // C-22
    let broker = start(&[]);
    let mut reader = connect(&broker);
    reader.subscribe("Grüße");
    let mut ada = connect(&broker);
    for n in 0..15 {
        ada.publish("Grüße", json!({"n": n, "text": "größer", "coremq_sender": "eve"}));
    }
    let delivered: Vec<Value> = (0..15).map(|_| reader.recv().1).collect();
    for _ in 0..2 {
        let answer = reader.ask("-", json!({"coremq_gethistory": ["Grüße"]}));
        assert_eq!(answer, json!({"history": {"Grüße": delivered[5..]}}));
    }
    reader.expect_silence();
}

#[test]
fn only_queues_that_have_any_are_in_the_answer() {
    // C-22: each once; those that were only subscribed or asked for have none.
    let broker = start(&[]);
    publish(&broker, "a", 0..2);
    publish(&broker, "b", 5..6);
    connect(&broker).subscribe("c");
    for (queues, expected) in [
        (&["a", "b", "c", "d"] as &[_], json!({"a": [0, 1], "b": [5]})),
        (&["b", "b", "b"], json!({"b": [5]})),
        (&["c"], json!({})),
        (&[], json!({})),
    ] {
        assert_eq!(history(&broker, queues), expected, "{queues:?}");
    }
}

#[test]
fn messages_of_other_dialects_are_in_the_history_too() {
    // C-22, C-30
    let broker = start(&[]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for dt in [json!({"n": 1}), json!("größer"), json!(7)] {
        bob.send(json!({"pub": {"cn": "a", "dt": dt, "q": 1, "id": "1"}}));
        bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    ada.send("a", r#"{"n":2}"#);
    ada.recv();
    let answer = connect(&broker).ask("-", r#"{"coremq_gethistory":["a"]}"#);
    let expected = [
        json!({"n": 1}),
        json!({"coremq_string": "größer"}),
        json!({"coremq_string": "7"}),
        json!({"n": 2}),
    ];
    let mut history = answer["history"]["a"].as_array().unwrap().clone();
    for message in &mut history {
        let members = message.as_object_mut().unwrap();
        for name in ["coremq_sender", "coremq_sent", "coremq_server"] {
            assert!(members.remove(name).is_some(), "{name} in {answer}");
        }
    }
    assert_eq!(history, expected);
}

#[test]
fn rules_say_how_much_of_which_queue_is_kept() {
    // C-22
    let rules = r#"channels.rules=[
        {pattern="log.*",history_messages=3},
        {pattern="l*",history_messages=1},
        {pattern="secret",history_messages=0}
    ]"#;
    let broker = start(&["history.messages=5", rules]);
    let queues = ["log.x", "lag", "secret", "other"];
    for queue in queues {
        publish(&broker, queue, 0..8);
    }
    let expected = json!({"log.x": [5, 6, 7], "lag": [7], "other": [3, 4, 5, 6, 7]});
    assert_eq!(history(&broker, &queues), expected);
}

#[test]
fn the_history_outlives_a_graceful_restart_where_it_is_persistent() {
    // C-22
    let rules = r#"channels.rules=[{pattern="kept*",history_persistent=true}]"#;
    let mut broker = start(&[rules]);
    publish(&broker, "kept", 0..15);
    publish(&broker, "passing", 0..15);
    broker.terminate();
    broker.restart();
    assert_eq!(history(&broker, &["kept", "passing"]), json!({"kept": numbers(5..15)}));
    publish(&broker, "kept", 15..17);
    assert_eq!(history(&broker, &["kept"]), json!({"kept": numbers(7..17)}));
}

#[test]
fn the_history_outlives_a_kill_once_it_is_written() {
    // C-22: as it was delivered, the sender and the time included.
    let mut broker = start(&["history.persistent=true", "history.messages=4"]);
    publish(&broker, "a", 0..9);
    let request = r#"{"coremq_gethistory":"a"}"#;
    let before = connect(&broker).ask("-", request);
    let written = || -> u64 {
        let last = r#"SELECT count(*) FROM history WHERE CAST(payload AS TEXT) = '{"n":8}'"#;
        shell(&broker.data_dir()).query_one(last, [], |row| row.get(0)).unwrap()
    };
    wait_until("the history is written", || written() == 1);
    broker.restart();
    assert_eq!(connect(&broker).ask("-", request), before);
    assert_eq!(history(&broker, &["a"]), json!({"a": [5, 6, 7, 8]}));
}

#[test]
fn the_memory_for_the_history_is_bounded() {
    // C-22: queues that were published to long ago lose theirs.
    let broker = start(&["history.bytes_max=256KiB"]);
    let text = "x".repeat(4 << 10);
    let mut ada = connect(&broker);
    let before = broker.memory_bytes();
    for queue in 0..400 {
        for n in 0..10 {
            ada.publish(&format!("queue.{queue}"), json!({"n": n, "text": text}));
        }
    }
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 8 << 20, "the process has grown by {} KiB", grown >> 10);
    assert!(300 < broker.stat("history_evicted"));
    let kept = history(&broker, &["queue.0", "queue.399"]);
    assert_eq!(kept, json!({"queue.399": numbers(0..10)}));
}

#[test]
fn an_answer_has_the_latest_messages_that_fit() {
    // C-22: all of one queue; of three at once the last of each.
    let broker = start(&[]);
    let mut ada = connect(&broker);
    let text = "x".repeat(700 << 10);
    let queues = ["a", "b", "c"];
    for queue in queues {
        for n in 0..10 {
            ada.publish(queue, json!({"n": n, "text": text}));
        }
    }
    let latest = numbers(7..10);
    assert_eq!(history(&broker, &queues), json!({"a": latest, "b": latest, "c": latest}));
    for queue in queues {
        assert_eq!(history(&broker, &[queue]), json!({ queue: numbers(0..10) }));
    }
}

#[test]
fn a_message_is_in_the_history_as_soon_as_it_is_answered() {
    // C-12, C-22: also when the client asks for it in the same breath.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let queue = transport.to_string();
        let request = r#"{"coremq_gethistory":["TCP","TLS"]}"#;
        ada.send_all([(&*queue, r#"{"n":1}"#), (&*queue, r#"{"n":2}"#), ("-", request)]);
        for _ in 0..2 {
            assert_eq!(ada.recv().1, json!({"response": "OK: Message sent"}));
        }
        let (_, answer) = ada.recv();
        let kept = answer["history"][&queue].as_array().unwrap();
        assert_eq!(kept.iter().map(|one| &one["n"]).collect::<Vec<_>>(), [1, 2]);
    }
}
