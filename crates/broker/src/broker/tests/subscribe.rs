//! Subscriptions made and ended by clients.

use expect_test::expect;

use super::world::{check, check_with};
use crate::Settings;

#[test]
fn a_subscriber_receives_what_is_published_to_exactly_its_channel() {
    // J-55 and J-23.
    check(
        "
        ada: connect
        ada: sub room
        bob: connect
        bob: pub room 1
        bob: pub Room 2
        bob: pub rooms 3
        bob: pub roo 4
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            ada < push room 1 by bob
        "#]],
    );
}

#[test]
fn subscribing_again_brings_the_retained_message_again_and_nothing_twice() {
    // J-51: the persistence stays as it is. J-81.
    check(
        "
        ada: connect
        bob: connect
        bob: pub room 1 retain
        ada: sub room
        ada: sub room persistent
        bob: pub room 2
        ada: sub vault persistent
        ada: sub vault
        bob: pub vault 3 qos1 id=1
        ada: pub $mySubscriptions null id=2
        ",
        expect![[r##"
            ada < connected 15
            bob < connected 15
            ada < subscribed room
            ada < push room 1 by bob retained
            ada < subscribed room
            ada < push room 1 by bob retained
            ada < push room 2 by bob
            ada < subscribed vault
            ada < subscribed vault
            ada < push vault 3 by bob id 1-1
            bob < published 1
            ada < published 2 = {"channels":["room","vault"],"subscriptions":{"#ada":"persistent","room":"temp","vault":"persistent"}}
        "##]],
    );
}

#[test]
fn nothing_is_pushed_after_an_unsubscribe_be_it_now_or_after_a_reconnect() {
    // J-53.
    check(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        ada: unsub room
        ada: unsub vault
        bob: pub room 2
        bob: pub vault 3 qos1 id=2
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < unsubscribed room
            ada < unsubscribed vault
            bob < published 2
            ada < connected 15
        "#]],
    );
}

#[test]
fn unsubscribing_from_nothing_is_fine() {
    // J-54.
    check(
        "ada: connect\nada: unsub room",
        expect![[r#"
            ada < connected 15
            ada < unsubscribed room
        "#]],
    );
}

#[test]
fn only_topics_of_a_lawful_length_can_be_subscribed_to_and_from() {
    // J-49.
    let settings = Settings { channel_name_bytes_max: 4, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub  | ada: sub # | ada: sub $ | ada: sub #ada | ada: sub $time
        ada: unsub  | ada: unsub # | ada: unsub $ | ada: unsub #ada | ada: unsub $time
        ada: sub four | ada: sub fiver | ada: unsub four | ada: unsub fiver
        ada: sub zwö | ada: sub zwöl
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed : InvalidChannel
            ada < subscribed #: InvalidChannel
            ada < subscribed $: InvalidChannel
            ada < subscribed #ada: InvalidChannel
            ada < subscribed $time: InvalidChannel
            ada < unsubscribed : InvalidChannel
            ada < unsubscribed #: InvalidChannel
            ada < unsubscribed $: InvalidChannel
            ada < unsubscribed #ada: InvalidChannel
            ada < unsubscribed $time: InvalidChannel
            ada < subscribed four
            ada < subscribed fiver: ChannelNameTooLong { limit: 4 }
            ada < unsubscribed four
            ada < unsubscribed fiver: ChannelNameTooLong { limit: 4 }
            ada < subscribed zwö
            ada < subscribed zwöl: ChannelNameTooLong { limit: 4 }
        "#]],
    );
}

#[test]
fn a_persistent_subscription_is_acknowledged_once_it_is_stored() {
    // J-88: not before; and what is published from then on is its own.
    check(
        "
        ada: connect
        bob: connect
        store: hold
        ada: sub vault persistent
        bob: pub vault 1
        store: commit
        bob: pub vault 2
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < subscribed vault
            ada < push vault 2 by bob
        "#]],
    );
}

#[test]
fn a_persistent_subscription_that_cannot_be_stored_is_none() {
    // J-88.
    check(
        "
        ada: connect
        bob: connect
        store: hold
        ada: sub vault persistent
        store: refuse
        store: go
        bob: pub vault 1
        bob: pub vault 2 qos1 id=1
        ada: pub $mySubscriptions null id=2
        ",
        expect![[r##"
            ada < connected 15
            bob < connected 15
            ada < subscribed vault: StoreUnavailable
            bob < published 1
            ada < published 2 = {"channels":[],"subscriptions":{"#ada":"persistent"}}
        "##]],
    );
}

#[test]
fn an_unsubscribe_that_cannot_be_stored_leaves_the_subscription() {
    check(
        "
        ada: connect
        bob: connect
        ada: sub vault persistent
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: unsub vault
        store: refuse
        store: go
        bob: pub vault 2 qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < subscribed vault
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < unsubscribed vault: StoreUnavailable
            ada < push vault 2 by bob id 1-2
            bob < published 2
        "#]],
    );
}

#[test]
fn a_temporary_subscription_is_left_without_the_store() {
    check(
        "
        ada: connect
        ada: sub room
        store: hold
        ada: unsub room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < unsubscribed room
        "#]],
    );
}

#[test]
fn pipelined_requests_for_one_channel_take_effect_in_order() {
    // The last word holds, whatever had to go through the store before it.
    check(
        "
        ada: connect
        store: hold
        ada: sub a persistent | ada: unsub a
        ada: sub b persistent | ada: unsub b | ada: sub b
        ada: sub c persistent | ada: unsub c | ada: sub c persistent
        store: go
        ada: sub d persistent
        store: hold
        ada: unsub d | ada: sub d persistent
        ada: unsub c | ada: sub c
        store: go
        ada: pub $mySubscriptions null id=1
        ",
        expect![[r##"
            ada < connected 15
            ada < subscribed a
            ada < unsubscribed a
            ada < subscribed b
            ada < unsubscribed b
            ada < subscribed b
            ada < subscribed c
            ada < unsubscribed c
            ada < subscribed c
            ada < subscribed d
            ada < unsubscribed d
            ada < subscribed d
            ada < unsubscribed c
            ada < subscribed c
            ada < published 1 = {"channels":["d","b","c"],"subscriptions":{"#ada":"persistent","b":"temp","c":"temp","d":"persistent"}}
        "##]],
    );
}

#[test]
fn a_refused_unsubscribe_is_taken_back_also_for_a_session_that_has_ended() {
    check(
        "
        ada: connect
        bob: connect
        ada: sub vault persistent
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: unsub vault
        ada: disconnect
        store: refuse
        store: go
        bob: pub vault 2 qos1 id=2
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < subscribed vault
            ada < push vault 1 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_temporary_subscription_that_waits_for_its_turn_goes_with_its_session() {
    // J-103: it is not made for the session that comes after.
    check(
        "
        ada: connect
        bob: connect
        store: hold
        ada: sub vault persistent | ada: unsub vault | ada: sub vault
        ada: disconnect
        ada: connect
        store: go
        bob: pub vault 1
        ada: pub $mySubscriptions null id=2
        ",
        expect![[r##"
            ada < connected 15
            bob < connected 15
            ada < connected 15
            ada < published 2 = {"channels":[],"subscriptions":{"#ada":"persistent"}}
        "##]],
    );
}

#[test]
fn a_client_may_have_as_many_subscriptions_as_the_limit_and_not_one_more() {
    // J-71: status 7 in the dialect. Subscribing again to a channel one has is no further one.
    let settings = Settings { subscriptions_max: 2, ..Settings::default() };
    check_with(
        settings,
        "
        bob: connect
        ada: connect
        bob: pub #ada 0 qos1 id=1
        ada: ack 1-1
        ada: sub a
        ada: sub b persistent
        ada: sub c | ada: sub a | ada: sub b
        ada: unsub b | ada: sub c
        ada: sub d persistent
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < push #ada 0 by bob id 1-1
            bob < published 1
            ada < subscribed a
            ada < subscribed b
            ada < subscribed c: TooManySubscriptions { limit: 2 }
            ada < subscribed a
            ada < subscribed b
            ada < subscribed c
            ada < unsubscribed b
            ada < subscribed d: TooManySubscriptions { limit: 2 }
        "#]],
    );
}

#[test]
fn subscriptions_on_their_way_count_against_the_limit() {
    let settings = Settings { subscriptions_max: 2, ..Settings::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub a persistent | ada: sub b persistent | ada: sub c persistent
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed c: TooManySubscriptions { limit: 2 }
            ada < subscribed a
            ada < subscribed b
        "#]],
    );
}
