//! Sessions of clients that are known only while they are connected, with the plain profile.

use expect_test::expect;

use super::world::check;

#[test]
fn a_transient_client_is_stored_nowhere_and_forgotten_with_its_session() {
    check(
        "
        store: show
        cleo: listen
        ada: connect
        ada: pub #cleo 1 qos1 id=1
        cleo: disconnect
        ada: pub #cleo 2 qos1 id=2
        +100ms
        ",
        expect![[r#"
            ada < connected 15
            cleo < push #cleo 1 by ada
            ada < published 1
            ada < published 2: ClientOffline
            store < put ada seen 0
        "#]],
    );
}

#[test]
fn one_that_does_not_acknowledge_is_sent_stored_messages_once_and_never_closed_for_it() {
    let flood = vec!["bob: pub room 1 qos1 id=1"; 1100].join(" | ");
    let mut world = super::world::World::new(crate::Settings::default());
    world.play("cleo: listen\nserver: sub cleo room\nbob: connect");
    world.play(&flood);
    let transcript = world.take_transcript();
    assert_eq!(transcript.matches("cleo < push room 1 by bob").count(), 1100);
    assert!(!transcript.contains('x'), "nobody is closed");
}

#[test]
fn silence_and_retained_messages_are_nothing_to_it() {
    check(
        "
        bob: connect
        bob: pub lamp 1 retain
        cleo: listen
        server: sub cleo lamp
        +60s
        server: push lamp 2
        ",
        expect![[r#"
            bob < connected 15
            bob x heartbeat timeout
            cleo < push lamp 2 by server
        "#]],
    );
}

#[test]
fn echo_is_its_own_to_choose() {
    check(
        "
        cleo: listen
        server: sub cleo room
        cleo: tell room 1
        cleo: echo
        cleo: tell room 2
        ",
        expect![[r#"
            cleo < push room 2 by cleo
        "#]],
    );
}

#[test]
fn nobody_takes_over_a_transient_session_by_its_id() {
    check(
        "
        cleo: listen
        cleo/2: listen
        cleo/2: tell room 1
        ada: connect
        ada: pub #cleo 2
        ",
        expect![[r#"
            cleo/2 : NotAllowed
            ada < connected 15
            cleo < push #cleo 2 by ada
        "#]],
    );
}
