//! A wall clock that is stepped while a broker runs.

use rialto_testkit::{Broker, CoremqPeer, Launch, Peer, Transport};
use serde_json::{Value, json};

use crate::{common::PROGRAM, wait_until};

/// An hour back, in seconds.
const HOUR_BACK: i64 = -3600;

#[test]
fn a_history_keeps_what_came_last_though_the_clock_was_stepped_back_an_hour() {
    let mut broker = start(&["history.persistent=true", "history.messages=5"]);
    publish(&broker, 1..=5);
    broker.step_clock(HOUR_BACK);
    publish(&broker, 6..=8);
    assert_eq!(history(&broker), json!([4, 5, 6, 7, 8]));
    broker.terminate();
    broker.restart();
    assert_eq!(history(&broker), json!([4, 5, 6, 7, 8]));
    publish(&broker, 9..=10);
    broker.terminate();
    broker.step_clock(2 * HOUR_BACK);
    broker.restart();
    publish(&broker, 11..=11);
    assert_eq!(history(&broker), json!([7, 8, 9, 10, 11]));
}

#[test]
fn a_history_keeps_its_order_though_the_clock_was_stepped_back_two_seconds() {
    let mut broker = start(&["history.persistent=true"]);
    publish(&broker, 1..=3);
    broker.step_clock(-2);
    publish(&broker, 4..=6);
    broker.terminate();
    broker.restart();
    assert_eq!(history(&broker), json!([1, 2, 3, 4, 5, 6]));
    let shown: Vec<f64> =
        messages(&broker).iter().map(|it| it["coremq_sent"].as_f64().unwrap()).collect();
    assert!(shown[3] < shown[2], "what is shown is what the clock said: {shown:?}");
}

#[test]
fn messages_from_the_future_are_dropped_at_their_age_with_those_behind_them() {
    let broker = start(&["store.log_age_max=2s"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("vault");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut store = |id: &str| {
        bob.send(format!(r#"{{"pub":{{"cn":"vault","dt":1,"q":1,"id":"{id}"}}}}"#));
        bob.expect(format!(r#"{{"pubAck":{{"id":"{id}","st":1}}}}"#));
    };
    broker.step_clock(86_400);
    store("1");
    broker.step_clock(0);
    store("2");
    wait_until("both have left the log", || broker.stat("dropped_log") == 2);
}

fn start(settings: &[&str]) -> Broker {
    let launch = Launch::of(PROGRAM).with_clock().coremq().set("store.durability=os");
    settings.iter().fold(launch, |launch, setting| launch.set(setting)).start()
}

/// Publishes messages with these numbers, each in a round of its own.
#[track_caller]
fn publish(broker: &Broker, numbers: std::ops::RangeInclusive<u64>) {
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    for n in numbers {
        bob.send(format!(r#"{{"pub":{{"cn":"room","dt":{{"n":{n}}},"id":"{n}"}}}}"#));
        bob.send(r#"{"hb":{}}"#);
        bob.expect(r#"{"hbAck":{}}"#);
    }
    bob.leave();
}

/// Returns the numbers of the messages in the history.
#[track_caller]
fn history(broker: &Broker) -> Value {
    messages(broker).into_iter().map(|mut message| message["n"].take()).collect()
}

#[track_caller]
fn messages(broker: &Broker) -> Vec<Value> {
    let mut reader = CoremqPeer::connect(broker, Transport::Tcp);
    let mut answer = reader.ask("-", json!({"coremq_gethistory": ["room"]}));
    serde_json::from_value(answer["history"]["room"].take()).unwrap()
}
