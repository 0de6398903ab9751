//! Lost clients: what they keep, what they get when they are back, and when they are forgotten.

use expect_test::expect;

use super::world::{World, check, check_with, held_after};
use crate::{InboxLimits, Settings};

#[test]
fn a_lost_client_gets_what_it_missed_in_order_and_then_what_is_new() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        server: sub cleo hall
        bob: pub room 1
        cleo: disconnect
        bob: pub room 2 | bob: pub hall 3 | bob: pub room 4 | bob: pub attic 5
        server: push room 6 qos1
        +5s
        cleo: listen resume=60
        bob: pub room 7
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo < push room 1 by bob
            cleo : Restored
            cleo < push room 2 by bob
            cleo < push hall 3 by bob
            cleo < push room 4 by bob
            cleo < push room 6 by server
            cleo < push room 7 by bob
        "#]],
    );
}

#[test]
fn one_that_says_goodbye_is_forgotten_at_once() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: leave
        bob: pub room 1
        cleo: listen resume=60
        bob: pub room 2
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo x the client disconnected
            cleo : New
        "#]],
    );
}

#[test]
fn one_that_is_lost_for_longer_is_forgotten_and_its_name_free() {
    check(
        "
        bob: connect
        cleo: listen resume=2
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1
        +1s
        cleo/2: listen resume=2
        cleo/2: disconnect
        +3s
        cleo/3: listen resume=2
        bob: pub room 2
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo/2 : Restored
            cleo/2 < push room 1 by bob
            cleo/3 : New
        "#]],
    );
}

#[test]
fn what_was_missed_waits_for_the_pause_and_so_does_what_comes_meanwhile() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1
        cleo: listen resume=60 pause=1
        bob: pub room 2
        server: sub cleo room
        server: sub cleo hall
        bob: pub hall 3
        +1s
        bob: pub room 4
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo : Restored
            cleo < push hall 3 by bob
            cleo < push room 1 by bob
            cleo < push room 2 by bob
            cleo < push room 4 by bob
        "#]],
    );
}

#[test]
fn one_that_is_lost_again_before_the_pause_is_over_keeps_everything() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1
        cleo: listen resume=60 pause=1
        cleo: disconnect
        bob: pub room 2
        +5s
        cleo: listen resume=60
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo : Restored
            cleo : Restored
            cleo < push room 1 by bob
            cleo < push room 2 by bob
        "#]],
    );
}

#[test]
fn unsubscribing_before_the_pause_is_over_leaves_out_what_was_missed_too() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1
        cleo: listen resume=60 pause=1
        server: unsub cleo room
        bob: pub room 2
        +1s
        bob: pub room 3
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo : Restored
        "#]],
    );
}

#[test]
fn only_as_much_is_kept_as_there_is_room_for() {
    let script = "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1 | bob: pub room 2 | bob: pub room 3
        bob: pub room 4
        cleo: listen resume=60
        ";
    let lost = "bob: connect | cleo: listen resume=60 | server: sub cleo room\ncleo: disconnect\n";
    let held = |script: &str| held_after(&Settings::default(), &format!("{lost}{script}")).inboxes;
    let two = held("bob: pub room 1 | bob: pub room 2") - held("");
    let with = |drop_oldest| Settings {
        inbox: InboxLimits { bytes_max: two, drop_oldest },
        ..Settings::default()
    };
    check_with(
        with(true),
        script,
        expect![[r#"
        bob < connected 15
        cleo : New
        cleo : Restored
        cleo < push room 3 by bob
        cleo < push room 4 by bob
    "#]],
    );
    check_with(
        with(false),
        script,
        expect![[r#"
        bob < connected 15
        cleo : New
        cleo : Restored
        cleo < push room 1 by bob
        cleo < push room 2 by bob
    "#]],
    );
}

#[test]
fn a_client_that_acknowledges_can_be_given_time_as_well() {
    check(
        "
        bob: connect
        ada: connect resume=60
        ada: sub room
        ada: sub vault persistent
        ada: disconnect
        bob: pub room 1 | bob: pub room 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        ada: connect resume=60
        ada: ack l1
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < published 2
            bob < published 3
            ada < connected 15 resumed
            ada < push room 1 by bob
            ada < push room 2 by bob id l2
            ada < push vault 3 by bob id 1-1
        "#]],
    );
}

#[test]
fn one_that_reconnects_before_its_old_connection_is_known_to_be_lost_keeps_its_session() {
    check(
        "
        bob: connect
        ada: connect resume=60
        ada: sub room
        ada/2: connect resume=60
        bob: pub room 1
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed room
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15 resumed
            ada/2 < push room 1 by bob
        "#]],
    );
}

#[test]
fn nobody_else_takes_the_name_of_one_that_is_online() {
    check(
        "
        cleo: listen resume=60
        cleo/2: listen resume=60
        ada: connect
        ada: disconnect
        ada/2: listen resume=60
        ",
        expect![[r#"
            cleo : New
            cleo/2 : Refused
            ada < connected 15
            ada/2 : Refused
        "#]],
    );
}

#[test]
fn lost_and_restored_sessions_are_counted_and_the_forgotten_named() {
    let mut world = World::new(Settings::default());
    world.play("cleo: listen resume=2\ndora: listen resume=2\ncleo: disconnect\ndora: disconnect");
    assert!(world.broker.is_lost("cleo") && !world.broker.is_online("cleo"));
    world.play("cleo: listen resume=2\n+3s");
    assert!(!world.broker.is_lost("cleo") && world.broker.is_online("cleo"));
    let stats = world.broker.stats();
    assert_eq!((stats.sessions_lost, stats.sessions_restored), (2, 1));
    assert_eq!(world.broker.take_forgotten(), ["dora".into()]);
    assert_eq!(world.broker.take_forgotten(), []);
}
