//! Catching up from the log.

use expect_test::expect;

use super::world::{World, check, check_with};
use crate::{LogLimits, Settings};

#[test]
fn messages_published_while_catching_up_come_behind_the_stored_ones() {
    // J-67 and J-77.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: connect
        bob: pub vault 2 qos1 id=2
        store: commit
        bob: pub vault 3 qos1 id=3
        store: read
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            bob < published 2
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
            ada < push vault 3 by bob id 1-3
            bob < published 3
        "#]],
    );
}

#[test]
fn one_read_at_a_time_is_under_way_for_a_subscription() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        +1s
        store: show
        store: hold
        ada: connect
        bob: pub vault 2 qos1 id=2
        store: commit
        bob: pub vault 3 qos1 id=3
        store: commit
        ada: ack 1-1
        +1s
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            store < read 1 to 1
            store < append vault 2 by bob
            bob < published 2
            store < append vault 3 by bob
            bob < published 3
            store < move ada vault 1
            ada < push vault 2 by bob id 1-2
            ada < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn a_page_that_comes_back_too_late_is_of_no_use() {
    // The connection that asked has ended; its successor asks anew.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: connect
        ada/2: connect
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            ada/2 < push vault 1 by bob id 1-1
        "#]],
    );
}

#[test]
fn a_page_for_a_subscription_that_was_left_is_of_no_use() {
    // J-53.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: connect
        ada: unsub vault
        store: look
        store: commit
        store: answer
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            ada < unsubscribed vault
        "#]],
    );
}

#[test]
fn a_read_that_fails_is_tried_again() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        +1s
        store: hold
        ada: connect
        store: fail
        +1s
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            ada < push vault 1 by bob id 1-1
        "#]],
    );
}

#[test]
fn acknowledgements_during_a_read_are_heeded() {
    // J-68: by a client that reconnected and still knows the ids.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1 | bob: pub vault 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        ada: disconnect
        +1s
        store: hold
        ada: connect
        ada: ack 1-1 | ada: ack 1-3
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
            ada < push vault 3 by bob id 1-3
            bob < published 1
            bob < published 2
            bob < published 3
            ada < connected 15
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn one_s_own_messages_are_passed_over() {
    // J-56, and they are as good as acknowledged: the pages go.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        store: hold
        bob: pub vault 1 qos1 id=1 | ada: pub vault 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        ada: disconnect
        store: go
        ada: connect
        store: show
        ada: ack 1-1 | ada: ack 1-2
        +200ms
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            bob < published 3
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            ada < push vault 3 by bob id 1-2
            store < move ada vault 3
            store < put ada seen 0
            store < put bob seen 0
            store < trim vault 3
        "#]],
    );
}

#[test]
fn an_empty_answer_skips_what_was_dropped_and_nothing_that_came_since() {
    // Messages 1 and 2 age and are dropped; 3 is published while the read is under way.
    let log = LogLimits { age_max: std::time::Duration::from_secs(10), ..LogLimits::default() };
    check_with(
        Settings {
            log,
            heartbeat_timeout: std::time::Duration::from_secs(600),
            ..Settings::default()
        },
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        +9s
        store: hold
        ada: connect
        +2s
        store: commit
        store: look
        bob: pub vault 3 qos1 id=3
        store: commit
        store: answer
        store: go
        ",
        expect![[r#"
            ada < connected 600
            ada < subscribed vault
            bob < connected 600
            bob < published 1
            bob < published 2
            ada < connected 600
            bob < published 3
            ada < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn the_bytes_on_their_way_are_bounded_over_all_channels_of_a_connection() {
    // One channel fills the window; the other has its turn once there is room again.
    let settings = Settings { window_bytes_max: 60, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub a persistent
        ada: sub b persistent
        bob: connect
        bob: pub a 1 qos1 id=1
        bob: pub a 2 qos1 id=2
        bob: pub a 3 qos1 id=3
        bob: pub b 4 qos1 id=4
        ada: ack 1-1
        ada: ack 1-2
        ada: ack 1-3
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            ada < subscribed b
            bob < connected 15
            ada < push a 1 by bob id 1-1
            bob < published 1
            ada < push a 2 by bob id 1-2
            bob < published 2
            bob < published 3
            bob < published 4
            ada < push a 3 by bob id 1-3
            ada < push b 4 by bob id 2-1
        "#]],
    );
}

#[test]
fn leaving_a_channel_gives_its_bytes_to_those_that_wait() {
    let settings = Settings { window_bytes_max: 60, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub a persistent
        ada: sub b persistent
        bob: connect
        bob: pub a 1 qos1 id=1
        bob: pub a 2 qos1 id=2
        bob: pub a 3 qos1 id=3
        bob: pub b 4 qos1 id=4
        ada: unsub a
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            ada < subscribed b
            bob < connected 15
            ada < push a 1 by bob id 1-1
            bob < published 1
            ada < push a 2 by bob id 1-2
            bob < published 2
            bob < published 3
            bob < published 4
            ada < unsubscribed a
            ada < push b 4 by bob id 2-1
        "#]],
    );
}

#[test]
fn a_message_larger_than_the_window_is_delivered_alone() {
    let settings = Settings { window_bytes_max: 20, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault \"abcdefghijklmnopqrstuvwxyz\" qos1 id=1
        bob: pub vault \"ABCDEFGHIJKLMNOPQRSTUVWXYZ\" qos1 id=2
        ada: ack 1-1
        ada: ack 1-2
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < push vault "abcdefghijklmnopqrstuvwxyz" by bob id 1-1
            bob < published 2
            ada < push vault "ABCDEFGHIJKLMNOPQRSTUVWXYZ" by bob id 1-2
        "#]],
    );
}

#[test]
fn a_long_backlog_comes_whole_and_in_order() {
    // J-77 and J-78, with the default window and with reads of many pages each.
    let mut world = World::new(Settings { unacknowledged_max: 100, ..Settings::default() });
    world.play("ada: connect\nada: sub vault persistent\nada: disconnect\nbob: connect");
    for number in 1..=1000 {
        world.play(&format!("bob: pub vault {number} qos1 id=x"));
    }
    world.play("ada: connect");
    for number in 1..=1000 {
        world.play(&format!("ada: ack 1-{number}"));
    }
    let transcript = world.take_transcript();
    let delivered: Vec<&str> =
        transcript.lines().filter(|line| line.starts_with("ada < push")).collect();
    let expected: Vec<String> = (1..=1000)
        .map(|number| format!("ada < push vault {number} by bob id 1-{number}"))
        .collect();
    assert_eq!(delivered, expected);
}

#[test]
fn a_returning_subscriber_gets_no_more_bytes_at_once_than_its_window() {
    // J-78: neither of one channel nor of several together.
    let settings = Settings { window_bytes_max: 60, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub a persistent
        ada: sub b persistent
        ada: disconnect
        bob: connect
        bob: pub a 1 qos1 id=1
        bob: pub a 2 qos1 id=2
        bob: pub a 3 qos1 id=3
        bob: pub a 4 qos1 id=4
        bob: pub b 5 qos1 id=5
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            ada < subscribed b
            bob < connected 15
            bob < published 1
            bob < published 2
            bob < published 3
            bob < published 4
            bob < published 5
            ada < connected 15
            ada < push a 1 by bob id 1-1
            ada < push a 2 by bob id 1-2
            ada < push a 3 by bob id 1-3
        "#]],
    );
}
