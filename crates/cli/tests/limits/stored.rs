//! What is stored does not have to be in memory: a broker with many known clients takes hardly more than
//! one with few, and serves each of them.
//!
//! The size that is promised, 1,000,000 clients and 10,000,000 messages, is that of
//! `RIALTO_STORED_CLIENTS=1000000 cargo nextest run -p rialto-cli --run-ignored all a_million_clients`.

use std::time::Instant;

use rialto_testkit::{Broker, PATIENCE, Peer, Transport};
use rusqlite::Connection;

use super::launch;

/// Messages of one page, as a busy publisher writes them.
const PAGE_COUNT: u64 = 100;

/// What is put into the store besides clients, for each so many of them: a channel that they all read,
/// with ten messages a client, and for each tenth client a channel that retains a message.
const CLIENTS_A_CHANNEL: u64 = 100;

/// Bytes by which the process may grow for each stored client and its share of all else. One in memory
/// would take some 600.
const BYTES_A_CLIENT_MAX: u64 = 200;

#[test]
fn memory_follows_who_is_there_and_not_who_is_stored() {
    let (few, many) = (memory_with(1_000), memory_with(50_000));
    let each = many.saturating_sub(few) / 49_000;
    eprintln!("{few} bytes with few clients, {many} with many: {each} a client");
    assert!(each <= BYTES_A_CLIENT_MAX, "{each} bytes a client");
}

#[test]
#[ignore = "builds a store of a gigabyte; run by hand, as described above"]
fn a_million_clients_are_known_at_once() {
    let clients = std::env::var("RIALTO_STORED_CLIENTS").unwrap().parse().unwrap();
    let memory = memory_with(clients);
    assert!(memory <= 200 << 20, "{memory} bytes");
}

/// Starts a broker on a store with so many clients, serves one of them, and returns what the process takes.
fn memory_with(clients: u64) -> u64 {
    let mut broker = launch().start();
    broker.terminate();
    fill(&Connection::open(broker.data_dir().join("rialto.db")).unwrap(), clients);
    let began = Instant::now();
    broker.restart();
    eprintln!("{clients} clients: started in {:?}", began.elapsed());
    for client in [0, clients / 2, clients - 1] {
        check_is_served(&broker, client);
    }
    broker.memory_bytes() as u64
}

/// Has a stored client connect: it gets the messages that wait for it, and what comes.
fn check_is_served(broker: &Broker, client: u64) {
    let began = Instant::now();
    let mut peer = Peer::online(broker, Transport::Tcp, &format!("client-{client}"));
    eprintln!("client-{client}: connected in {:?}", began.elapsed());
    let channel = format!("room-{}", client / CLIENTS_A_CHANNEL);
    let stored = 10 * CLIENTS_A_CHANNEL;
    for number in 0..stored {
        let push = peer.recv();
        let push = &push["push"];
        assert_eq!((&push["cn"], &push["cl"]), (&channel.clone().into(), &"filler".into()));
        peer.send(format!(r#"{{"pushAck":{{"id":{}}}}}"#, push["id"]));
        assert_eq!(push["dt"], number % PAGE_COUNT);
    }
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    bob.send(format!(r#"{{"pub":{{"cn":"{channel}","dt":"new","q":1,"id":"1"}}}}"#));
    bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    assert_eq!(peer.recv()["push"]["dt"], "new");
    assert!(began.elapsed() < PATIENCE);
}

/// Puts into an empty store what so many clients leave behind.
fn fill(store: &Connection, clients: u64) {
    let (channels, retained) = (clients / CLIENTS_A_CHANNEL, clients / 10);
    let pages = 10 * CLIENTS_A_CHANNEL / PAGE_COUNT;
    let payloads: Vec<u8> =
        (0..PAGE_COUNT).flat_map(|number| format!("\x1E{number}\n").into_bytes()).collect();
    store.execute_batch("BEGIN").unwrap();
    for (sql, count) in [
        ("INSERT INTO client (name, seen_ms, served_ms) SELECT 'client-' || n, 1, 1", clients),
        (
            "INSERT INTO log (id, kind, name, last, trimmed) SELECT n + 1, 0, 'room-' || n, ?2, 0",
            channels,
        ),
        (
            "INSERT INTO cursor (owner_kind, owner, log, floor)
             SELECT 0, 'client-' || n, n / ?3 + 1, 0",
            clients,
        ),
    ] {
        let sql = format!(
            "{sql} FROM (WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL
                           SELECT n + 1 FROM numbers WHERE n + 1 < ?1) SELECT n FROM numbers)"
        );
        let mut insert = store.prepare(&sql).unwrap();
        let all = [count, 10 * CLIENTS_A_CHANNEL, CLIENTS_A_CHANNEL];
        let used = insert.parameter_count();
        insert.execute(rusqlite::params_from_iter(all.into_iter().take(used))).unwrap();
    }
    let mut page = store
        .prepare(
            "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads, served_ms)
             VALUES (?1, ?2, ?3, ?4, 1, 'filler', ?5, ?6, 1)",
        )
        .unwrap();
    let (length, crc) = (payloads.len(), crc32(&payloads));
    for log in 1..=channels {
        for number in 1..=pages {
            let row = (log, number * PAGE_COUNT, PAGE_COUNT, length, crc, &payloads);
            page.execute(row).unwrap();
        }
    }
    let mut retain = store
        .prepare("INSERT INTO retained (channel, publisher, crc, payload) VALUES (?1, '', ?2, ?3)")
        .unwrap();
    for number in 0..retained {
        let payload = number.to_string().into_bytes();
        retain.execute((format!("lamp-{number}"), crc32(&payload), payload)).unwrap();
    }
    store.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// The checksum that the store keeps of payloads: CRC-32 of IEEE 802.3.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}
