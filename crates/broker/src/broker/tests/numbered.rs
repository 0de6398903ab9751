//! Deliveries that have a number of their own for each receiver, by whichever way they come.

use expect_test::expect;

use super::world::check;

#[test]
fn what_is_read_from_a_log_is_numbered_and_acknowledged_by_number() {
    check(
        "
        ada: connect numbered
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=a
        bob: pub vault 2 qos1 id=b
        ada: connect numbered
        bob: pub vault 3 qos1 id=c
        ada: ack #2
        ada: ack #2
        ada: disconnect
        ada: connect numbered
        ada: ack #1
        ada: disconnect
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published a
            bob < published b
            ada < connected 15
            ada < #1 push vault 1 by bob id 1-1
            ada < #2 push vault 2 by bob id 1-2
            ada < #3 push vault 3 by bob id 1-3
            bob < published c
            ada < connected 15
            ada < #1 push vault 1 by bob id 1-1
            ada < #2 push vault 3 by bob id 1-3
            ada < connected 15
            ada < push vault 3 by bob id 1-3
        "#]],
    );
}

#[test]
fn retained_messages_are_numbered_among_the_others() {
    check(
        "
        bob: connect
        bob: pub room 1 retain
        bob: pub vault 2 qos1 retain id=a
        ada: connect numbered
        ada: sub room
        bob: pub room 3
        ada: sub vault
        eve: connect numbered
        eve: sub vault
        bob: pub vault 4 qos1 id=b
        ",
        expect![[r#"
            bob < connected 15
            bob < published a
            ada < connected 15
            ada < subscribed room
            ada < #1 push room 1 by bob retained
            ada < #2 push room 3 by bob
            ada < subscribed vault
            ada < #3 push vault 2 by bob retained
            eve < connected 15
            eve < subscribed vault
            eve < #1 push vault 2 by bob retained
            bob < published b
            ada < #4 push vault 4 by bob id l2
            eve < #2 push vault 4 by bob id l2
        "#]],
    );
}

#[test]
fn what_a_lost_client_missed_is_numbered_on_the_connection_that_it_comes_back_with() {
    check(
        "
        ada: connect numbered resume=60
        ada: sub room
        bob: connect
        bob: pub room 1
        ada: disconnect
        bob: pub room 2
        bob: pub room 3 qos1 id=a
        ada: connect numbered resume=60
        bob: pub room 4 qos1 id=b
        ada: ack #3
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            ada < #1 push room 1 by bob
            bob < published a
            ada < connected 15 resumed
            ada < #1 push room 2 by bob
            ada < #2 push room 3 by bob id l2
            bob < published b
            ada < #3 push room 4 by bob id l3
        "#]],
    );
}
