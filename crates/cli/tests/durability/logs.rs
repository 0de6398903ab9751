//! A channel's log at its limits.

use serde_json::json;

use super::{
    acknowledge_all, expect_numbers, launch, online, publish_numbers, status, subscribe_for_later,
    until,
};
use crate::common::publish_stored;

#[test]
fn a_full_log_refuses_and_loses_nothing() {
    // J-74: status 5, and what was refused is not distributed.
    let mut broker = launch().set("store.log_messages_max=10").start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    for number in 0..10 {
        publish_numbers(&mut bob, "room", number..number + 1);
    }
    bob.send(publish_stored("room", 100, "refused"));
    bob.expect(r#"{"pubAck":{"st":5,"id":"refused","mg":"*"}}"#);
    bob.send(publish_stored("other", 1, "other"));
    bob.expect(r#"{"pubAck":{"st":1,"id":"other"}}"#);
    broker.restart();

    let mut bob = online(&broker, "bob");
    bob.send(publish_stored("room", 100, "refused"));
    bob.expect(r#"{"pubAck":{"st":5,"id":"refused","mg":"*"}}"#);
    let mut ada = online(&broker, "ada");
    let ids = expect_numbers(&mut ada, "room", 0..10);
    ada.expect_silence();
    acknowledge_all(&mut ada, &ids);
    until("there is room once the subscriber has caught up", || {
        (status(&bob.ask(publish_stored("room", 10, "10"))) == 1).then_some(())
    });
    expect_numbers(&mut ada, "room", 10..11);
    ada.expect_silence();
}

#[test]
fn a_log_that_was_trimmed_is_not_full_after_a_restart() {
    let mut broker = launch().set("store.log_messages_max=10").start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    let mut bob = online(&broker, "bob");
    for number in 0..25 {
        until("there is room", || {
            (status(&bob.ask(publish_stored("room", number, number))) == 1).then_some(())
        });
        let ids = expect_numbers(&mut ada, "room", number..number + 1);
        acknowledge_all(&mut ada, &ids);
    }
    assert!(broker.terminate().0.success());

    broker.restart();
    let mut bob = online(&broker, "bob");
    for number in 25..30 {
        publish_numbers(&mut bob, "room", number..number + 1);
    }
    expect_numbers(&mut online(&broker, "ada"), "room", 25..30);
}

#[test]
fn a_full_log_drops_the_oldest_if_told_to() {
    let mut broker =
        launch().set("store.log_messages_max=10").set("store.log_full=drop-oldest").start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    for number in 0..25 {
        publish_numbers(&mut bob, "room", number..number + 1);
    }
    assert_eq!(broker.stat("dropped_log"), 15);
    broker.restart();

    let mut ada = online(&broker, "ada");
    let ids = expect_numbers(&mut ada, "room", 15..25);
    ada.expect_silence();
    acknowledge_all(&mut ada, &ids);
    ada.leave();
    online(&broker, "ada").expect_silence();
}

#[test]
fn a_log_is_limited_in_bytes_as_well() {
    let broker = launch().set("store.log_bytes_max=10KB").start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    let payload = json!("x".repeat(998));
    let taken = (0..100)
        .take_while(|number| status(&bob.ask(publish_stored("room", &payload, number))) == 1)
        .count();
    assert!((9..=11).contains(&taken), "{taken} messages of 1 kB fit into 10 kB");
}
