//! The grace period that PubSubX's clients have, given to JMQT's as well where that is configured
//! (P-34, P-35 beside it).

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use crate::start;

fn publish(bob: &mut Peer, data: impl Into<Value>) {
    bob.send(json!({"pub": {"cn": "a", "dt": data.into()}}));
    bob.expect_silence();
}

fn pushed(data: impl Into<Value>) -> Value {
    json!({"push": {"cn": "a", "dt": data.into(), "cl": "bob"}})
}

fn subscriber(broker: &Broker, transport: Transport) -> Peer {
    let mut ada = Peer::online(broker, transport, "ada");
    ada.subscribe("a");
    ada
}

#[test]
fn a_lost_connection_keeps_its_subscriptions_for_some_time() {
    for transport in Transport::ALL {
        let broker = start(&["session.resume_time=1m"]);
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        subscriber(&broker, transport).hang_up();
        for n in 0..50 {
            publish(&mut bob, n);
        }
        let mut ada = Peer::online(&broker, transport, "ada");
        for n in 0..50 {
            ada.expect(pushed(n));
        }
        publish(&mut bob, "live");
        ada.expect(pushed("live"));
        ada.expect_silence();
        assert_eq!((broker.stat("sessions_lost"), broker.stat("sessions_restored")), (1, 1));
    }
}

#[test]
fn without_a_grace_period_subscriptions_end_with_the_connection() {
    // As JMQT says; this is the default.
    for settings in [&[][..], &["session.resume_time=0s"]] {
        let broker = start(settings);
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        subscriber(&broker, Transport::Tcp).hang_up();
        publish(&mut bob, 1);
        let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
        ada.expect_silence();
        publish(&mut bob, 2);
        ada.expect_silence();
        assert_eq!(broker.stat("sessions_lost"), 0);
    }
}

#[test]
fn the_grace_period_is_over_at_some_time() {
    let broker = start(&["session.resume_time=1s"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    subscriber(&broker, Transport::Tcp).hang_up();
    publish(&mut bob, 1);
    broker.wait_for_log("line that it was removed", |line| {
        line["message"] == "client removed" && line["client"] == "ada"
    });
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    publish(&mut bob, 2);
    ada.expect_silence();
}

#[test]
fn a_goodbye_ends_subscriptions_at_once() {
    let broker = start(&["session.resume_time=1m"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    subscriber(&broker, Transport::Tcp).leave();
    publish(&mut bob, 1);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    publish(&mut bob, 2);
    ada.expect_silence();
}

#[test]
fn stored_messages_come_once_beside_those_that_were_kept() {
    // A persistent subscription gets its messages from the store, whatever is kept besides.
    let broker = start(&["session.resume_time=1m"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("stored");
    ada.subscribe("a");
    ada.hang_up();
    publish(&mut bob, 1);
    bob.ask(json!({"pub": {"cn": "stored", "dt": 2, "q": 1, "id": "s"}}));
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut heard: Vec<_> = (0..2)
        .map(|_| {
            let mut push = ada.recv()["push"].take();
            if let Some(id) = push["id"].as_str() {
                let id = id.to_owned();
                ada.send(json!({"pushAck": {"id": id}}));
            }
            push["dt"].take()
        })
        .collect();
    heard.sort_unstable_by_key(Value::as_u64);
    assert_eq!(heard, [json!(1), json!(2)]);
    ada.expect_silence();
}
