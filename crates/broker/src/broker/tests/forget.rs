//! Clients that the operator has forgotten: nothing of them is left, and they may come back anew.

use expect_test::expect;

use super::world::check;

#[test]
fn a_client_that_is_online_is_sent_away_and_nothing_of_it_is_left() {
    check(
        "
        ada: connect
        ada: sub room persistent
        ada: sub hall
        bob: connect
        bob: pub room 1 qos1 id=1
        bob: pub #ada 2 qos1 id=2
        server: forget ada
        bob: pub room 3 qos1 id=3
        bob: pub #ada 4 qos1 id=4
        +200ms
        ada: connect
        bob: pub room 5
        crash
        ada: connect
        bob: connect
        bob: pub room 6
        ",
        expect![[r##"
            ada < connected 15
            ada < subscribed room
            ada < subscribed hall
            bob < connected 15
            ada < push room 1 by bob id 1-1
            bob < published 1
            ada < push #ada 2 by bob id 2-1
            bob < published 2
            ada x disconnected by the server
            bob < published 3
            bob < published 4: ClientOffline
            ada < connected 15
            ada < connected 15
            bob < connected 15
        "##]],
    );
}

#[test]
fn a_client_that_is_away_loses_what_waits_for_it() {
    check(
        "
        ada: connect
        ada: sub room persistent
        ada: disconnect
        bob: connect
        bob: pub room 1 qos1 id=1
        bob: pub #ada 2 qos1 id=2
        store: show
        server: forget ada
        ada: connect
        crash
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            bob < published 1
            bob < published 2: ClientOffline
            store < forget ada
            store < drop log of room
            store < drop log of #ada
            ada < connected 15
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_lost_client_is_waited_for_no_longer() {
    check(
        "
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: connect
        bob: pub room 1
        server: forget cleo
        cleo: listen resume=60
        bob: pub room 2
        ",
        expect![[r#"
            cleo : New
            bob < connected 15
            cleo : New
        "#]],
    );
}

#[test]
fn what_is_under_way_for_a_client_does_not_bring_it_back() {
    check(
        "
        ada: connect
        bob: connect
        store: hold
        ada: sub room persistent
        bob: pub #ada 1 qos1 id=1
        server: forget ada
        store: go
        bob: pub room 2 qos1 id=2
        +200ms
        crash
        ada: connect
        ",
        expect![[r##"
            ada < connected 15
            bob < connected 15
            ada x disconnected by the server
            bob < published 1
            bob < published 2
            ada < connected 15
        "##]],
    );
}

#[test]
fn a_client_that_the_store_would_not_forget_is_forgotten_at_the_next_tick() {
    check(
        "
        ada: connect
        ada: sub room persistent
        ada: disconnect
        +100ms
        store: show
        store: hold
        server: forget ada
        store: refuse
        store: go
        +100ms
        crash
        bob: connect
        bob: pub room 1 qos1 id=1
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            store < forget ada
            store < drop log of room
            store < forget ada
            store < drop log of room
            bob < connected 15
            bob < published 1
        "#]],
    );
}
