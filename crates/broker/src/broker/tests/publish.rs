//! Publishing to topics.

use expect_test::expect;

use super::world::{World, check, check_with};
use crate::Settings;

#[test]
fn a_publisher_does_not_get_its_own_message() {
    // J-56, with each kind of subscription and each QoS.
    check(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        bob: connect
        bob: sub room
        ada: pub room 1
        ada: pub room 2 qos1 id=2
        ada: pub vault 3
        ada: pub vault 4 qos1 id=4
        bob: pub vault 5 qos1 id=5
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            bob < subscribed room
            bob < push room 1 by ada
            ada < published 2
            bob < push room 2 by ada id l1
            ada < published 4
            ada < push vault 5 by bob id 1-2
            bob < published 5
            ada < connected 15
            ada < push vault 5 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_publisher_gets_its_own_message_where_echo_is_on() {
    // J-56: the setting.
    let settings = Settings { echo: true, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        ada: pub room 1
        ada: pub room 2 qos1 id=2
        ada: pub vault 3 qos1 id=3
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            ada < push room 1 by ada
            ada < published 2
            ada < push room 2 by ada id l1
            ada < push vault 3 by ada id 1-1
            ada < published 3
            ada < connected 15
            ada < push vault 3 by ada id 1-1
        "#]],
    );
}

#[test]
fn a_publisher_that_reconnects_before_the_commit_still_does_not_get_its_own_message() {
    // J-56: it is the client that does not, whichever its connection.
    check(
        "
        ada: connect
        ada: sub vault persistent
        store: hold
        ada: pub vault 1 qos1 id=1
        ada: disconnect
        ada: connect
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_qos_0_message_reaches_those_present_and_is_forgotten() {
    // J-72 and J-58: no acknowledgement, with or without an id, nothing for those who come later.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        eve: connect
        eve: sub room persistent
        eve: disconnect
        bob: pub room 1
        bob: pub room 2 id=7
        eve: connect
        ada: sub room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            eve < connected 15
            eve < subscribed room
            ada < push room 1 by bob
            ada < push room 2 by bob
            eve < connected 15
            ada < subscribed room
        "#]],
    );
}

#[test]
fn a_qos_1_message_without_persistent_subscribers_is_pushed_with_an_id_and_not_stored() {
    // J-75 and J-57; J-66: the id is the broker's, not the publisher's.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        store: show
        store: hold
        bob: pub room 1 qos1 id=x
        bob: pub room 2 qos1 id=x
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            bob < published x
            ada < push room 1 by bob id l1
            bob < published x
            ada < push room 2 by bob id l2
        "#]],
    );
}

#[test]
fn a_qos_1_message_to_nobody_is_dropped_and_acknowledged() {
    // J-76.
    check(
        "
        bob: connect
        bob: pub room 1 qos1 id=7
        ada: connect
        ada: sub room
        ",
        expect![[r#"
            bob < connected 15
            bob < published 7
            ada < connected 15
            ada < subscribed room
        "#]],
    );
}

#[test]
fn a_stored_message_is_pushed_and_acknowledged_only_once_it_is_committed() {
    // J-73: subscribers of either kind get it no earlier.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        eve: connect
        eve: sub vault
        store: hold
        bob: pub vault 1 qos1 id=7
        store: commit
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            eve < connected 15
            eve < subscribed vault
            ada < push vault 1 by bob id 1-1
            eve < push vault 1 by bob id 1-1
            bob < published 7
        "#]],
    );
}

#[test]
fn a_message_that_cannot_be_stored_is_refused_and_not_distributed() {
    // J-74; QoS 0 goes on.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        eve: connect
        eve: sub vault
        store: hold
        bob: pub vault 1 qos1 id=7
        bob: pub vault 2
        store: refuse
        store: go
        bob: pub vault 3 qos1 id=8
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            eve < connected 15
            eve < subscribed vault
            ada < push vault 2 by bob
            eve < push vault 2 by bob
            bob < published 7: StoreUnavailable
            ada < push vault 3 by bob id 1-1
            eve < push vault 3 by bob id 1-1
            bob < published 8
        "#]],
    );
}

#[test]
fn a_publisher_may_send_a_message_again_and_hears_of_it_again() {
    // J-63.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=7
        bob: pub vault 1 qos1 id=7
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 7
            ada < push vault 1 by bob id 1-2
            bob < published 7
        "#]],
    );
}

#[test]
fn messages_of_a_publisher_stay_in_order_while_others_publish_between_them() {
    // J-67, within one round as over many, for both QoS.
    check(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        bob: connect
        eve: connect
        bob: pub room 1 | bob: pub room 2 | eve: pub room 3 | bob: pub room 4
        bob: pub vault 5 qos1 id=5 | eve: pub vault 6 qos1 id=6 | bob: pub vault 7 qos1 id=7
        bob: pub vault 8 qos1 id=8
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            eve < connected 15
            ada < push room 1 by bob
            ada < push room 2 by bob
            ada < push room 3 by eve
            ada < push room 4 by bob
            ada < push vault 5 by bob id 1-1
            ada < push vault 7 by bob id 1-2
            bob < published 5
            bob < published 7
            ada < push vault 6 by eve id 1-3
            eve < published 6
            ada < push vault 8 by bob id 1-4
            bob < published 8
        "#]],
    );
}

#[test]
fn messages_of_one_round_go_out_as_one_effect_for_each_receiver() {
    // DESIGN: receivers are woken once a batch, not once a message.
    let mut world = World::new(Settings::default());
    world.play("ada: connect | ada: sub room | bob: connect");
    world.play("bob: pub room 1 | bob: pub room 2 | bob: pub room 3");
    assert_eq!(world.sends_of_last_round(), 1);
    world.play("ada: sub vault persistent");
    world.play("bob: pub vault 1 qos1 id=1 | bob: pub vault 2 qos1 id=2");
    // The page to ada and both acknowledgements to bob.
    assert_eq!(world.sends_of_last_round(), 2);
}

#[test]
fn ids_of_pushes_never_repeat_even_after_a_restart() {
    // J-66: what is stored and what is not, before and after a crash.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: sub room
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub room 2 qos1 id=2
        crash
        ada: connect
        ada: sub room
        bob: connect
        bob: pub vault 3 qos1 id=3
        bob: pub room 4 qos1 id=4
        ada: unsub vault
        ada: sub vault persistent
        bob: pub vault 5 qos1 id=5
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            ada < subscribed room
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < push room 2 by bob id l1
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            ada < subscribed room
            bob < connected 15
            ada < push vault 3 by bob id 1-2
            bob < published 3
            bob < published 4
            ada < push room 4 by bob id l245762049
            ada < unsubscribed vault
            ada < subscribed vault
            ada < push vault 5 by bob id 2-1
            bob < published 5
        "#]],
    );
}

#[test]
fn a_name_that_is_no_channel_is_refused_where_the_publisher_can_be_told() {
    // J-61.
    let settings = Settings { channel_name_bytes_max: 4, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: pub  1 id=1 | ada: pub # 1 id=2 | ada: pub $ 1 id=3 | ada: pub fiver 1 id=4
        ada: pub  1 qos1 id=5 | ada: pub fiver 1 qos1 id=6 | ada: pub #fiver 1 qos1 id=7
        ada: pub  1 | ada: pub fiver 1 retain
        bob: connect
        bob: sub four
        ada: pub four 1 id=8
        ",
        expect![[r#"
            ada < connected 15
            ada < published 1: InvalidChannel
            ada < published 2: InvalidChannel
            ada < published 3: InvalidChannel
            ada < published 4: ChannelNameTooLong { limit: 4 }
            ada < published 5: InvalidChannel
            ada < published 6: ChannelNameTooLong { limit: 4 }
            ada < published 7: ChannelNameTooLong { limit: 4 }
            bob < connected 15
            bob < subscribed four
            bob < push four 1 by ada
        "#]],
    );
}

#[test]
fn a_retained_message_that_waits_for_the_store_is_not_overtaken_within_its_round() {
    // J-67: the second needs no store, but the first does.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        bob: pub room 1 qos1 retain id=1 | bob: pub room 2 qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            ada < push room 1 by bob id l1
            ada < push room 2 by bob id l2
            bob < published 1
            bob < published 2
        "#]],
    );
}
