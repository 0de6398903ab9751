//! Subscriptions on the wire: shared, restored, refused.

use expect_test::expect;

use super::{check, check_online, options};

#[test]
fn subscriptions_to_one_channel_share_one_on_the_wire() {
    // K-20, K-21, J-51: the retained message goes to the new one only.
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":"old","cl":"bob","rt":1}}
        < {"push":{"cn":"room","dt":"new","cl":"bob"}}
        next 1
        next 2
        next 2
        leave 1
        leave 2
        < {"unsubAck":{"st":1,"cn":"room"}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            > {"sub":{"cn":"room"}}
            ! room active
            #2 ok
            = room "new"
            = room "old"
            = room "new"
            ! room ended, unsubscribed
            #6 ok
            ! room ended, unsubscribed
            > {"unsub":{"cn":"room"}}
            #7 ok
        "#]],
    );
}

#[test]
fn another_persistence_fails_at_once_and_nothing_is_sent() {
    // K-22
    check_online(
        "keep room\nsub room\nnext 2",
        &expect![[r#"
        > {"sub":{"cn":"room","pr":1}}
        #2 the channel has a subscription with another persistence
        ! room ended, refused
        = the end
    "#]],
    );
}

#[test]
fn statuses_refuse_a_subscription_or_have_it_asked_for_again() {
    // K-18
    check_online(
        r#"
        sub room
        < {"subAck":{"st":11,"cn":"room","mg":"no such channel"}}
        sub hall
        < {"subAck":{"st":5,"cn":"hall"}}
        +1s
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        leave 2
        < {"unsubAck":{"st":5,"cn":"hall","mg":"disk full"}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            #1 refused with status 11 (invalid channel): no such channel
            ! room ended, refused, status 11 (invalid channel)
            > {"sub":{"cn":"hall"}}
            > {"sub":{"cn":"hall"}}
            ! hall active
            #2 ok
            ! hall ended, unsubscribed
            > {"unsub":{"cn":"hall"}}
            #3 refused with status 5 (server error): disk full
        "#]],
    );
}

#[test]
fn a_new_connection_restores_subscriptions_before_all_else() {
    // K-23, K-24
    check_online(
        r#"
        sub room
        keep hall
        sub attic
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"subAck":{"st":1,"cn":"attic"}}
        pub1 room 1
        lost
        sub cellar
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":7,"cn":"attic","mg":"not any more"}}
        < {"subAck":{"st":1,"cn":"cellar"}}
        < {"pubAck":{"st":1,"id":"2","dt":{"subscriptions":{"hall":"persistent"}}}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"hall","pr":1}}
            > {"sub":{"cn":"attic"}}
            ! room active
            #1 ok
            ! hall active
            #2 ok
            ! attic active
            #3 ok
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            ! room waiting
            ! hall waiting
            ! attic waiting
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"attic"}}
            > {"sub":{"cn":"cellar"}}
            > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"2"}}
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            ! room active, restored, gap
            ! attic ended, refused, status 7 (not allowed)
            ! cellar active
            #5 ok
            ! hall active, restored
        "#]],
    );
}

#[test]
fn a_persistent_subscription_that_the_broker_lacks_is_made_again_with_a_gap() {
    // K-23, K-24
    check_online(
        r#"
        keep hall
        < {"subAck":{"st":1,"cn":"hall"}}
        lost
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"pubAck":{"st":1,"id":"1","dt":{"subscriptions":{}}}}
        < {"subAck":{"st":1,"cn":"hall"}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"hall","pr":1}}
            ! hall active
            #1 ok
            ! hall waiting
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"1"}}
            > {"sub":{"cn":"hall","pr":1}}
            ! hall active, restored, gap
        "#]],
    );
}

#[test]
fn a_session_that_is_taken_up_has_no_gap() {
    // K-24
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        lost
        open
        < {"connAck":{"st":1,"ts":15,"resumed":1}}
        < {"subAck":{"st":1,"cn":"room"}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            ! room waiting
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            ! room active, restored
        "#]],
    );
}

#[test]
fn what_was_ended_is_not_restored() {
    // K-26
    check_online(
        r#"
        sub room
        keep hall
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        leave 1
        lost
        leave 2
        open
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"hall","pr":1}}
            ! room active
            #1 ok
            ! hall active
            #2 ok
            ! room ended, unsubscribed
            > {"unsub":{"cn":"room"}}
            #3 ok
            ! hall waiting
            ! waiting: lost, 771 ms
            ! hall ended, unsubscribed
            #4 the client is not online
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
        "#]],
    );
}

#[test]
fn a_subscription_of_before_the_first_connection_is_made_with_it() {
    // K-20
    check(
        &options(),
        r#"
        sub room
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"subAck":{"st":1,"cn":"room"}}
        "#,
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 1
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
        "#]],
    );
}
