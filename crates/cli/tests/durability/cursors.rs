//! How far each persistent subscriber has come, and how much is on its way to it.

use std::ops::Range;

use rialto_testkit::Peer;
use serde_json::json;

use super::{
    acknowledge_all, expect_numbers, launch, online, publish_numbers, subscribe_for_later,
};
use crate::common::{acknowledge, frames, publish_stored};

#[test]
fn what_was_acknowledged_does_not_come_again_after_a_graceful_restart() {
    // J-68, J-77: the last acknowledgements come right before the stop and are in memory only.
    let mut broker = launch().start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..40);
    let ids = expect_numbers(&mut ada, "room", 0..40);
    let is_acknowledged = |number: u64| number < 10 || number.is_multiple_of(3);
    let (done, left): (Vec<_>, Vec<_>) =
        (0..40).zip(ids).partition(|(number, _)| is_acknowledged(*number));
    let done_ids: Vec<String> = done.into_iter().rev().map(|(_, id)| id).collect();
    acknowledge_all(&mut ada, &done_ids);
    assert!(broker.terminate().0.success());

    broker.restart();
    let mut ada = online(&broker, "ada");
    let ids = expect_numbers(&mut ada, "room", left.iter().map(|(number, _)| *number));
    assert_eq!(ids, left.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    ada.expect_silence();
    acknowledge_all(&mut ada, &ids);
    assert!(broker.terminate().0.success());

    broker.restart();
    online(&broker, "ada").expect_silence();
}

#[test]
fn acknowledgements_are_written_down_however_quick_the_stop() {
    // J-68: with nobody connected a stop takes less time than they stay in memory otherwise.
    let mut broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    for round in 0..8 {
        let mut bob = online(&broker, "bob");
        publish_numbers(&mut bob, "room", round..round + 1);
        bob.leave();
        let mut ada = online(&broker, "ada");
        let ids = expect_numbers(&mut ada, "room", round..round + 1);
        ada.expect_silence();
        acknowledge_all(&mut ada, &ids);
        ada.leave();
        assert!(broker.terminate().0.success());
        broker.restart();
    }
}

#[test]
fn what_was_acknowledged_does_not_come_again_to_a_client_that_reconnects_at_once() {
    // J-68, J-77: in memory and from the store alike, and in order around the gaps.
    let broker = launch().start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..10);
    let ids = expect_numbers(&mut ada, "room", 0..10);
    ada.send_raw(&frames([0, 4, 5, 9].map(|index: usize| acknowledge(&ids[index]))));
    ada.leave();

    let mut ada = online(&broker, "ada");
    let again = expect_numbers(&mut ada, "room", [1, 2, 3, 6, 7, 8]);
    assert_eq!(again, [1, 2, 3, 6, 7, 8].map(|index: usize| ids[index].clone()));
    ada.expect_silence();
}

#[test]
fn no_more_than_the_window_is_under_way() {
    // J-78: to one who was away, and to one who is there while it is published.
    let broker = launch().set("limits.unacknowledged_max=5").start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..30);
    let mut ada = online(&broker, "ada");
    for numbers in [0..30, 30..60] {
        let windows = receive_in_windows(&mut ada, numbers.clone());
        assert!(windows.iter().all(|count| *count <= 5), "{windows:?}");
        assert!(windows.contains(&5), "all of the window is used: {windows:?}");
        publish_numbers(&mut bob, "room", numbers.end..numbers.end + 30);
    }
}

#[test]
fn no_more_bytes_than_half_an_outbox_are_under_way() {
    // J-78: large messages fill the window before their number does.
    let broker =
        launch().set("limits.outbox_bytes_max=64KiB").set("limits.packet_bytes_max=64KiB").start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    let filler = "x".repeat(10_000);
    for number in 0..30 {
        bob.send(publish_stored("room", json!([number, filler]), number));
        bob.expect(json!({"pubAck": {"st": 1, "id": number.to_string()}}));
    }
    let mut ada = online(&broker, "ada");
    let windows = receive_in_windows(&mut ada, 0..30);
    // Half the outbox takes three, and one more may begin below the limit and end above it.
    assert!(windows.iter().all(|count| *count <= 4), "{windows:?}");
}

/// Receives numbers in order, alone or first in a list, and acknowledges them only when a heartbeat
/// shows that no more are under way; returns how many were under way each time.
fn receive_in_windows(subscriber: &mut Peer, numbers: Range<u64>) -> Vec<usize> {
    let mut windows = Vec::new();
    let mut next = numbers.start;
    while next < numbers.end {
        subscriber.send(r#"{"hb":{}}"#);
        let mut ids = Vec::new();
        loop {
            let packet = subscriber.recv();
            if packet.get("hbAck").is_some() {
                break;
            }
            let payload = &packet["push"]["dt"];
            assert_eq!(payload.get(0).unwrap_or(payload), next, "in order");
            next += 1;
            ids.push(packet["push"]["id"].as_str().unwrap().to_owned());
        }
        subscriber.send_raw(&frames(ids.iter().map(acknowledge)));
        windows.push(ids.len());
    }
    windows
}
