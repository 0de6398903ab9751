//! Direct messages: `#` channels.

use expect_test::expect;

use super::world::{check, check_with};
use crate::Settings;

#[test]
fn a_direct_message_reaches_that_client_alone() {
    // J-89 and J-90: without any subscribing, and without an acknowledgement of it.
    check(
        "
        ada: connect
        bob: connect
        eve: connect
        bob: pub #ada 1
        bob: pub #ada 2 qos1 id=7
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            eve < connected 15
            ada < push #ada 1 by bob
            ada < push #ada 2 by bob id 1-1
            bob < published 7
        "#]],
    );
}

#[test]
fn a_qos_1_message_to_an_offline_client_is_stored_and_its_sender_told() {
    // J-91: also when the client went before its first direct message, and over a crash.
    check(
        "
        ada: connect
        bob: connect
        ada: disconnect
        bob: pub #ada 1 qos1 id=7
        bob: pub #ada 2 qos1 id=8
        crash
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            bob < published 7: ClientOffline
            bob < published 8: ClientOffline
            ada < connected 15
            ada < push #ada 1 by bob id 1-1
            ada < push #ada 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_qos_0_message_to_an_offline_client_is_dropped() {
    // J-92.
    check(
        "
        ada: connect
        bob: connect
        ada: disconnect
        bob: pub #ada 1
        bob: pub #ada 2 id=7
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            bob < published 7: ClientOffline
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_message_to_a_client_that_never_was_is_dropped() {
    // J-92.
    check(
        "
        bob: connect
        bob: pub #ada 1
        bob: pub #ada 2 id=7
        bob: pub #ada 3 qos1 id=8
        ada: connect
        ",
        expect![[r#"
            bob < connected 15
            bob < published 7: ClientOffline
            bob < published 8: ClientOffline
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_message_to_oneself_is_dropped_while_echo_is_off() {
    // J-93.
    let script = "
        ada: connect
        ada: pub #ada 1
        ada: pub #ada 2 id=7
        ada: pub #ada 3 qos1 id=8
        ";
    check(
        script,
        expect![[r#"
            ada < connected 15
            ada < published 7: ClientOffline
            ada < published 8: ClientOffline
        "#]],
    );
    let settings = Settings { echo: true, ..Settings::default() };
    check_with(
        settings,
        script,
        expect![[r#"
            ada < connected 15
            ada < push #ada 1 by ada
            ada < push #ada 2 by ada
            ada < push #ada 3 by ada id 1-1
            ada < published 8
        "#]],
    );
}

#[test]
fn a_first_direct_message_that_cannot_be_stored_harms_no_later_one() {
    // J-74 and J-91: the channel's subscription is asked for again.
    check(
        "
        ada: connect
        bob: connect
        store: hold
        bob: pub #ada 1 qos1 id=7
        store: refuse
        store: go
        bob: pub #ada 2 qos1 id=8
        ada: disconnect
        bob: pub #ada 3 qos1 id=9
        crash
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            bob < published 7: StoreUnavailable
            ada < push #ada 2 by bob id 1-1
            bob < published 8
            bob < published 9: ClientOffline
            ada < connected 15
            ada < push #ada 2 by bob id 1-1
            ada < push #ada 3 by bob id 1-2
        "#]],
    );
}

#[test]
fn direct_messages_of_both_qos_keep_their_order_each() {
    // J-67.
    check(
        "
        ada: connect
        bob: connect
        store: hold
        bob: pub #ada 1 qos1 id=1 | bob: pub #ada 2 | bob: pub #ada 3 qos1 id=3 | bob: pub #ada 4
        store: go
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < push #ada 2 by bob
            ada < push #ada 4 by bob
            ada < push #ada 1 by bob id 1-1
            ada < push #ada 3 by bob id 1-2
            bob < published 1
            bob < published 3
        "#]],
    );
}
