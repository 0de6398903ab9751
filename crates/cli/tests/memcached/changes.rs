//! What subscribers hear of the cache.

use std::thread;

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::Value;

use crate::{Client, start};

const PUBLISH: &str = r#"cache.publish=[{prefix="config.",channel="cache.config"}]"#;

fn subscriber(broker: &Broker) -> Peer {
    let mut peer = Peer::online(broker, Transport::Tcp, "subscriber");
    peer.subscribe("cache.config");
    peer
}

#[test]
fn changes_under_the_prefix_are_published_and_none_besides() {
    let broker = start(&[PUBLISH]);
    let mut subscriber = subscriber(&broker);
    let mut client = Client::connect(&broker);
    client.play(
        "
        > set other 0 0 1
        > 1
        < STORED
        > set config.a 0 0 2
        > 10
        < STORED
        > get config.a
        < VALUE config.a 0 2
        < 10
        < END
        > touch config.a 100
        < TOUCHED
        > incr config.a 5
        < 15
        > add config.a 0 0 1
        > 1
        < NOT_STORED
        > append config.a 0 0 2 noreply
        > \u{e9}
        > delete config.a
        < DELETED
        > delete config.a
        < NOT_FOUND
        > delete other
        < DELETED
        ",
    );
    client.send(b"set config.b 0 0 2\r\n\xff\xfe\r\nflush_all\r\n");
    for change in [
        r#"{"key":"config.a","event":"set","value":"10"}"#,
        r#"{"key":"config.a","event":"set","value":"15"}"#,
        r#"{"key":"config.a","event":"set","value":"15é"}"#,
        r#"{"key":"config.a","event":"deleted","value":null}"#,
        r#"{"key":"config.b","event":"set","value_base64":"//4="}"#,
        r#"{"key":null,"event":"flushed","value":null}"#,
    ] {
        subscriber.expect(format!(r#"{{"push":{{"cn":"cache.config","dt":{change},"cl":""}}}}"#));
    }
    subscriber.expect_silence();
}

#[test]
fn changes_of_one_key_are_published_in_the_order_in_which_they_were_made() {
    let broker = start(&[PUBLISH]);
    let mut subscriber = subscriber(&broker);
    Client::connect(&broker).play("> set config.n 0 0 1\n> 0\n< STORED");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(&broker);
                for _ in 0..200 {
                    client.ask("incr config.n 1").parse::<u32>().unwrap();
                }
            });
        }
    });
    for number in 0..=800 {
        let push: Value = subscriber.recv();
        assert_eq!(push["push"]["dt"]["value"], number.to_string());
    }
}

#[test]
fn a_flush_that_was_put_off_is_published_when_it_happens() {
    let broker = start(&[PUBLISH]);
    let mut subscriber = subscriber(&broker);
    let mut client = Client::connect(&broker);
    client.play("> set a 0 0 1\n> 1\n< STORED\n> flush_all 1\n< OK");
    // Nobody asks for anything meanwhile.
    subscriber.expect(
        r#"{"push":{"cn":"cache.config","dt":{"key":null,"event":"flushed","value":null},"cl":""}}"#,
    );
    client.play("> get a\n< END");
}
