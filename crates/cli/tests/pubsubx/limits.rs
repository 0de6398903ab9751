//! What guards the server: messages without an end, floods, clients that do not read, noise (P-3 to
//! P-6, P-30, P-40). Others are unharmed each time.

use std::{
    io::Write as _,
    net::Shutdown,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use rialto_testkit::{Broker, PATIENCE, Peer, PubsubxPeer, Transport};
use serde_json::json;

use crate::{check_serves, common::Dice, online, start, subscriber};

/// Bytes that may wait for an end mark.
const KEPT: usize = 10 << 10;
/// Bytes of the longest message to a client.
const MESSAGE: usize = 10_240;

#[test]
fn a_message_without_an_end_is_thrown_away() {
    // P-4: the connection stays, and what follows counts as the beginning of a message.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = PubsubxPeer::online(&broker, transport, "ada");
        let mut bob = online(&broker, "bob");
        ada.subscribe("a");
        for _ in 0..5 {
            ada.send_raw(&[b"PUBLISH a ".as_slice(), &b"x".repeat(KEPT + 1)].concat());
            bob.expect_silence();
            ada.send_raw(b"\n\nxPUBLISH a 1\n\nx");
            ada.expect("a 1");
        }
        ada.leave();
        bob.leave();
    }
}

#[test]
fn a_message_of_the_limit_is_served_and_a_longer_one_is_not() {
    // P-4, P-6: with its end in the same write, and by itself.
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "ada", "a");
    let mut bob = online(&broker, "bob");
    for (data, comes) in [
        (1, true),
        (9000, true),
        (MESSAGE - "a \n\nx".len() - 10, true),
        (KEPT - "PUBLISH a ".len(), true),
        (KEPT - "PUBLISH a ".len() + 1, false),
        (20_000, false),
        (1 << 20, false),
    ] {
        let data = "x".repeat(data);
        bob.send(format!("PUBLISH a {data}"));
        bob.expect_silence();
        if comes {
            ada.expect(format!("a {data}"));
        }
        ada.expect_silence();
    }
}

#[test]
fn the_limit_is_a_setting() {
    // P-4
    let broker = start(&["pubsubx.request_bytes_max=64B"]);
    let mut ada = subscriber(&broker, "ada", "a");
    ada.send(format!("PUBLISH a {}", "x".repeat(54)));
    ada.expect(format!("a {}", "x".repeat(54)));
    ada.send(format!("PUBLISH a {}", "x".repeat(55)));
    ada.expect_silence();
}

#[test]
fn no_message_is_longer_than_the_original_client_takes() {
    // P-6: whoever published it; others get it, and the client what follows.
    let broker = start(&["pubsubx.request_bytes_max=1MiB"]);
    let mut ada = subscriber(&broker, "ada", "a");
    let mut jay = Peer::online(&broker, Transport::Tcp, "jay");
    jay.subscribe("a");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for (bytes, comes) in [
        (MESSAGE - 1, true),
        (MESSAGE, true),
        (MESSAGE + 1, false),
        (1 << 19, false),
        (MESSAGE, true),
    ] {
        let data = "x".repeat(bytes - "a \n\nx".len());
        bob.send(json!({"pub": {"cn": "a", "dt": data}}));
        bob.expect_silence();
        jay.expect(json!({"push": {"cn": "a", "dt": data, "cl": "bob"}}));
        if comes {
            ada.expect(format!("a {data}"));
        }
        ada.expect_silence();
    }
}

#[test]
fn a_flood_without_an_end_costs_no_memory() {
    // P-4, P-40
    let broker = start(&[]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut floods: Vec<_> = (0..20).map(|n| online(&broker, &format!("flood-{n}"))).collect();
    let megabyte = vec![b'x'; 1 << 20];
    for flood in &mut floods {
        for _ in 0..5 {
            flood.send_raw(&megabyte);
        }
    }
    check_serves(&broker);
    check_growth(&broker, before, 16);
    for mut flood in floods {
        flood.send_raw(b"\n\nx");
        flood.expect_silence();
        flood.leave();
    }
}

#[track_caller]
fn check_growth(broker: &Broker, before: usize, mebibytes_max: usize) {
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < mebibytes_max << 20, "the process has grown by {} KiB", grown >> 10);
}

#[test]
fn a_client_that_does_not_read_loses_whole_messages_and_harms_nobody() {
    // P-30: what it reads later is whole and in order; delivered and dropped are what was
    // published.
    const COUNT: usize = 5000;
    let broker = start(&[
        "limits.outbox_bytes_max=64KiB",
        "limits.packet_bytes_max=64KiB",
        "delivery.publisher_stall_max=0s",
    ]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut sleepers = Transport::SOCKETS.map(|transport| {
        let mut sleeper = PubsubxPeer::online(&broker, transport, &format!("sleeper-{transport}"));
        sleeper.subscribe("a");
        sleeper.subscribe("end");
        sleeper
    });
    let mut witness = subscriber(&broker, "witness", "a");
    let mut bob = online(&broker, "bob");
    let filler = "x".repeat(8000);
    for n in 0..COUNT {
        bob.send(format!("PUBLISH a {n} {filler}"));
        witness.expect(format!("a {n} {filler}"));
    }
    check_growth(&broker, before, 32);
    let dropped = broker.stat("dropped_slow") as usize;
    assert!(0 < dropped);
    let ended = AtomicUsize::new(0);
    let received: usize = thread::scope(|scope| {
        let readers: Vec<_> = sleepers
            .iter_mut()
            .map(|sleeper| {
                scope.spawn(|| {
                    let received = read_in_order(sleeper, &filler);
                    ended.fetch_add(1, Ordering::Relaxed);
                    received
                })
            })
            .collect();
        // As often as it takes until there is room for it.
        let started = Instant::now();
        while ended.load(Ordering::Relaxed) < readers.len() && started.elapsed() < PATIENCE {
            bob.publish("end", "");
        }
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(received + dropped, 2 * COUNT);
    for sleeper in &mut sleepers {
        bob.publish("a", "live");
        while sleeper.recv() != "a live" {}
    }
    check_serves(&broker);
}

/// Reads until there is an end, and returns how many messages that were.
#[track_caller]
fn read_in_order(sleeper: &mut PubsubxPeer, filler: &str) -> usize {
    let (mut received, mut next) = (0, 0);
    loop {
        let message = sleeper.recv();
        if message == "end " {
            return received;
        }
        let (n, rest) = message.strip_prefix("a ").unwrap().split_once(' ').unwrap();
        let n: usize = n.parse().unwrap();
        assert!(next <= n && rest == filler, "{n} after {next}");
        next = n + 1;
        received += 1;
    }
}

#[test]
fn noise_harms_nobody_else() {
    // P-3, P-40: of any bytes, and within commands.
    let broker = start(&[]);
    let mut witness = subscriber(&broker, "witness", "witness");
    let mut dice = Dice::new(1);
    for round in 0..150 {
        let noise: Vec<u8> = (0..2048).map(|_| dice.within(0..256) as u8).collect();
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        match round % 3 {
            0 => {
                _ = ada.try_send_raw(&noise);
                ada.reset();
                continue;
            }
            1 => {
                ada.send(format!("CONNECT ada-{round}"));
                _ = ada.try_send_raw(&noise);
            }
            _ => {
                let mut said = b"CONNECT ada\n\nxSUBSCRIBE a\n\nxPUBLISH a 1\n\nx".to_vec();
                for byte in &noise[..4] {
                    let at = dice.within(0..said.len() as u64) as usize;
                    said[at] = *byte;
                }
                _ = ada.try_send_raw(&said);
            }
        }
        _ = ada.socket().shutdown(Shutdown::Write);
        while ada.next().is_ok() {}
    }
    witness.expect_silence();
    check_serves(&broker);
}

#[test]
fn what_other_protocols_say_is_no_session() {
    // P-13, P-40, P-50
    let broker = start(&["limits.authenticate_timeout=500ms"]);
    let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
    ada.send_raw(b"{\"conn\":{}}\0");
    let word = ada.recv();
    assert!(word.starts_with("ERROR: This port speaks PubSubX"), "{word}");
    ada.expect_goodbye();
    for said in [&b"+9 a {\"n\":1}"[..], b"\x16\x03\x01\x02", b"GET it"] {
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        ada.send_raw(said);
        ada.expect_goodbye();
    }
    check_serves(&broker);
}

#[test]
fn resets_in_every_state_harm_nobody_else() {
    // P-40: also with much under way to the one that is reset.
    let broker = start(&["delivery.publisher_stall_max=0s"]);
    let mut witness = subscriber(&broker, "witness", "witness");
    let mut bob = online(&broker, "bob");
    let filler = "x".repeat(9000);
    for round in 0..40 {
        let name = format!("ada-{round}");
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        match round % 4 {
            0 => {}
            1 => ada.send(format!("CONNECT {name}")),
            2 => {
                ada.send(format!("CONNECT {name}"));
                ada.expect(crate::ACCEPTED);
                ada.subscribe("a");
                for _ in 0..200 {
                    bob.send(format!("PUBLISH a {filler}"));
                }
                bob.expect_silence();
            }
            _ => {
                ada.send_all([format!("CONNECT {name}"), "SUBSCRIBE a".to_owned()]);
                ada.send_raw(b"PUBLISH a half");
            }
        }
        ada.reset();
        bob.publish("witness", &round.to_string());
        witness.expect(format!("witness {round}"));
    }
    check_serves(&broker);
}

#[test]
fn too_many_subscriptions_are_refused_without_a_word() {
    // P-19, P-40
    let broker = start(&["limits.subscriptions_max=10", "limits.channel_name_bytes_max=20"]);
    let mut ada = online(&broker, "ada");
    ada.send(format!("SUBSCRIBE {}", "x".repeat(21)));
    ada.send_all((0..20).map(|n| format!("SUBSCRIBE t{n}")));
    ada.send_all((0..20).map(|n| format!("PUBLISH t{n} 1")));
    for n in 0..10 {
        ada.expect(format!("t{n} 1"));
    }
    ada.send_all(["UNSUBSCRIBE t0", "SUBSCRIBE t15", "PUBLISH t15 1"]);
    ada.expect("t15 1");
}

#[test]
fn much_that_is_sent_at_once_is_served_without_much_memory() {
    // P-2, P-40: a publisher whose messages nobody wants.
    let broker = start(&[]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut ada = online(&broker, "ada");
    let burst = b"PUBLISH a 1\n\nx".repeat(10_000);
    for _ in 0..50 {
        ada.socket().write_all(&burst).unwrap();
    }
    ada.expect_silence();
    check_growth(&broker, before, 16);
}
