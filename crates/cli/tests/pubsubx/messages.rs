//! Subscribing and publishing (P-8 to P-10, P-19 to P-29).

use rialto_testkit::{PubsubxPeer, Transport};

use crate::{online, start, subscriber};

#[test]
fn what_is_published_comes_to_all_subscribers_of_exactly_this_topic() {
    // P-19, P-23, P-24
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    for transport in Transport::SOCKETS {
        let mut ada = PubsubxPeer::online(&broker, transport, "ada");
        let mut eve = PubsubxPeer::online(&broker, transport, "eve");
        for topic in ["a", "Grüße", "*", "a/#"] {
            ada.subscribe(topic);
        }
        eve.subscribe("a");
        for topic in ["A", "aa", "b", "a/b", "a\n", "a", "Grüße", "*", "a/#"] {
            bob.publish(topic, "hello");
        }
        for topic in ["a", "Grüße", "*", "a/#"] {
            ada.expect(format!("{topic} hello"));
        }
        ada.expect_silence();
        eve.expect("a hello");
        eve.expect_silence();
        ada.leave();
        eve.leave();
    }
}

#[test]
fn a_publisher_that_is_subscribed_gets_its_own_message() {
    // P-25: whatever the server does for others.
    for echo in ["delivery.echo=false", "delivery.echo=true"] {
        let broker = start(&[echo]);
        let mut ada = subscriber(&broker, "ada", "a");
        ada.send("PUBLISH a 1");
        ada.expect("a 1");
        ada.expect_silence();
    }
}

#[test]
fn data_comes_as_it_was_sent() {
    // P-8, P-23, P-26, P-27
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "ada", "a");
    let mut bob = online(&broker, "bob");
    for data in [
        "",
        " ",
        "  1  ",
        "\n",
        "\n\n",
        "x",
        "\n\n\n",
        "\r\n",
        "a\n\ny",
        "\t\u{1}\u{7f}\0",
        "\"",
        "\\n \\\\ \\u0041",
        "{\"n\": 1 }",
        "null",
        "größer 日本 😀",
        "a\u{301}\u{feff}\u{2028}",
    ] {
        bob.publish("a", data);
        ada.expect(format!("a {data}"));
    }
    // A topic without a blank behind it.
    bob.send("PUBLISH a");
    ada.expect("a ");
}

#[test]
fn commands_without_a_topic_and_other_words_are_ignored() {
    // P-9, P-10
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "ada", "a");
    for message in [
        "PUBLISH",
        "PUBLISH ",
        "PUBLISH  a",
        "SUBSCRIBE",
        "SUBSCRIBE ",
        "UNSUBSCRIBE",
        "UNSUBSCRIBE ",
        "unsubscribe a",
        "publish a 1",
        "Publish a 1",
        "disconnect",
        " DISCONNECT",
        "PUBLISH\na 1",
        "PING",
        "PUBLISHED a 1",
    ] {
        ada.send(message);
        ada.expect_silence();
    }
    online(&broker, "bob").publish("a", "1");
    ada.expect("a 1");
}

#[test]
fn subscribing_twice_is_the_same_as_once() {
    // P-20, P-21, P-22
    let broker = start(&[]);
    let mut ada = online(&broker, "ada");
    let mut bob = online(&broker, "bob");
    ada.send_all(["SUBSCRIBE a", "SUBSCRIBE a", "SUBSCRIBE a and more"]);
    ada.expect_silence();
    bob.publish("a", "1");
    ada.expect("a 1");
    ada.send_all(["UNSUBSCRIBE b", "UNSUBSCRIBE A", "UNSUBSCRIBE a"]);
    ada.expect_silence();
    bob.publish("a", "2");
    ada.send("UNSUBSCRIBE a");
    ada.expect_silence();
    ada.subscribe("a");
    bob.publish("a", "3");
    ada.expect("a 3");
    ada.expect_silence();
}

#[test]
fn a_message_that_nobody_wants_is_dropped() {
    // P-29
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    bob.publish("a", "1");
    let mut ada = subscriber(&broker, "ada", "a");
    ada.expect_silence();
    bob.publish("a", "2");
    ada.expect("a 2");
}

#[test]
fn messages_of_one_publisher_come_in_their_order_to_everybody() {
    // P-28: several publishers at once.
    const COUNT: usize = 2000;
    let broker = start(&[]);
    let mut readers: Vec<_> =
        (0..3).map(|n| subscriber(&broker, &format!("reader-{n}"), "a")).collect();
    let mut writers: Vec<_> = (0..3).map(|n| online(&broker, &format!("writer-{n}"))).collect();
    for first in (0..COUNT).step_by(100) {
        for (writer, peer) in writers.iter_mut().enumerate() {
            peer.send_all((first..first + 100).map(|n| format!("PUBLISH a {writer} {n}")));
        }
    }
    for reader in &mut readers {
        let mut next = [0; 3];
        for _ in 0..3 * COUNT {
            let message = reader.recv();
            let mut words = message.split(' ').skip(1).map(|word| word.parse::<usize>().unwrap());
            let (writer, n) = (words.next().unwrap(), words.next().unwrap());
            assert_eq!(n, next[writer], "of writer {writer}");
            next[writer] += 1;
        }
        reader.expect_silence();
    }
}

#[test]
fn commands_of_one_segment_take_effect_in_their_order() {
    // P-2, P-19, P-21
    let broker = start(&[]);
    let mut ada = online(&broker, "ada");
    ada.send_all([
        "PUBLISH a 1",
        "SUBSCRIBE a",
        "PUBLISH a 2",
        "UNSUBSCRIBE a",
        "PUBLISH a 3",
        "SUBSCRIBE a",
        "PUBLISH a 4",
    ]);
    ada.expect("a 2");
    ada.expect("a 4");
    ada.expect_silence();
}
