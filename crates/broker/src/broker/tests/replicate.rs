//! Other servers: what they are sent, what comes from them, and what an interruption costs.

use expect_test::expect;

use super::world::{OBSERVER_FORMAT, ORIGIN, check_with, held_after};
use crate::{ReplicationSettings, Settings};

#[test]
fn an_observer_gets_what_clients_of_this_server_publish_and_nothing_else() {
    check_with(
        cluster(),
        "
        n2: listen format=1
        n2: observe
        ada: connect
        ada: sub room
        bob: connect
        bob: pub room 1 | bob: pub hall 2 | bob: pub #ada 3
        server: relay room 4 by zoe from n3 id=1
        ada: sub vault persistent
        bob: pub vault 5 qos1 id=5
        bob: pub #ada 6 qos1 id=6
        ",
        expect![[r#"
            n2 : observes from 0
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            n2 < [1] push room 1 by bob
            ada < push room 1 by bob
            n2 < [1] push hall 2 by bob
            ada < push #ada 3 by bob
            ada < push room 4 by zoe
            ada < subscribed vault
            n2 < [1] push vault 5 by bob id 1-1
            ada < push vault 5 by bob id 1-1
            bob < published 5
            ada < push #ada 6 by bob id 2-1
            bob < published 6
        "#]],
    );
}

#[test]
fn what_a_server_sent_us_goes_to_the_others_but_not_back() {
    check_with(
        cluster(),
        "
        n2: listen format=1
        n2: observe
        n3: listen format=1
        n3: observe
        ada: connect
        ada: sub room
        server: relay room 1 by zoe from n3 through=n3
        ",
        expect![[r#"
            n2 : observes from 0
            n3 : observes from 0
            ada < connected 15
            ada < subscribed room
            n2 < [1] push room 1 by zoe
            ada < push room 1 by zoe
        "#]],
    );
}

#[test]
fn a_gateway_gets_back_what_it_published_for_its_clients() {
    check_with(
        cluster(),
        "
        ws: listen format=1
        ws: observe
        ws: tell room 1 for=eve
        ",
        expect![[r#"
            ws : observes from 0
            ws < [1] push room 1 by ws
        "#]],
    );
}

#[test]
fn an_observer_that_was_away_gets_what_it_missed_and_then_what_is_new() {
    check_with(
        cluster(),
        "
        bob: connect
        bob: pub room 1
        bob: pub room 2 | bob: pub hall 3
        n2: listen format=1
        n2: observe from=1
        bob: pub room 4
        n2: more
        bob: pub room 5
        ",
        expect![[r#"
            bob < connected 15
            n2 : observes from 1
            n2 : more false
            n2 < [1] push room 2 by bob
            n2 < [1] push hall 3 by bob
            n2 < [1] push room 4 by bob
            n2 < [1] push room 5 by bob
        "#]],
    );
}

#[test]
fn what_is_not_remembered_any_more_is_missed_and_the_observer_told_from_where_it_gets() {
    let two = held_after(&cluster(), "bob: connect\nbob: pub room 1\nbob: pub room 2").backlog;
    let replication = ReplicationSettings { backlog_bytes_max: two, ..cluster().replication };
    check_with(
        Settings { replication, ..cluster() },
        "
        bob: connect
        bob: pub room 1
        bob: pub room 2
        bob: pub room 3
        bob: pub room 4
        n2: listen format=1
        n2: observe from=0
        n2: more
        n3: listen format=1
        n3: observe from=99
        n3: more
        ",
        expect![[r#"
            bob < connected 15
            n2 : observes from 2
            n2 : more false
            n2 < [1] push room 3 by bob
            n2 < [1] push room 4 by bob
            n3 : observes from 4
            n3 : more false
        "#]],
    );
}

#[test]
fn who_observed_an_earlier_run_gets_what_it_missed_of_this_one() {
    check_with(
        cluster(),
        "
        bob: connect
        bob: pub room 1
        n2: listen format=1
        n2: observe from=7 run=2
        n2: more
        n3: listen format=1
        n3: observe
        ",
        expect![[r#"
            bob < connected 15
            n2 : observes from 0
            n2 : more false
            n2 < [1] push room 1 by bob
            n3 : observes from 1
        "#]],
    );
}

#[test]
fn history_is_handed_over_and_late_messages_take_their_place() {
    check_with(
        cluster(),
        "
        bob: connect
        bob: pub room 1 | bob: pub hall 2
        n2: listen format=1
        n2: observe
        n2: histories
        n2: past
        server: relay room 3 by zoe from n3 id=5
        server: past room
        ",
        expect![[r#"
            bob < connected 15
            n2 : observes from 2
            n2 : more false
            n2 < past hall 2 by bob
            n2 < past room 1 by bob
            past of room: 1 3
        "#]],
    );
}

#[test]
fn a_relayed_direct_message_reaches_its_client_and_a_nameless_channel_nobody() {
    check_with(
        cluster(),
        "
        cleo: listen
        server: relay #cleo 1 by zoe from n3
        server: relay #dora 2 by zoe from n3
        server: relay $time 3 by zoe from n3
        ",
        expect![[r#"
            cleo < push #cleo 1 by zoe
        "#]],
    );
}

fn cluster() -> Settings {
    let replication = ReplicationSettings {
        origin: ORIGIN,
        format: Some(OBSERVER_FORMAT),
        backlog_bytes_max: 1 << 20,
    };
    Settings { replication, ..Settings::default() }
}

#[test]
fn an_observer_that_loses_its_right_is_closed_and_gets_nothing_more() {
    // C-50: with its rights renewed, and with those of another client that it becomes.
    check_with(
        cluster(),
        "
        n2: listen format=1 may=replicate
        n2: observe unlisted
        n3: listen format=1 may=replicate
        n3: observe unlisted
        n4: listen format=1 may=sub:*
        n4: observe
        bob: connect
        bob: pub room 1
        server: renew n2 sub:*
        server: renew n4 pub:*
        n3: readmit may=sub:*
        bob: pub room 2
        ",
        expect![[r#"
            n2 : observes from 0
            n3 : observes from 0
            n4 : observes from 0
            bob < connected 15
            n2 < [1] push room 1 by bob
            n3 < [1] push room 1 by bob
            n4 < [1] push room 1 by bob
            n2 x access was withdrawn
            n3 x access was withdrawn
            n4 < [1] push room 2 by bob
        "#]],
    );
}
