//! Getting lost and coming back (P-34 to P-38, P-40).

use std::time::{Duration, Instant};

use rialto_testkit::{Broker, PATIENCE, Peer, PubsubxPeer, Transport};
use serde_json::json;

use crate::{TAKEN, back, online, start, subscriber, wait_for};

/// The least time between the first answer and what was kept. It is made 50 milliseconds long; a
/// reader that is late to see the first sees less of it.
const PAUSE_MIN: Duration = Duration::from_millis(25);

/// Connects with a lost client's name, and returns all that its first read gives.
#[track_caller]
fn first_read(broker: &Broker, name: &str) -> (PubsubxPeer, Vec<u8>) {
    let started = Instant::now();
    loop {
        let mut peer = PubsubxPeer::connect(broker, Transport::Tcp);
        peer.send(format!("CONNECT {name}"));
        let read = peer.read_once(64 << 10);
        if read != format!("{TAKEN}\n\nx").as_bytes() {
            return (peer, read);
        }
        assert!(started.elapsed() < PATIENCE, "{name} does not get lost");
    }
}

#[test]
fn a_lost_client_comes_back_to_its_topics_and_to_what_it_missed() {
    // P-34, P-36, P-38: however it was lost, over either transport.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for (round, transport) in Transport::SOCKETS.into_iter().cycle().take(8).enumerate() {
        let name = format!("ada-{round}");
        let mut ada = PubsubxPeer::online(&broker, transport, &name);
        for topic in ["a", "Grüße", "gone"] {
            ada.subscribe(topic);
        }
        ada.send("UNSUBSCRIBE gone");
        ada.expect_silence();
        if round % 4 < 2 {
            ada.hang_up()
        } else {
            ada.reset()
        }
        wait_for(&broker, "client lost", &name);
        for n in 0..100 {
            bob.publish(if n % 3 == 0 { "Grüße" } else { "a" }, &n.to_string());
            bob.publish("gone", "no");
        }
        let (mut ada, topics) = PubsubxPeer::back(&broker, transport, &name);
        assert_eq!(topics, ["Grüße", "a"]);
        for n in 0..100 {
            ada.expect(format!("{} {n}", if n % 3 == 0 { "Grüße" } else { "a" }));
        }
        ada.expect_silence();
        bob.publish("a", "live");
        ada.expect("a live");
        ada.leave();
    }
    assert_eq!((broker.stat("sessions_lost"), broker.stat("sessions_restored")), (8, 8));
}

#[test]
fn the_answer_is_one_segment_and_what_was_kept_comes_later() {
    // P-36, P-37, P-38: the first read gets both messages and nothing else; some time passes then.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for round in 0..10 {
        let name = format!("ada-{round}");
        let mut ada = online(&broker, &name);
        ada.subscribe("a");
        ada.subscribe("b");
        ada.reset();
        wait_for(&broker, "client lost", &name);
        bob.publish("a", "1");
        bob.publish("b", "2");
        let (mut ada, read) = first_read(&broker, &name);
        let heard_at = Instant::now();
        let text = String::from_utf8(read).unwrap();
        let either = ["a b", "b a"].map(|topics| format!("RESTORED {name}\n\nx{topics}\n\nx"));
        assert!(either.contains(&text), "{text:?}");
        ada.expect("a 1");
        let pause = heard_at.elapsed();
        assert!(PAUSE_MIN <= pause, "what was kept came {pause:?} later");
        ada.expect("b 2");
        ada.leave();
    }
}

#[test]
fn what_is_published_during_the_pause_comes_behind_what_was_kept() {
    // P-28, P-38: and what the client itself asks for in it is done.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for round in 0..10 {
        let name = format!("ada-{round}");
        subscriber(&broker, &name, "a").reset();
        wait_for(&broker, "client lost", &name);
        bob.publish("a", "1");
        let (mut ada, _) = first_read(&broker, &name);
        ada.send_all(["SUBSCRIBE b", "PUBLISH a 2"]);
        bob.publish("a", "3");
        let mut heard: Vec<_> = (0..3).map(|_| ada.recv()).collect();
        assert_eq!(heard.remove(0), "a 1");
        heard.sort_unstable();
        assert_eq!(heard, ["a 2", "a 3"]);
        bob.publish("b", "4");
        ada.expect("b 4");
        ada.send("UNSUBSCRIBE a");
        ada.expect_silence();
        ada.leave();
    }
}

#[test]
fn what_is_lost_in_the_pause_is_not_lost() {
    // P-34, P-38: one that is gone again before it got what was kept gets it the next time.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    subscriber(&broker, "ada", "a").reset();
    wait_for(&broker, "client lost", "ada");
    for n in 0..10 {
        bob.publish("a", &n.to_string());
        let (ada, _) = first_read(&broker, "ada");
        ada.reset();
    }
    let mut ada = back(&broker, "ada", &["a"]);
    // One that was reset late may have been sent some; what is kept is a last part, in order.
    let first = ada.recv();
    let first: u32 = first.strip_prefix("a ").unwrap().parse().unwrap();
    for n in first + 1..10 {
        ada.expect(format!("a {n}"));
    }
    ada.expect_silence();
}

#[test]
fn unsubscribing_in_the_pause_holds_for_what_was_kept_and_for_what_comes() {
    // P-21: what stays is unharmed.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    let mut ada = subscriber(&broker, "ada", "a");
    ada.subscribe("b");
    ada.reset();
    wait_for(&broker, "client lost", "ada");
    bob.publish("b", "1");
    let (mut ada, _) = first_read(&broker, "ada");
    ada.send("UNSUBSCRIBE a");
    ada.expect("b 1");
    ada.expect_silence();
    bob.publish("a", "2");
    bob.publish("b", "3");
    ada.expect("b 3");
    ada.expect_silence();
}

#[test]
fn a_client_without_topics_is_restored_too() {
    // P-36: with an empty second message.
    let broker = start(&[]);
    online(&broker, "ada").hang_up();
    let (mut ada, read) = first_read(&broker, "ada");
    assert_eq!(read, b"RESTORED ada\n\nx\n\nx");
    ada.expect_silence();
}

#[test]
fn the_answer_never_has_more_than_1024_bytes() {
    // P-37: it names whole topics, as many as there is room for; all subscriptions go on.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for (name, topics) in [("ada".to_owned(), 500), ("n".repeat(255), 40), ("日本".repeat(40), 40)]
    {
        let topic = |n: usize| format!("topic-{n}-ä");
        let mut ada = online(&broker, &name);
        ada.send_all((0..topics).map(|n| format!("SUBSCRIBE {}", topic(n))));
        ada.expect_silence();
        ada.reset();
        wait_for(&broker, "client lost", &name);
        bob.publish(&topic(topics - 1), "1");
        let (mut ada, read) = first_read(&broker, &name);
        assert!(read.len() <= 1024, "{} bytes", read.len());
        let text = String::from_utf8(read).unwrap();
        let named = text.strip_prefix(&format!("RESTORED {name}\n\nx")).unwrap();
        let named = named.strip_suffix("\n\nx").unwrap();
        let all: Vec<_> = (0..topics).map(topic).collect();
        assert!(named.split(' ').all(|it| all.iter().any(|topic| topic == it)), "{named}");
        ada.expect(format!("{} 1", all[topics - 1]));
        for topic in &all {
            bob.send(format!("PUBLISH {topic} 2"));
            ada.expect(format!("{topic} 2"));
        }
        ada.leave();
    }
}

#[test]
fn a_long_name_leaves_room_for_no_topic() {
    // P-36, P-37: and for nothing else. It is restored all the same.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for length in [1000, 1008] {
        let name = "n".repeat(length);
        subscriber(&broker, &name, "topic-of-some-length").hang_up();
        let (mut ada, read) = first_read(&broker, &name);
        assert_eq!(read, format!("RESTORED {name}\n\nx\n\nx").as_bytes());
        bob.publish("topic-of-some-length", "1");
        ada.expect("topic-of-some-length 1");
    }
}

#[test]
fn a_client_may_get_lost_again_and_again() {
    // P-34, P-36, P-40: nothing is forgotten, and nothing comes twice.
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    let mut witness = subscriber(&broker, "witness", "a");
    let mut ada = subscriber(&broker, "ada", "a");
    for round in 0..30 {
        if round % 2 == 0 {
            ada.reset()
        } else {
            ada.hang_up()
        }
        bob.publish("a", &round.to_string());
        ada = back(&broker, "ada", &["a"]);
        // A reset that the broker notices after the message may cost it.
        if round % 2 == 1 {
            ada.expect(format!("a {round}"));
            ada.expect_silence();
        } else {
            ada.send("PUBLISH a mark");
            while ada.recv() != "a mark" {}
            witness.expect(format!("a {round}"));
            witness.expect("a mark");
            continue;
        }
        witness.expect(format!("a {round}"));
    }
    witness.expect_silence();
}

#[test]
fn the_name_of_a_lost_client_is_not_free_for_another_dialect() {
    // P-44: nor is its session.
    let broker = start(&[]);
    subscriber(&broker, "ada", "a").hang_up();
    let mut other = Peer::connect(&broker, Transport::Tcp);
    let granted = other.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
    let token = &granted["authAck"]["at"];
    let answer = other.ask(json!({"conn": {"cl": "ada", "at": token}}));
    assert_eq!(answer["connAck"]["st"], 7, "{answer}");
    back(&broker, "ada", &["a"]).expect_silence();
}
