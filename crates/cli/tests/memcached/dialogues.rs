//! What clients are answered.

use std::thread;

use rialto_testkit::Launch;

use crate::{Client, RIALTO, start};

const COMMANDS: &str = "
    > set a 5 0 1
    > 1
    < STORED
    > add a 0 0 1
    > 2
    < NOT_STORED
    > append a 0 0 1
    > 0
    < STORED
    > incr a 32
    < 42
    > decr a 2
    < 40
    > gets a missing
    < VALUE a 5 2 4
    < 40
    < END
    > cas a 0 0 3 4
    > new
    < STORED
    > cas a 0 0 3 4
    > old
    < EXISTS
    > touch a 100
    < TOUCHED
    > gat 100 a
    < VALUE a 0 3
    < new
    < END
    > delete a
    < DELETED
    > delete a
    < NOT_FOUND
    > verbosity 1
    < OK
    > flush_all
    < OK
    > bogus
    < ERROR
    > incr a x
    < CLIENT_ERROR invalid numeric delta argument
";

#[test]
fn commands_are_answered_over_plain_sockets_and_over_tls() {
    let broker = start(&[]);
    Client::connect(&broker).play(COMMANDS);
    let broker = start(&["listeners.memcached.tls=require"]);
    Client::connect_tls(&broker).play(COMMANDS);
    let mut plain = Client::connect(&broker);
    plain.send("version\r\n");
    plain.expect_end();
}

#[test]
fn many_commands_may_be_sent_at_once() {
    let broker = start(&[]);
    let mut client = Client::connect(&broker);
    let mut commands = String::new();
    for number in 0..5000 {
        commands +=
            &format!("set key-{number} 0 0 4 noreply\r\n{number:04}\r\nget key-{number}\r\n");
    }
    commands += "quit\r\nversion\r\n";
    let sending = commands.into_bytes();
    client.send(sending);
    for number in 0..5000 {
        client.expect(&format!("VALUE key-{number} 0 4"));
        client.expect(&format!("{number:04}"));
        client.expect("END");
    }
    client.expect_end();
}

#[test]
fn all_connections_see_the_same_items() {
    let broker = start(&[]);
    Client::connect(&broker).play("> set n 0 0 1\n> 0\n< STORED");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(&broker);
                for _ in 0..500 {
                    client.ask("incr n 1").parse::<u32>().unwrap();
                }
            });
        }
    });
    Client::connect(&broker).play("> get n\n< VALUE n 0 4\n< 2000\n< END");
}

#[test]
fn what_is_over_already_is_stored_and_gone() {
    let broker = start(&[]);
    Client::connect(&broker).play(
        "
        > set a 0 0 1
        > 1
        < STORED
        > set a 0 -1 1
        > 2
        < STORED
        > set b 0 2592001 1
        > 1
        < STORED
        > set c 0 2592000 1
        > 1
        < STORED
        > get a b c
        < VALUE c 0 1
        < 1
        < END
        > touch c -1
        < TOUCHED
        > get c
        < END
        ",
    );
}

#[test]
fn a_stop_does_not_wait_for_clients_that_say_nothing() {
    let mut broker = start(&["server.shutdown_timeout=1h"]);
    let mut silent = Client::connect(&broker);
    let mut busy = Client::connect(&broker);
    busy.play("> set k 0 0 10\n> 0123456789\n< STORED\n> set k 0 0 10");
    assert!(broker.terminate().0.success());
    silent.expect_end();
    busy.expect_end();
}

#[test]
fn the_cache_is_not_there_unless_it_is_asked_for() {
    let broker = Launch::of(RIALTO).start();
    let is_open = broker.log_lines().iter().any(|line| line.contains(r#""listener":"memcached""#));
    assert!(!is_open);
}
