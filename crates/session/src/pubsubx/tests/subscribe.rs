//! Subscribing and unsubscribing.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{Rules, World, check, check_with};

#[test]
fn a_subscriber_gets_what_is_published_to_exactly_its_topic() {
    // P-19: from then on, without an answer.
    check(
        r"
        psx.bob > CONNECT bob␀PUBLISH a 0
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE ü/1
        psx.bob > PUBLISH a 1␀PUBLISH A 2␀PUBLISH a/ 3␀PUBLISH ü/1 4␀PUBLISH ü 5␀PUBLISH * 6
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.ada < ü/1 4
        "#]],
    );
}

#[test]
fn subscribing_twice_is_the_same_as_once() {
    // P-20.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE a␀SUBSCRIBE a with more
        psx.bob > CONNECT bob␀PUBLISH a 1
        psx.ada > UNSUBSCRIBE a
        psx.bob > PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn nothing_comes_after_unsubscribing() {
    // P-21, P-22: from this topic, and of others all comes.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE b␀UNSUBSCRIBE c␀UNSUBSCRIBE a
        psx.eve > CONNECT eve␀SUBSCRIBE a
        psx.bob > CONNECT bob␀PUBLISH a 1␀PUBLISH b 2␀PUBLISH c 3
        psx.ada > UNSUBSCRIBE a␀SUBSCRIBE a
        psx.bob > PUBLISH a 4
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.eve < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.eve < a 1
            0s psx.ada < b 2
            0s psx.ada < a 4
            0s psx.eve < a 4
        "#]],
    );
}

#[test]
fn channels_that_the_broker_refuses_are_counted_and_not_answered() {
    // P-45.
    let mut world = World::new(Rules {
        settings: Settings { channel_name_bytes_max: 8, ..Settings::default() },
        ..Rules::default()
    });
    world.play("psx.ada > CONNECT ada");
    for (refused, command) in [
        (1, "SUBSCRIBE $stats"),
        (2, "SUBSCRIBE #ada"),
        (3, "SUBSCRIBE #"),
        (4, "SUBSCRIBE 123456789"),
        (4, "SUBSCRIBE 12345678"),
        (5, "PUBLISH $stats 1"),
        (6, "PUBLISH 123456789 1"),
    ] {
        world.send("psx.ada", command);
        assert_eq!(world.stats().rejected, refused, "{command}");
    }
    assert_eq!(world.last_line(), "0s psx.ada < OK: Conn accepted");
}

#[test]
fn a_client_has_as_many_subscriptions_as_the_limit() {
    // P-45.
    check_with(
        Settings { subscriptions_max: 2, ..Settings::default() },
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE b␀SUBSCRIBE c
        psx.ada > PUBLISH a 1␀PUBLISH b 2␀PUBLISH c 3
        psx.ada > UNSUBSCRIBE a␀SUBSCRIBE c␀PUBLISH a 4␀PUBLISH c 5
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.ada < b 2
            0s psx.ada < c 5
        "#]],
    );
}
