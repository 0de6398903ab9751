//! Subscriptions that the server makes when a session begins.

use expect_test::expect;

use super::world::{World, check, check_with};
use crate::Settings;

#[test]
fn a_session_begins_with_the_subscriptions_it_is_given_behind_its_acceptance() {
    check(
        "
        bob: connect
        bob: pub news 1 retain
        ada: connect give=news,vault!
        bob: pub news 2 | bob: pub vault 3 qos1 id=a
        ada: disconnect
        bob: pub news 4 | bob: pub vault 5 qos1 id=b
        ada: connect
        bob: pub news 6
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < push news 1 by bob retained
            ada < push news 2 by bob
            ada < push vault 3 by bob id 1-1
            bob < published a
            bob < published b
            ada < connected 15
            ada < push vault 3 by bob id 1-1
            ada < push vault 5 by bob id 1-2
        "#]],
    );
}

#[test]
fn what_a_client_has_comes_before_what_it_is_given_and_is_not_made_twice() {
    // Nor is a retained message sent again.
    check(
        "
        bob: connect
        bob: pub vault 1 retain | bob: pub news 2 retain
        ada: connect give=vault!
        bob: pub vault 3 qos1 id=a
        ada: disconnect
        store: show
        ada: connect give=news,vault!,vault
        bob: pub vault 4 qos1 id=b
        ada: pub $mySubscriptions null id=c
        ",
        expect![[r##"
            bob < connected 15
            ada < connected 15
            ada < push vault 1 by bob retained
            ada < push vault 3 by bob id 1-1
            bob < published a
            ada < connected 15
            ada < push vault 1 by bob retained
            store < read 1 to 1
            ada < push news 2 by bob retained
            ada < push vault 3 by bob id 1-1
            store < append vault 4 by bob
            ada < push vault 4 by bob id 1-2
            bob < published b
            ada < published c = {"channels":["vault","news"],"subscriptions":{"#ada":"persistent","news":"temp","vault":"persistent"}}
        "##]],
    );
}

#[test]
fn names_that_are_no_topics_are_not_given() {
    let long = "x".repeat(256);
    check(
        &format!(
            "
            ada: connect give=#ada,$time,,{long}!,room
            ada: pub $mySubscriptions null id=a
            "
        ),
        expect![[r##"
            ada < connected 15
            ada < published a = {"channels":["room"],"subscriptions":{"#ada":"persistent","room":"temp"}}
        "##]],
    );
}

#[test]
fn what_is_given_needs_no_right_and_is_made_whatever_the_limit_of_subscriptions() {
    check_with(
        Settings { subscriptions_max: 1, ..Settings::default() },
        "
        ada: connect may=sub:x give=a,b!
        ada: sub x
        server: push a 1 | server: push b 2
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed x: TooManySubscriptions { limit: 1 }
            ada < push a 1 by server
            ada < push b 2 by server
        "#]],
    );
}

#[test]
fn transient_clients_are_given_nothing_persistent() {
    check(
        "
        store: show
        cleo: listen give=room!
        server: push room 1 qos1
        ",
        expect![[r#"
            cleo < push room 1 by server id l1
        "#]],
    );
}

#[test]
fn one_that_pauses_is_given_its_subscriptions_after_the_pause_and_behind_what_it_missed() {
    check(
        "
        bob: connect
        cleo: listen resume=60 pause=1 give=room
        bob: pub room 1
        +1s
        bob: pub room 2
        cleo: disconnect
        bob: pub room 3
        cleo: listen resume=60 pause=1 give=room,hall
        bob: pub room 4 | bob: pub hall 5
        +1s
        bob: pub room 6 | bob: pub hall 7
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo < push room 2 by bob
            cleo : Restored
            cleo < push room 3 by bob
            cleo < push room 4 by bob
            cleo < push room 6 by bob
            cleo < push hall 7 by bob
        "#]],
    );
}

#[test]
fn one_that_is_gone_before_the_pause_is_over_is_given_nothing() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        cleo: listen pause=1 give=room
        cleo: disconnect
        cleo/2: listen pause=2
        +1s
        ",
    );
    assert_eq!(world.broker.stats().channels, 0);
    world.play("server: push room 1");
    assert_eq!(world.take_transcript(), "");
}

#[test]
fn a_subscription_of_the_client_s_own_becomes_the_server_s_with_all_that_came_for_it() {
    // Its rights would not allow it, neither when the session begins nor later.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        server: push vault 1 qos1
        ada: connect may=pub:room give=vault
        server: push vault 2 qos1
        server: renew ada pub:hall
        server: push vault 3 qos1
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            ada < connected 15
            ada < push vault 1 by server id 1-1
            ada < push vault 2 by server id 1-2
            ada < push vault 3 by server id 1-3
        "#]],
    );
}

#[test]
fn what_a_client_was_given_in_a_session_before_is_no_longer_given() {
    check(
        "
        bob: connect
        bob: sub room
        ada: connect may=sub:* give=room
        ada: disconnect
        ada: connect may=sub:*
        ada: sub room
        server: renew ada pub:*
        bob: pub room 1
        server: push room 2
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            ada < connected 15
            ada < connected 15
            ada < subscribed room
            bob < push room 2 by server
        "#]],
    );
}

#[test]
fn a_subscription_that_a_client_ends_itself_is_given_again_with_its_next_session() {
    check(
        "
        ada: connect give=room,vault!
        ada: unsub room | ada: unsub vault
        server: push room 1 | server: push vault 2
        ada/2: connect give=room,vault!
        server: push room 3 | server: push vault 4
        ",
        expect![[r#"
            ada < connected 15
            ada < unsubscribed room
            ada < unsubscribed vault
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            ada/2 < push room 3 by server
            ada/2 < push vault 4 by server
        "#]],
    );
}

#[test]
fn a_session_is_announced_once_its_client_hears_of_it() {
    // Behind the acceptance and what was stored for the client, and only at the session's beginning.
    check(
        "
        bob: connect
        bob: sub lobby
        ada: connect give=lobby,vault! say=lobby,vault!,#bob
        ada: connect say=lobby
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed lobby
            ada < connected 15
            bob < push lobby "ada is here" by server
            ada < push lobby "ada is here" by server
            bob < push #bob "ada is here" by server
            ada < push vault "ada is here" by server id 1-1
            ada < connected 15
        "#]],
    );
}

#[test]
fn what_cannot_be_announced_keeps_nothing_else_back() {
    let settings = Settings { packet_bytes_max: 20, ..Settings::default() };
    let mut world = World::new(settings);
    world.play(
        "
        bob: connect
        bob: sub lobby
        ada: connect say=$time,#nobody,lobby
        somebody-with-a-long-name: connect say=lobby
        ",
    );
    expect![[r#"
        bob < connected 15
        bob < subscribed lobby
        ada < connected 15
        bob < push lobby "ada is here" by server
        somebody-with-a-long-name < connected 15
    "#]]
    .assert_eq(&world.take_transcript());
    let stats = world.broker.stats();
    assert_eq!((stats.publish_refused, stats.rejected), (3, 3));
}

#[test]
fn a_session_that_is_over_before_its_subscriptions_are_stored_is_not_announced() {
    check(
        "
        bob: connect
        bob: sub lobby
        store: hold
        ada: connect give=vault! say=lobby
        ada: disconnect
        store: go
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed lobby
            ada < connected 15
        "#]],
    );
}
