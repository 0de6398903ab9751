//! What guards the cache against its clients. After each the cache serves others as before.

use rialto_testkit::Broker;

use crate::{Client, check_serves, start};

const MIB: usize = 1 << 20;

#[test]
fn a_value_of_the_limit_is_stored_and_a_longer_one_is_refused() {
    let broker = start(&[]);
    let mut client = Client::connect(&broker);
    assert_eq!(set(&mut client, "k", MIB), "STORED");
    assert_eq!(set(&mut client, "k", MIB + 1), "SERVER_ERROR object too large for cache");
    // As in memcached, what the client takes to be replaced is gone.
    client.play("> get k\n< END");
    check_serves(&broker);
}

#[test]
fn a_huge_value_is_passed_over_without_being_kept() {
    let broker = start(&[]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut client = Client::connect(&broker);
    assert_eq!(set(&mut client, "k", 200 * MIB), "SERVER_ERROR object too large for cache");
    client.play("> get k\n< END");
    check_grown_less_than(&broker, before, 16 * MIB);
}

#[test]
fn a_line_without_an_end_closes_its_connection() {
    let broker = start(&[]);
    for line in [format!("get {}", "k".repeat(MIB)), "x".repeat(MIB), "\0".repeat(4096)] {
        let mut client = Client::connect(&broker);
        // The server may have closed it before all is sent.
        _ = client.try_send(line.as_bytes());
        client.expect_end();
    }
    check_serves(&broker);
}

#[test]
fn garbage_is_answered_with_errors_and_does_no_harm() {
    let broker = start(&[]);
    let mut client = Client::connect(&broker);
    client.send(b"\x80\x00\x00\x01\xff\xfe\n\n{\"conn\":{}}\0\n");
    for _ in 0..3 {
        client.expect("ERROR");
    }
    client.play(
        "
        > set k 0 0 2
        > abcd
        < CLIENT_ERROR bad data chunk
        < ERROR
        > version extra
        < VERSION 0.1.0
        ",
    );
    let key = "k".repeat(251);
    assert_eq!(client.ask(&format!("get {key}")), "CLIENT_ERROR bad command line format");
    check_serves(&broker);
}

#[test]
fn a_page_in_a_browser_cannot_give_orders() {
    let broker = start(&[]);
    let orders = "set k 0 0 1\r\n1\r\n";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{orders}",
        orders.len()
    );
    let mut client = Client::connect(&broker);
    client.send(request);
    client.expect_end();
    Client::connect(&broker).play("> get k\n< END");
}

#[test]
fn data_of_unknown_length_is_not_taken_for_commands() {
    let broker = start(&[]);
    let mut client = Client::connect(&broker);
    client.send("set k 0 0 -1\r\nset k 0 0 1\r\n1\r\n");
    client.expect("CLIENT_ERROR bad command line format");
    client.expect_end();
    Client::connect(&broker).play(
        "
        > cas k 0 0 6
        > barval
        < CLIENT_ERROR bad command line format
        > get k
        < END
        ",
    );
}

#[test]
fn stats_tell_of_connections_and_traffic() {
    let broker = start(&["limits.connections_max=3"]);
    let mut clients = [(); 3].map(|()| Client::connect(&broker));
    for client in &mut clients {
        // What it speaks is known from its first byte on.
        assert!(client.ask("version").starts_with("VERSION"));
    }
    Client::connect(&broker).expect("ERROR Too many open connections");
    let [first, _second, _third] = &mut clients;
    assert_eq!(first.stat("curr_connections"), 3);
    assert_eq!(first.stat("max_connections"), 3);
    assert_eq!(first.stat("total_connections"), 3);
    assert_eq!(first.stat("rejected_connections"), 1);
    let read = first.stat("bytes_read");
    assert_eq!(first.stat("bytes_read") - read, "stats\r\n".len() as u64);
    assert!(1000 < first.stat("bytes_written"));
}

#[test]
fn items_beyond_the_memory_limit_are_evicted() {
    let broker = start(&["cache.bytes_max=8MiB"]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut client = Client::connect(&broker);
    for number in 0..2000 {
        assert_eq!(set(&mut client, &format!("key-{number}"), 100 << 10), "STORED");
    }
    check_grown_less_than(&broker, before, 48 * MIB);
    assert!(client.stat("bytes") <= 8 * MIB as u64);
    assert!(1900 < client.stat("evictions"));
    client.play("> get key-0\n< END");
    assert!(client.ask("get key-1999").starts_with("VALUE"), "the last one is there");
    check_serves(&broker);
}

#[test]
fn many_small_items_keep_within_the_memory_limit() {
    let broker = start(&["cache.bytes_max=16MiB"]);
    check_serves(&broker);
    let before = broker.memory_bytes();
    let mut client = Client::connect(&broker);
    for round in 0..20 {
        let sets: String = (0..10_000)
            .map(|number| format!("set key-{round}-{number} 0 100 1 noreply\r\n1\r\n"))
            .collect();
        client.send(sets);
    }
    assert!(client.stat("bytes") <= 16 * MIB as u64);
    check_grown_less_than(&broker, before, 40 * MIB);
}

#[test]
fn a_client_that_does_not_read_its_answers_is_not_listened_to() {
    let broker = start(&[]);
    let mut client = Client::connect(&broker);
    assert_eq!(set(&mut client, "k", MIB), "STORED");
    let before = broker.memory_bytes();
    let keys = vec!["k"; 900].join(" ");
    client.send(format!("get {keys}\r\n").repeat(4));
    check_serves(&broker);
    check_grown_less_than(&broker, before, 24 * MIB);
    // It gets everything as soon as it reads.
    for _ in 0..3600 / 900 {
        for _ in 0..900 {
            client.expect("VALUE k 0 1048576");
            assert_eq!(client.line().len(), MIB);
        }
        client.expect("END");
    }
}

#[test]
fn so_many_connections_may_be_open() {
    let broker = start(&["limits.connections_max=2"]);
    let mut open = [Client::connect(&broker), Client::connect(&broker)];
    for client in &mut open {
        assert_eq!(client.ask("version"), "VERSION 0.1.0");
    }
    let mut refused = Client::connect(&broker);
    refused.expect("ERROR Too many open connections");
    refused.expect_end();
}

/// Stores a value of `bytes` bytes and returns the answer.
fn set(client: &mut Client, key: &str, bytes: usize) -> String {
    client.send(format!("set {key} 0 0 {bytes}\r\n"));
    let piece = vec![b'x'; bytes.min(MIB)];
    for start in (0..bytes).step_by(MIB) {
        client.send(&piece[..piece.len().min(bytes - start)]);
    }
    client.send("\r\n");
    client.line()
}

#[track_caller]
fn check_grown_less_than(broker: &Broker, before: usize, limit: usize) {
    let grown = broker.memory_bytes().saturating_sub(before);
    assert!(grown < limit, "grown by {} KiB", grown >> 10);
}
