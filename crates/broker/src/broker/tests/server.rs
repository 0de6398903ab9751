//! Subscriptions and messages of the server itself.

use expect_test::expect;

use super::world::{check, check_whole};
use crate::Settings;

#[test]
fn the_server_subscribes_and_unsubscribes_a_client_without_a_word() {
    // J-99.
    check(
        "
        ada: connect
        bob: connect
        server: sub ada room
        server: sub ada vault persistent
        bob: pub room 1
        bob: pub vault 2 qos1 id=1
        ada: disconnect
        bob: pub vault 3 qos1 id=2
        ada: connect
        server: unsub ada vault
        bob: pub vault 4 qos1 id=3
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < push room 1 by bob
            ada < push vault 2 by bob id 1-1
            bob < published 1
            bob < published 2
            ada < connected 15
            ada < push vault 2 by bob id 1-1
            ada < push vault 3 by bob id 1-2
            bob < published 3
        "#]],
    );
}

#[test]
fn the_server_makes_persistent_subscriptions_also_for_clients_that_are_away() {
    // Eve has had no session yet.
    check(
        "
        ada: connect
        bob: connect
        ada: disconnect
        server: sub ada vault persistent
        server: sub ada room
        server: sub eve vault persistent
        server: sub eve log persistent
        server: unsub eve log
        server: sub joe room
        server: unsub joe room
        server: sub joe $time persistent
        bob: pub vault 1 qos1 id=1
        ada: connect
        eve: connect
        bob: pub log 2 qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            server: ClientOffline
            server: ClientOffline
            server: ClientOffline
            server: InvalidChannel
            bob < published 1
            ada < connected 15
            ada < push vault 1 by bob id 1-1
            eve < connected 15
            eve < push vault 1 by bob id 1-1
            bob < published 2
        "#]],
    );
}

#[test]
fn the_server_cannot_subscribe_a_client_to_what_is_no_topic_nor_take_its_own_channel() {
    // J-90: the direct channel is the client's for good.
    check(
        "
        ada: connect
        bob: connect
        bob: pub #ada 1 qos1 id=1
        server: sub ada #bob
        server: sub ada $time persistent
        server: unsub ada #ada
        bob: pub #ada 2 qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < push #ada 1 by bob id 1-1
            bob < published 1
            server: InvalidChannel
            server: InvalidChannel
            server: InvalidChannel
            ada < push #ada 2 by bob id 1-2
            bob < published 2
        "#]],
    );
}

#[test]
fn messages_of_the_server_follow_the_same_rules() {
    // J-100: to topics and to one client, with both QoS, retained or not.
    check_whole(
        Settings::default(),
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        server: push room 1
        server: push room 2 qos1
        server: push vault 3 qos1 retain
        server: push #ada 4
        server: push #ada 5 qos1
        ada: disconnect
        server: push vault 6 qos1
        server: push #ada 7 qos1
        server: push #ada 8
        server: push #eve 9 qos1
        server: push $time 1
        server: push # 1
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            ada < push room 1 by server
            ada < push room 2 by server id l1
            ada < push vault 3 by server id 1-1
            ada < push #ada 4 by server
            ada < push #ada 5 by server id 2-1
            server: ClientOffline
            server: ClientOffline
            server: InvalidChannel
            server: InvalidChannel
            ada < connected 15
            ada < push vault 3 by server retained
            ada < push vault 3 by server id 1-1
            ada < push vault 6 by server id 1-2
            ada < push #ada 5 by server id 2-1
            ada < push #ada 7 by server id 2-2
        "#]],
    );
}

#[test]
fn a_subscription_by_the_server_with_a_ticket_says_when_it_is_stored() {
    check(
        "
        ada: connect
        store: hold
        server: sub ada room ticket=1
        server: sub ada vault persistent ticket=2
        store: commit
        server: unsub ada vault ticket=3
        store: refuse
        store: go
        server: unsub ada room ticket=4
        server: sub eve room ticket=5
        server: unsub ada #ada ticket=6
        ",
        expect![[r#"
            ada < connected 15
            server: 1 is all: true
            server: 2 is all: false
            pushed 2
            server: 3 is all: false
            pushed 3: StoreUnavailable
            server: 4 is all: true
            server: 5: ClientOffline
            server: 6: InvalidChannel
        "#]],
    );
}

#[test]
fn a_push_that_is_tracked_says_when_it_is_through() {
    check_whole(
        Settings::default(),
        "
        ada: connect
        ada: sub room | ada: sub vault persistent
        store: hold
        server: push room 1 ticket=1
        server: push room 2 qos1 ticket=2
        server: push vault 3 ticket=3
        server: push vault 4 qos1 ticket=4 | server: push vault 5 qos1 | server: push vault 6 qos1 ticket=5
        server: push vault 7 qos1 ticket=6
        store: commit
        store: refuse
        server: push $time 8 ticket=7
        server: push #ada 9 qos1 ticket=8
        store: go
        ada: disconnect
        server: push #ada 10 qos1 ticket=9
        server: push #eve 11 qos1 ticket=10
        server: push lamp 12 qos1 retain ticket=11
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            server: 1 is all: true
            ada < push room 1 by server
            server: 2 is all: true
            ada < push room 2 by server id l1
            server: 3 is all: true
            ada < push vault 3 by server
            server: 4 is all: false
            server: 5 is all: false
            server: 6 is all: false
            ada < push vault 4 by server id 1-1
            ada < push vault 5 by server id 1-2
            ada < push vault 6 by server id 1-3
            pushed 4
            pushed 5
            pushed 6: StoreUnavailable
            server: 7: InvalidChannel
            server: 8 is all: false
            ada < push #ada 9 by server id 2-1
            pushed 8
            server: 9 is all: false
            pushed 9: ClientOffline
            server: 10: ClientOffline
            server: 11 is all: false
            pushed 11
        "#]],
    );
}

#[test]
fn a_push_that_is_not_tracked_is_not_told_of() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        server: push vault 1 qos1 id=a
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            ada < push vault 1 by server id 1-1
        "#]],
    );
}
