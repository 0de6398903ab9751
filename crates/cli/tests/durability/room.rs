//! No room for more: the disk is full, or the store has reached its limit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rialto_testkit::{Broker, Peer};
use serde_json::json;

use super::{acknowledge_all, launch, online, status, subscribe_for_later, until};
use crate::common::{Disk, acknowledge, frames, publish, publish_stored};

const PAYLOAD_BYTES: usize = 10_000;

#[test]
fn a_full_disk_refuses_qos_1_and_loses_nothing() {
    // J-74, J-88.
    let Some(disk) = Disk::try_new(16) else { return }; // The next test does without.
    let data_dir = format!("server.data_dir={}", disk.path().join("data").display());
    let mut broker = launch().set(&data_dir).start();
    let mut story = Story::begin(&broker);
    story.publish(&broker, 20);
    disk.fill();
    story.publish_until_refused(&broker);
    story.check_what_goes_on(&broker);

    disk.make_room();
    story.publish_until_accepted(&broker);
    broker.wait_for_log("line that it works again", |line| {
        line["message"] == "store writes succeed again"
    });
    story.publish(&broker, 5);
    broker.restart();
    story.check_nothing_is_lost(&broker);
}

#[test]
fn a_broker_whose_disk_is_full_starts_again_with_all_it_had() {
    let Some(disk) = Disk::try_new(16) else { return };
    let data_dir = format!("server.data_dir={}", disk.path().join("data").display());
    let mut broker = launch().set(&data_dir).start();
    let mut story = Story::begin(&broker);
    story.publish(&broker, 20);
    disk.fill();
    story.publish_until_refused(&broker);

    broker.restart();
    let mut bob = online(&broker, "bob");
    assert_eq!(status(&bob.ask(story.next_packet())), 5);
    story.check_nothing_is_lost(&broker);
    disk.make_room();
    story.publish_until_accepted(&broker);
    story.check_nothing_is_lost(&broker);
}

#[test]
fn a_store_at_its_limit_refuses_qos_1_until_its_subscriber_made_room() {
    // J-74, J-88: acknowledged messages make room.
    let mut broker = launch().set("store.bytes_max=1MiB").start();
    let mut story = Story::begin(&broker);
    story.publish_until_refused(&broker);
    story.check_what_goes_on(&broker);

    let mut ada = online(&broker, "ada");
    let mut ids = story.expect_all(&mut ada);
    let rest = ids.split_off(ids.len() - 3);
    acknowledge_all(&mut ada, &ids);
    ada.leave();
    story.acknowledged.drain(..ids.len());
    story.publish_until_accepted(&broker);
    story.publish(&broker, 5);
    broker.restart();

    let mut ada = online(&broker, "ada");
    assert_eq!(story.expect_all(&mut ada)[..3], rest, "the same ids as before");
}

#[test]
fn publishers_that_are_refused_do_not_keep_others_from_making_room() {
    // Their messages and the subscriber's acknowledgements come to the store together.
    let broker = launch().set("store.bytes_max=1MiB").start();
    let mut story = Story::begin(&broker);
    story.publish_until_refused(&broker);
    subscribe_for_later(&broker, "nobody", "flooded");

    let has_room = Arc::new(AtomicBool::new(false));
    let floods = [1, 2, 3].map(|index| {
        let mut flood = online(&broker, &format!("flood {index}"));
        let has_room = has_room.clone();
        thread::spawn(move || {
            let packet = publish_stored("flooded", json!("x".repeat(100_000)), "1");
            until("one of many publishes is taken", || {
                flood.send_raw(&frames(vec![packet.clone(); 10]));
                let taken = (0..10).filter(|_| status(&flood.recv()) == 1).count();
                has_room.fetch_or(0 < taken, Ordering::Relaxed);
                has_room.load(Ordering::Relaxed).then_some(())
            });
        })
    });
    let mut ada = online(&broker, "ada");
    let ids = story.expect_all(&mut ada);
    acknowledge_all(&mut ada, &ids);
    floods.into_iter().for_each(|flood| flood.join().unwrap());
}

/// One publisher, one persistent subscriber that is away, and what is between them.
struct Story {
    next: u64,
    /// Numbers whose pubAck came with status 1, and which the subscriber has not acknowledged.
    acknowledged: Vec<u64>,
}

impl Story {
    fn begin(broker: &Broker) -> Self {
        subscribe_for_later(broker, "ada", "room");
        Story { next: 0, acknowledged: Vec::new() }
    }

    fn next_packet(&mut self) -> String {
        let number = self.next;
        self.next += 1;
        publish_stored("room", json!([number, "x".repeat(PAYLOAD_BYTES)]), number)
    }

    /// Publishes one message and returns whether it was taken.
    fn publish_one(&mut self, bob: &mut Peer) -> bool {
        let number = self.next;
        let answer = bob.ask(self.next_packet());
        match status(&answer) {
            1 => self.acknowledged.push(number),
            5 => assert!(!answer["pubAck"]["mg"].as_str().unwrap().is_empty(), "{answer}"),
            _ => panic!("neither taken nor refused: {answer}"),
        }
        status(&answer) == 1
    }

    fn publish(&mut self, broker: &Broker, count: usize) {
        let mut bob = online(broker, "bob");
        for _ in 0..count {
            assert!(self.publish_one(&mut bob));
        }
    }

    fn publish_until_refused(&mut self, broker: &Broker) {
        let mut bob = online(broker, "bob");
        until("a full store refuses", || (!self.publish_one(&mut bob)).then_some(()));
    }

    fn publish_until_accepted(&mut self, broker: &Broker) {
        let mut bob = online(broker, "bob");
        until("there is room again", || self.publish_one(&mut bob).then_some(()));
    }

    /// Checks what a store without room means for everybody.
    fn check_what_goes_on(&mut self, broker: &Broker) {
        let refused = broker.wait_for_log("line of a store write error", |line| {
            line["message"].as_str().is_some_and(|text| text.starts_with("store write error"))
        });
        assert_eq!(refused["level"], "ERROR");
        assert!(refused.to_string().contains("no room is left"), "{refused}");
        assert!(0 < broker.stat("store_failures"));

        let mut eve = online(broker, "eve");
        let large_name = "x".repeat(250);
        let answer = until("persistent subscriptions are refused", || {
            // Small changes may still find room in a page that is there; names fill it up.
            let channel = format!("{}{large_name}", eve_channel(&mut self.next));
            let answer = eve.ask(json!({"sub": {"cn": channel, "pr": 1}}));
            (status(&answer) != 1).then_some(answer)
        });
        assert_eq!(status(&answer), 5, "{answer}");
        let channel = answer["subAck"]["cn"].as_str().unwrap().to_owned();
        let known = eve.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
        let names = known["pubAck"]["dt"]["channels"].as_array().unwrap();
        assert!(!names.contains(&json!(channel)), "a refused subscription is none");

        let mut bob = online(broker, "bob");
        // More than the leftovers of pages hold, wherever these are.
        let lamp = json!("x".repeat(64 << 10));
        let packet = publish_stored("lamp", &lamp, "lamp").replace("\"q\"", "\"rt\":1,\"q\"");
        assert_eq!(status(&bob.ask(packet)), 5);
        eve.subscribe("lamp");
        // Kept in memory only; the attempts to write it down must not get in anybody's way.
        bob.send(publish("big lamp", &lamp).replace("\"dt\"", "\"rt\":1,\"dt\""));
        bob.expect_silence();
        eve.subscribe("big lamp");
        eve.expect(json!({"push": {"cn": "big lamp", "dt": lamp, "cl": "bob", "rt": 1}}));
        eve.subscribe("news");
        bob.send(publish("news", 1));
        eve.expect(r#"{"push":{"cn":"news","dt":1,"cl":"bob"}}"#);
        bob.send(publish_stored("news", 2, "live"));
        bob.expect(r#"{"pubAck":{"st":1,"id":"live"}}"#);
        let push = eve.recv();
        assert_eq!(push["push"]["dt"], 2, "nothing has to be stored for it: {push}");
        eve.send(acknowledge(push["push"]["id"].as_str().unwrap()));
        eve.leave();
    }

    /// Checks that the subscriber gets exactly what was acknowledged to the publisher.
    fn check_nothing_is_lost(&self, broker: &Broker) {
        let mut ada = online(broker, "ada");
        self.expect_all(&mut ada);
        ada.leave();
    }

    /// Takes all that is stored for the subscriber and returns the ids.
    fn expect_all(&self, ada: &mut Peer) -> Vec<String> {
        let take = |number: &u64| {
            let push = ada.recv()["push"].take();
            assert_eq!(push["dt"][0], *number, "what was refused is not distributed");
            push["id"].as_str().unwrap().to_owned()
        };
        let ids = self.acknowledged.iter().map(take).collect();
        ada.expect_silence();
        ids
    }
}

fn eve_channel(next: &mut u64) -> u64 {
    *next += 1;
    *next
}
