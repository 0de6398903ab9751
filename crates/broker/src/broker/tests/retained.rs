//! Retained messages.

use expect_test::expect;

use super::world::check;

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
