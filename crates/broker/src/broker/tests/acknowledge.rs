//! Acknowledgements of pushes.

use expect_test::expect;

use super::world::{World, check, check_with};
use crate::Settings;

#[test]
fn what_is_unacknowledged_comes_again_in_order_under_the_same_id() {
    // J-77: sent before, or published while the client was away.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        ada: disconnect
        bob: pub vault 3 qos1 id=3
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < push vault 2 by bob id 1-2
            bob < published 2
            bob < published 3
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
            ada < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn what_is_acknowledged_does_not_come_again_even_at_once() {
    // J-68: in order, out of order, the last one only.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1 | bob: pub vault 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        ada: ack 1-2
        ada: disconnect
        ada: connect
        ada: ack 1-3 | ada: ack 1-1
        ada: disconnect
        ada: connect
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
            ada < push vault 1 by bob id 1-1
            ada < push vault 3 by bob id 1-3
            ada < connected 15
        "#]],
    );
}

#[test]
fn acknowledgements_reach_the_store_lazily_and_pages_go_when_all_have_them() {
    // A crash right behind an acknowledgement brings the message again, as QoS 1 allows.
    check(
        "
        ada: connect
        ada: sub vault persistent
        eve: connect
        eve: sub vault persistent
        bob: connect
        store: show
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        ada: ack 1-1 | ada: ack 1-2 | eve: ack 1-2
        +100ms
        eve: ack 1-1
        +200ms
        bob: pub vault 3 qos1 id=3
        ada: ack 1-3
        crash
        ada: connect
        eve: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            eve < connected 15
            eve < subscribed vault
            bob < connected 15
            store < append vault 1 by bob
            ada < push vault 1 by bob id 1-1
            eve < push vault 1 by bob id 1-1
            bob < published 1
            store < append vault 2 by bob
            ada < push vault 2 by bob id 1-2
            eve < push vault 2 by bob id 1-2
            bob < published 2
            store < move ada vault 2
            store < acknowledge eve vault [(2, 2)]
            store < put ada seen 0
            store < put eve seen 0
            store < put bob seen 0
            store < move eve vault 2
            store < trim vault 2
            store < append vault 3 by bob
            ada < push vault 3 by bob id 1-3
            eve < push vault 3 by bob id 1-3
            bob < published 3
            ada < connected 15
            store < read 3 to 3
            ada < push vault 3 by bob id 1-3
            eve < connected 15
            store < read 3 to 3
            eve < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn acknowledgements_for_nothing_are_ignored() {
    // J-70: of unknown form, of unknown logs, beyond the end, given twice, of another client.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: sub room
        bob: pub vault 1 qos1 id=1
        bob: ack 1-1
        ada: ack 1-2 | ada: ack 9-1 | ada: ack l7 | ada: ack x | ada: ack 1- | ada: ack -1
        ada: ack 1-18446744073709551615 | ada: ack 1-0 | ada: ack +1-1 | ada: ack 1-01
        ada: disconnect
        bob: pub vault 2 qos1 id=2
        ada: connect
        ada: ack 1-1 | ada: ack 1-1
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < subscribed room
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
            ada < connected 15
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn an_acknowledgement_refused_by_the_store_is_written_again_and_so_is_its_trim() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        ada: ack 1-1
        store: show
        store: hold
        +100ms
        store: refuse
        store: go
        +100ms
        store: hold
        +100ms
        store: refuse
        store: go
        +200ms
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            store < move ada vault 1
            store < put ada seen 0
            store < put bob seen 0
            store < move ada vault 1
            store < trim vault 1
            store < trim vault 1
        "#]],
    );
}

#[test]
fn what_makes_room_in_the_store_is_not_refused_along_with_what_finds_none() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        ada: ack 1-1
        bob: pub lamp 2 retain
        store: show
        store: hold
        +100ms
        store: commit
        store: refuse
        store: go
        +100ms
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            store < move ada vault 1
            store < retain lamp 2
            store < put ada seen 0
            store < put bob seen 0
            store < trim vault 1
        "#]],
    );
}

#[test]
fn only_so_many_gaps_are_remembered_of_a_client_that_makes_ids_up() {
    // It may know ids of an earlier connection, but hardly thousands with gaps between them.
    let mut world = World::new(Settings::default());
    world.play("ada: connect window=1\nada: sub vault persistent\nbob: connect");
    for number in 1..=3000 {
        world.play(&format!("bob: pub vault {number} qos1 id=x"));
    }
    for number in (2..=3000).step_by(2) {
        world.play(&format!("ada: ack 1-{number}"));
    }
    world.play("+100ms");
    let (_, _, cursor) = &world.store.snapshot().cursors[0];
    assert_eq!((cursor.floor, cursor.acknowledged.len()), (0, 1024));
}

#[test]
fn pushes_are_paced_by_acknowledgements() {
    // J-78: a window of two; half of it free brings the next ones.
    check(
        "
        ada: connect window=2
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        bob: pub vault 3 qos1 id=3 | bob: pub vault 4 qos1 id=4
        bob: pub vault 5 qos1 id=5
        ada: ack 1-1
        ada: ack 1-2
        ada: ack 1-4 | ada: ack 1-3
        ada: ack 1-5
        bob: pub vault 6 qos1 id=6
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < push vault 2 by bob id 1-2
            bob < published 2
            bob < published 3
            bob < published 4
            bob < published 5
            ada < push vault 3 by bob id 1-3
            ada < push vault 4 by bob id 1-4
            ada < push vault 5 by bob id 1-5
            ada < push vault 6 by bob id 1-6
            bob < published 6
        "#]],
    );
}

#[test]
fn the_window_is_the_smaller_of_the_connection_s_and_the_broker_s() {
    let settings = Settings { unacknowledged_max: 1, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect window=100
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        ada: ack 1-1
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_window_that_is_widened_holds_from_the_next_acknowledgement_on() {
    check(
        "
        ada: connect window=1
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        bob: pub vault 3 qos1 id=3
        ada: widen
        ada: ack 1-1
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            bob < published 3
            ada < push vault 2 by bob id 1-2
            ada < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn live_pushes_may_pile_up_to_the_broker_s_limit_whatever_the_window_is() {
    // J-127: whoever is sent one at a time cannot help that more wait for it.
    let settings = Settings { unacknowledged_max: 1500, ..Settings::default() };
    let mut world = World::new(settings);
    world.play("ada: connect window=1\nada: sub room\nbob: connect");
    for _ in 0..1500 {
        world.play("bob: pub room 1 qos1 id=x");
    }
    assert!(!world.take_transcript().contains(" x "));
    world.play("bob: pub room 1 qos1 id=x");
    assert!(world.take_transcript().contains("ada x 1500 pushes are unacknowledged"));
}

#[test]
fn a_window_of_nothing_is_a_window_of_one() {
    check(
        "
        ada: connect window=0
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        ada: ack 1-1
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}
