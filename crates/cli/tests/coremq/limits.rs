//! What guards the server: headers that mean nothing, lengths, floods, peers that do not read
//! (C-8, C-16). Others are unharmed each time.

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
};

use rialto_testkit::{Broker, CoremqPeer, Ending, Peer, Transport};
use serde_json::json;

use crate::{SENT, check_serves, common::Dice, connect, start, subscriber};

#[test]
fn a_header_that_is_none_closes_that_connection_only() {
    // C-8, C-16: in an orderly way and with a last word, behind the answers to what came before.
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "a");
    let headers: [&[u8]; 14] = [
        b"a {}",
        b"+",
        b"+ 4 a {}",
        b"+x a {}",
        b"+4x a {}",
        b"-4 a {}",
        b"++4 a {}",
        b"+4\ta {}",
        b"+4.0 a {}",
        b"+99999999999 a {}",
        b"\0",
        b"\r\n",
        b"{\"pub\":{}}\0",
        b"\x16\x03\x01\x02",
    ];
    for transport in Transport::SOCKETS {
        for header in headers {
            let mut ada = CoremqPeer::connect(&broker, transport);
            ada.send_raw(&[b"+9 a {\"n\":1}", header, b"+9 a {\"n\":2}"].concat());
            assert_eq!(ada.recv().1, json!({"response": SENT}));
            ada.expect_last_word(0);
            assert_eq!(witness.expect_message("a"), json!({"n": 1}));
        }
    }
    witness.expect_silence();
    check_serves(&broker);
}

#[test]
fn a_frame_above_the_limit_closes_that_connection_only() {
    // C-8: as soon as its length is announced; a frame of the limit is served.
    const LIMIT: usize = 64 << 10;
    let broker = start(&["limits.packet_bytes_max=64KiB"]);
    let object = |chars: usize| {
        let around = "a {\"text\":\"\"}".len();
        json!({"text": "x".repeat(chars - around)})
    };
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.publish("a", object(LIMIT));
        ada.send("a", object(LIMIT + 1));
        let word = ada.expect_last_word(0);
        assert!(word.contains("65536"), "{word}");

        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.send_raw(b"+65537 ");
        ada.expect_last_word(0);
    }
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    ada.send("a", object(LIMIT + 100));
    ada.expect_last_word(1009);
    assert_eq!(broker.stat("closed_limit"), 5);
    check_serves(&broker);
}

#[test]
fn a_length_that_is_only_promised_costs_no_memory() {
    // C-8: on many connections that each promise 100 MB, and say a little of it.
    const PROMISES: usize = 50;
    let broker = start(&["limits.packet_bytes_max=128MiB", "limits.outbox_bytes_max=128MiB"]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let promising: Vec<_> = (0..PROMISES)
        .map(|_| {
            let mut ada = connect(&broker);
            ada.send_raw(b"+100000000 a {\"text\":\"");
            ada
        })
        .collect();
    check_serves(&broker);
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "the process has grown by {} KiB", grown >> 10);
    for ada in promising {
        ada.hang_up();
    }
}

#[test]
fn a_wrong_length_is_answered_or_ends_the_connection() {
    // C-8, C-9: too short, and the rest is no header; too long, and the next frame is part of it.
    let broker = start(&[]);
    for length in 0..=30 {
        let mut ada = connect(&broker);
        ada.send_raw(format!("+{length} a {{\"n\":1}}+9 a {{\"n\":2}}").as_bytes());
        ada.socket().shutdown(Shutdown::Write).unwrap();
        while let Ok((_, answer)) = ada.next() {
            assert!(answer["response"].is_string(), "{answer}");
        }
    }
    check_serves(&broker);
}

#[test]
fn noise_harms_nobody_else() {
    // C-8, C-9: of any bytes, and within frames.
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "witness");
    let mut dice = Dice::new(1);
    for round in 0..100 {
        let noise: Vec<u8> = (0..2048).map(|_| dice.within(0..256) as u8).collect();
        let mut ada = connect(&broker);
        if round % 2 == 0 {
            _ = ada.try_send_raw(&noise);
            ada.reset();
        } else {
            let mut frame = b"a {\"text\":\"hello\",\"n\":[1,2,3]}".to_vec();
            for byte in &noise[..4] {
                let at = dice.within(0..frame.len() as u64) as usize;
                frame[at] = *byte;
            }
            ada.send_frame(&frame);
            ada.socket().shutdown(Shutdown::Write).unwrap();
            while ada.next().is_ok() {}
        }
    }
    witness.expect_silence();
    check_serves(&broker);
}

#[test]
fn a_flood_of_messages_is_answered_in_full_or_held_back() {
    // C-12: a publisher that does not read its answers for long is read no further or closed, and
    // the memory stays within its outbox.
    let broker = start(&["limits.outbox_bytes_max=1MiB"]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let ada = connect(&broker);
    let burst = b"+4 a {}".repeat(10_000);
    let mut socket = ada.socket();
    socket.set_write_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
    let taken = (0..300).take_while(|_| socket.write_all(&burst).is_ok()).count();
    assert!(taken < 300, "all of it was taken without an answer being read");
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "the process has grown by {} KiB", grown >> 10);
    check_serves(&broker);
}

/// Publishes 40 MB to `a` that nobody reads but a witness, who gets all of it.
fn publish_more_than_fits(broker: &Broker) {
    const COUNT: usize = 1250;
    let mut witness = subscriber(broker, "a");
    let mut ada = connect(broker);
    let text = "x".repeat(32 << 10);
    for n in 0..COUNT {
        ada.publish("a", json!({"n": n, "text": text}));
        assert_eq!(witness.expect_message("a")["n"], n);
    }
}

const SLOW: [&str; 2] = ["limits.outbox_bytes_max=1MiB", "limits.packet_bytes_max=64KiB"];

fn sleepers(broker: &Broker) -> [CoremqPeer; 4] {
    Transport::ALL.map(|transport| {
        let mut sleeper = CoremqPeer::connect(broker, transport);
        sleeper.subscribe("a");
        sleeper
    })
}

#[test]
fn a_subscriber_that_does_not_read_loses_messages_and_harms_nobody() {
    // C-25: what it reads later is whole and in order, and then all is as before.
    let broker = start(&SLOW);
    let mut sleepers = sleepers(&broker);
    let before = broker.memory_bytes();
    publish_more_than_fits(&broker);
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "the process has grown by {} KiB", grown >> 10);
    assert!(0 < broker.stat("dropped_slow"));
    for sleeper in &mut sleepers {
        let request = if sleeper.transport().is_websocket() {
            r#"{"corews_status":1}"#
        } else {
            r#"{"coremq_status":1}"#
        };
        sleeper.send(if sleeper.transport().is_websocket() { "" } else { "-" }, request);
        let mut last = None;
        while let (_, message) = sleeper.recv()
            && message.get("connections").is_none()
        {
            let n = message["n"].as_u64();
            assert!(last < n, "{n:?} came behind {last:?}");
            last = n;
        }
    }
    connect(&broker).publish("a", r#"{"n":"still there"}"#);
    for sleeper in &mut sleepers {
        assert_eq!(sleeper.expect_message("a"), json!({"n": "still there"}));
    }
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_where_that_is_configured() {
    // C-15
    let broker = start(&[SLOW[0], SLOW[1], "delivery.slow_consumer=close"]);
    let sleepers = sleepers(&broker);
    publish_more_than_fits(&broker);
    assert_eq!(broker.stat("closed_limit"), 4);
    for mut sleeper in sleepers {
        let ending = loop {
            if let Err(ending) = sleeper.next() {
                break ending;
            }
        };
        assert!(matches!(ending, Ending::Cut | Ending::Reset | Ending::Eof), "{ending:?}");
    }
    check_serves(&broker);
}

#[test]
fn one_connection_too_many_is_told_so() {
    // C-16: in CoreMQ's own words; others stay.
    let broker = start(&["limits.connections_max=2"]);
    let mut ada = connect(&broker);
    let bob = Peer::online(&broker, Transport::Tcp, "bob");
    let address = broker.address_of("coremq");
    let mut eve = CoremqPeer::try_connect(&broker, address, Transport::Tcp, "").unwrap();
    let word = eve.expect_last_word(0);
    assert!(word.contains("2 connections"), "{word}");
    ada.expect_silence();
    bob.leave();
}

#[test]
fn a_connection_may_hold_so_many_subscriptions() {
    // C-18: one more is refused, and those there are stay.
    let broker = start(&["limits.subscriptions_max=3"]);
    let mut ada = connect(&broker);
    for queue in ["a", "b", "c", "c"] {
        ada.subscribe(queue);
    }
    let answer = ada.ask("-", r#"{"coremq_subscribe":"d"}"#);
    assert!(answer["response"].as_str().unwrap().contains("3 subscriptions"), "{answer}");
    ada.expect_response("-", r#"{"coremq_unsubscribe":"a"}"#, "OK: Unsubscribe successful");
    ada.subscribe("d");
    connect(&broker).publish("d", "{}");
    ada.expect_message("d");
}

#[test]
fn a_peer_that_ends_within_a_frame_is_forgotten() {
    // C-3, C-15: what was cut is no message.
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "a");
    let mut ada = connect(&broker);
    ada.send_raw(b"+9 a {\"n\":1}+9 a {\"n\":");
    ada.socket().shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    ada.socket().read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8(rest).unwrap().ends_with(r#"{"response":"OK: Message sent"}"#));
    assert_eq!(witness.expect_message("a"), json!({"n": 1}));
    witness.expect_silence();
}
