//! Retained messages.

use expect_test::expect;

use super::world::{check, check_with, held_after};
use crate::{RetainedLimits, Settings};

#[test]
fn a_new_subscriber_gets_the_last_retained_message_behind_the_acknowledgement() {
    // J-79: one without the flag leaves it alone. J-81, J-83. J-84: those present get it unmarked.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        bob: pub room 1 retain
        bob: pub room 2 retain
        bob: pub room 3
        eve: connect
        eve: sub room
        joe: connect
        joe: sub room persistent
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            ada < push room 1 by bob
            ada < push room 2 by bob
            ada < push room 3 by bob
            eve < connected 15
            eve < subscribed room
            eve < push room 2 by bob retained
            joe < connected 15
            joe < subscribed room
            joe < push room 2 by bob retained
        "#]],
    );
}

#[test]
fn a_retained_message_is_kept_without_subscribers_and_over_a_restart() {
    // J-80. One of QoS 0 is written by and by.
    check(
        "
        bob: connect
        bob: pub a 1 retain
        bob: pub b 2 qos1 retain id=1
        +100ms
        crash
        ada: connect
        ada: sub a
        ada: sub b
        ",
        expect![[r#"
            bob < connected 15
            bob < published 1
            ada < connected 15
            ada < subscribed a
            ada < push a 1 by bob retained
            ada < subscribed b
            ada < push b 2 by bob retained
        "#]],
    );
}

#[test]
fn qos_1_and_retained_is_acknowledged_once_it_is_stored_and_pushed_without_id_later() {
    // J-85, J-83 and J-73.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        store: show
        store: hold
        bob: pub room 1 qos1 retain id=7
        eve: connect
        eve: sub room
        store: commit
        joe: connect
        joe: sub room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            store < retain room 1
            eve < connected 15
            eve < subscribed room
            ada < push room 1 by bob id l1
            eve < push room 1 by bob id l1
            bob < published 7
            joe < connected 15
            joe < subscribed room
            joe < push room 1 by bob retained
        "#]],
    );
}

#[test]
fn a_retained_message_that_cannot_be_stored_is_not_kept() {
    // J-74.
    check(
        "
        bob: connect
        bob: pub room 1 retain
        store: hold
        bob: pub room 2 qos1 retain id=7
        store: refuse
        store: go
        ada: connect
        ada: sub room
        ",
        expect![[r#"
            bob < connected 15
            bob < published 7: StoreUnavailable
            ada < connected 15
            ada < subscribed room
            ada < push room 1 by bob retained
        "#]],
    );
}

#[test]
fn a_slow_commit_does_not_bring_back_an_older_message() {
    // J-79: the later one stays, in memory and after a crash.
    check(
        "
        bob: connect
        store: hold
        bob: pub room 1 qos1 retain id=7
        bob: pub room 2 retain
        store: go
        ada: connect
        ada: sub room
        +100ms
        crash
        eve: connect
        eve: sub room
        ",
        expect![[r#"
            bob < connected 15
            bob < published 7
            ada < connected 15
            ada < subscribed room
            ada < push room 2 by bob retained
            eve < connected 15
            eve < subscribed room
            eve < push room 2 by bob retained
        "#]],
    );
}

#[test]
fn a_lazy_write_does_not_undo_a_newer_message() {
    // J-73 and J-79: message 2 is acknowledged, so a crash must not bring back 1.
    check(
        "
        bob: connect
        store: show
        store: hold
        bob: pub room 1 retain | bob: pub room 2 qos1 retain id=7
        +100ms
        store: go
        crash
        ada: connect
        ada: sub room
        ",
        expect![[r#"
            bob < connected 15
            store < retain room 2
            store < put bob seen 0
            bob < published 7
            ada < connected 15
            ada < subscribed room
            ada < push room 2 by bob retained
        "#]],
    );
}

#[test]
fn a_message_whose_newer_rival_was_refused_is_written_after_all() {
    // J-80.
    check(
        "
        bob: connect
        store: hold
        bob: pub room 1 retain
        bob: pub room 2 qos1 retain id=7
        +100ms
        store: refuse
        store: go
        +100ms
        crash
        ada: connect
        ada: sub room
        ",
        expect![[r#"
            bob < connected 15
            bob < published 7: StoreUnavailable
            ada < connected 15
            ada < subscribed room
            ada < push room 1 by bob retained
        "#]],
    );
}

#[test]
fn of_several_publishers_in_one_round_the_last_one_is_retained() {
    // J-79, also after a crash right behind the acknowledgements.
    check(
        "
        ada: connect
        ada: sub room persistent
        bob: connect
        eve: connect
        bob: pub room 1 qos1 retain id=1 | eve: pub room 2 qos1 retain id=2 | bob: pub room 3 qos1 retain id=3
        joe: connect
        joe: sub room
        crash
        joe: connect
        joe: sub room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            eve < connected 15
            ada < push room 1 by bob id 1-1
            bob < published 1
            ada < push room 2 by eve id 1-2
            eve < published 2
            ada < push room 3 by bob id 1-3
            bob < published 3
            joe < connected 15
            joe < subscribed room
            joe < push room 3 by bob retained
            joe < connected 15
            joe < subscribed room
            joe < push room 3 by bob retained
        "#]],
    );
}

#[test]
fn the_flag_has_no_effect_on_direct_channels() {
    // J-86.
    check(
        "
        ada: connect
        bob: connect
        bob: pub #ada 1 retain
        bob: pub #ada 2 qos1 retain id=1
        ada: ack 1-1
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < push #ada 1 by bob
            ada < push #ada 2 by bob id 1-1
            bob < published 1
            ada < connected 15
        "#]],
    );
}

#[test]
fn at_the_ceiling_a_new_one_is_refused_and_one_no_larger_replaces_another() {
    let two = held_after(
        &Settings::default(),
        "bob: connect\nbob: pub a 11 retain\nbob: pub b 22 retain\n+200ms",
    );
    let script = "
        bob: connect
        bob: pub a 11 retain
        bob: pub b 22 qos1 retain id=1
        +200ms
        bob: pub c 3 retain id=2
        bob: pub c 3 qos1 retain id=3
        bob: pub a 44 retain
        bob: pub b 55 qos1 retain id=4
        +200ms
        crash
        ada: connect
        ada: sub a
        ada: sub b
        ada: sub c
        ";
    let by_count = RetainedLimits { count_max: 2, ..RetainedLimits::default() };
    let by_bytes = RetainedLimits { bytes_max: two.retained, ..RetainedLimits::default() };
    for retained in [by_count, by_bytes] {
        check_with(
            Settings { retained, ..Settings::default() },
            script,
            expect![[r#"
                bob < connected 15
                bob < published 1
                bob < published 2: RetainedFull
                bob < published 3: RetainedFull
                bob < published 4
                ada < connected 15
                ada < subscribed a
                ada < push a 44 by bob retained
                ada < subscribed b
                ada < push b 55 by bob retained
                ada < subscribed c
            "#]],
        );
    }
}

#[test]
fn a_larger_one_is_refused_where_it_goes_beyond_the_ceiling() {
    let one = held_after(&Settings::default(), "bob: connect\nbob: pub a 1 retain\n+200ms");
    let retained = RetainedLimits { bytes_max: one.retained, ..RetainedLimits::default() };
    check_with(
        Settings { retained, ..Settings::default() },
        "
        bob: connect
        bob: pub a 1 retain
        bob: pub a 12345678901234567 retain id=1
        bob: pub a 2 retain id=2
        ada: connect
        ada: sub a
        ",
        expect![[r#"
            bob < connected 15
            bob < published 1: RetainedFull
            ada < connected 15
            ada < subscribed a
            ada < push a 2 by bob retained
        "#]],
    );
}

#[test]
fn what_is_under_way_counts_for_the_ceiling() {
    let retained = RetainedLimits { count_max: 2, ..RetainedLimits::default() };
    check_with(
        Settings { retained, ..Settings::default() },
        "
        bob: connect
        store: hold
        bob: pub a 1 qos1 retain id=1 | bob: pub b 2 qos1 retain id=2 | bob: pub c 3 qos1 retain id=3
        store: refuse
        bob: pub c 4 qos1 retain id=4 | bob: pub d 5 qos1 retain id=5 | bob: pub e 6 qos1 retain id=6
        store: go
        ",
        expect![[r#"
            bob < connected 15
            bob < published 3: RetainedFull
            bob < published 1: StoreUnavailable
            bob < published 2: StoreUnavailable
            bob < published 6: RetainedFull
            bob < published 4
            bob < published 5
        "#]],
    );
}

#[test]
fn one_that_the_store_has_no_room_for_gives_way_to_the_one_before_and_its_publisher_hears_of_it() {
    check(
        "
        bob: connect
        bob: pub room 1 retain
        +200ms
        store: hold
        bob: pub room 22 retain id=7
        bob: pub hall 3 retain
        ada: connect
        ada: sub room
        +100ms
        store: refuse
        store: refuse
        store: go
        ada: sub room
        ada: sub hall
        crash
        eve: connect
        eve: sub room
        eve: sub hall
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed room
            ada < push room 22 by bob retained
            bob < published 7: StoreUnavailable
            ada < subscribed room
            ada < push room 1 by bob retained
            ada < subscribed hall
            eve < connected 15
            eve < subscribed room
            eve < push room 1 by bob retained
            eve < subscribed hall
        "#]],
    );
}

#[test]
fn while_the_store_has_no_room_only_one_a_second_finds_out_and_smaller_ones_are_taken() {
    check(
        "
        bob: connect
        bob: pub room 22 retain
        +1s
        store: hold
        bob: pub a 1 retain id=1
        +100ms
        store: refuse
        bob: pub b 2 retain id=2
        bob: pub room 3 retain id=3
        +1s
        bob: pub c 4 retain id=4 | bob: pub d 5 retain id=5
        store: go
        +200ms
        bob: pub e 6 retain id=6 | bob: pub f 7 retain id=7
        ",
        expect![[r#"
            bob < connected 15
            bob < published 1: StoreUnavailable
            bob < published 2: StoreUnavailable
            bob < published 5: StoreUnavailable
        "#]],
    );
}

#[test]
fn one_that_was_removed_is_gone_for_good() {
    check(
        "
        bob: connect
        bob: pub a 1 retain | bob: pub b 2 qos1 retain id=1
        +100ms
        store: show
        store: hold
        server: unretain a | server: unretain b
        ada: connect
        ada: sub a
        store: go
        ada: sub a
        ada: sub b
        crash
        eve: connect
        eve: sub a
        eve: sub b
        ",
        expect![[r#"
            bob < connected 15
            bob < published 1
            store < drop retained of a
            store < drop retained of b
            ada < connected 15
            ada < subscribed a
            ada < push a 1 by bob retained
            ada < subscribed a
            ada < subscribed b
            eve < connected 15
            eve < subscribed a
            eve < subscribed b
        "#]],
    );
}

#[test]
fn one_that_comes_while_the_last_is_removed_stays() {
    check(
        "
        bob: connect
        bob: pub a 1 retain
        bob: pub b 1 retain
        +100ms
        store: hold
        server: unretain a
        bob: pub a 2 retain
        server: unretain b
        bob: pub b 2 qos1 retain id=1
        store: go
        +100ms
        crash
        ada: connect
        ada: sub a
        ada: sub b
        ",
        expect![[r#"
            bob < connected 15
            bob < published 1
            ada < connected 15
            ada < subscribed a
            ada < push a 2 by bob retained
            ada < subscribed b
            ada < push b 2 by bob retained
        "#]],
    );
}

#[test]
fn one_that_the_store_would_not_remove_stays() {
    check(
        "
        bob: connect
        bob: pub a 1 retain
        +100ms
        store: hold
        server: unretain a
        store: refuse
        store: go
        ada: connect
        ada: sub a
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed a
            ada < push a 1 by bob retained
        "#]],
    );
}

#[test]
fn a_client_removes_what_it_may_publish_to_by_a_question_to_the_server() {
    // J-124
    check(
        r#"
        bob: connect
        bob: pub a null retain
        ada: connect
        ada: sub a
        ada: pub $removeRetained {"cn":"a"} id=1
        ada: pub $removeRetained {"cn":"a"} id=2
        ada: sub a
        ada: pub $removeRetained "a" id=3
        ada: pub $removeRetained {"cn":"$time"} id=4
        eve: connect may=sub:*,control:*
        bob: pub a 2 retain
        eve: pub $removeRetained {"cn":"a"} id=5
        "#,
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed a
            ada < push a null by bob retained
            ada < published 1 = {"removed":true}
            ada < published 2 = {"removed":false}
            ada < subscribed a
            ada < published 3: InvalidPacket
            ada < published 4: InvalidChannel
            eve < connected 15
            ada < push a 2 by bob
            eve < published 5: Denied("no rule for pub:a")
        "#]],
    );
}
