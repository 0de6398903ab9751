//! What happens by itself as time goes on.

use std::time::Duration;

use expect_test::expect;

use super::world::{World, check, check_whole};
use crate::{HistorySettings, Settings};

#[test]
fn what_was_to_be_trimmed_of_a_log_is_not_taken_from_the_next_one_of_its_channel() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub vault persistent\nbob: connect");
    world.play(
        "bob: pub vault 1 qos1 id=1\nbob: pub vault 2 qos1 id=2\nada: ack 1-1 | ada: ack 1-2",
    );
    world.play("+100ms\nstore: hold\nada: unsub vault\nada: sub vault persistent");
    world.play("bob: pub vault 3 qos1 id=3\n+100ms\nstore: go\ncrash");
    world.take_transcript();
    world.play("ada: connect");
    let transcript = world.take_transcript();
    assert!(transcript.ends_with("ada < push vault 3 by bob id 2-1\n"), "{transcript}");
}

#[test]
fn a_silent_session_is_closed_between_once_and_twice_the_timeout() {
    // J-44: not at the timeout itself, since a heartbeat may still be on its way.
    check(
        "
        ada: connect
        +15s
        ada: pub $time null id=1
        +4s
        bob: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < published 1 = {"unix_ms":15000}
            ada x heartbeat timeout
            bob < connected 15
        "#]],
    );
}

#[test]
fn any_sign_of_life_keeps_a_session_open() {
    // J-43: the owner reports each packet.
    check(
        "
        ada: connect
        +14s
        ada: hear
        +15s
        ada: pub $whoami null id=1
        +5s
        ",
        expect![[r#"
            ada < connected 15
            ada < published 1 = {"client":"ada","connected_s":29}
            ada x heartbeat timeout
        "#]],
    );
}

#[test]
fn one_that_answers_pings_is_asked_for_a_sign_of_life_while_it_is_silent() {
    // J-130: once for each silence, and not before it has a session.
    check(
        "
        ada: connect pings
        bob: open pings
        +7s
        ada: sub room
        +8s
        ada: hear
        +8s
        ada: hear
        +19s
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < ping
            bob x heartbeat timeout
            ada < ping
            ada < ping
            ada x heartbeat timeout
        "#]],
    );
}

#[test]
fn a_connection_without_a_session_is_closed_too() {
    // J-45: counted from its opening.
    check(
        "
        ada: open
        +10s
        ada: hear
        +4s
        bob: open
        +1s
        bob: connect
        +1s
        ",
        expect![[r#"
            ada x no session was opened in time
            bob < connected 15
        "#]],
    );
}

#[test]
fn a_client_seen_last_long_ago_is_forgotten_with_its_direct_channel() {
    // J-92: from then on it is one that never had a session. Persistent subscribers are kept.
    let settings = Settings { forget_after: Duration::from_secs(60), ..Settings::default() };
    check_whole(
        settings,
        "
        ada: connect
        eve: connect
        eve: sub vault persistent
        bob: connect
        bob: pub #ada 1 qos1 id=1
        ada: disconnect
        eve: disconnect
        bob: disconnect
        +50s
        bob: connect
        bob: pub #ada 2 qos1 id=2
        store: show
        +14s
        bob: hear
        +14s
        bob: hear
        +14s
        bob: hear
        +14s
        bob: hear
        +14s
        bob: pub #ada 3 qos1 id=3
        bob: pub #eve 4 qos1 id=4
        ",
        expect![[r#"
            ada < connected 15
            eve < connected 15
            eve < subscribed vault
            bob < connected 15
            ada < push #ada 1 by bob id 2-1
            bob < published 1
            bob < connected 15
            bob < published 2: ClientOffline
            store < forget ada
            store < drop log of #ada
            bob < published 3: ClientOffline
            store < subscribe eve #eve
            store < append #eve 4 by bob
            bob < published 4: ClientOffline
        "#]],
    );
}

#[test]
fn a_client_that_the_store_did_not_forget_finds_its_messages_when_it_comes_back() {
    // The broker forgot, the store refused to: the cursor it still has lies behind the log's end.
    let settings = Settings { forget_after: Duration::from_secs(60), ..Settings::default() };
    check_whole(
        settings,
        "
        ada: connect
        bob: connect
        bob: pub #ada 1 qos1 id=1
        ada: disconnect
        bob: disconnect
        +119s
        store: hold
        +2s
        store: refuse
        store: go
        ada: connect
        bob: connect
        bob: pub #ada 2 qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < push #ada 1 by bob id 1-1
            bob < published 1
            ada < connected 15
            bob < connected 15
            bob < published 2
            ada < push #ada 1 by bob id 1-1
            ada < push #ada 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_client_restored_from_the_store_is_forgotten_as_well() {
    let settings = Settings { forget_after: Duration::from_secs(60), ..Settings::default() };
    let mut world = World::new(settings);
    world.play("ada: connect | bob: connect\nbob: pub #ada 1 qos1 id=1\ncrash\n+121s");
    let snapshot = world.store.snapshot();
    assert_eq!((snapshot.clients, snapshot.cursors), (vec![], vec![]));
    assert_eq!(snapshot.logs, []);
    assert_eq!(world.broker.stats().channels, 0);
}

#[test]
fn sessions_are_noted_in_the_store_when_they_begin_and_end() {
    check(
        "
        store: show
        ada: connect
        +1s
        ada: disconnect
        +100ms
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            store < put ada seen 0
            store < put ada seen 1000
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_note_the_store_refused_is_written_again() {
    check(
        "
        store: show
        store: hold
        ada: connect
        +100ms
        store: refuse
        +100ms
        ",
        expect![[r#"
            ada < connected 15
            store < put ada seen 0
            store < put ada seen 0
        "#]],
    );
}

#[test]
fn everything_that_is_only_in_memory_can_be_written_at_once() {
    // J-80 and J-68 over a graceful stop.
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub room 2 retain
        ada: ack 1-1
        ada: disconnect
        store: show
        server: write all
        server: write all
        crash
        ada: connect
        ada: sub room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            store < move ada vault 1
            store < retain room 2
            store < put ada seen 0
            store < put bob seen 0
            store < trim vault 1
            ada < connected 15
            ada < subscribed room
            ada < push room 2 by bob retained
        "#]],
    );
}

#[test]
fn many_lazy_writes_are_spread_over_ticks() {
    let mut world = World::new(Settings::default());
    for number in 0..1200 {
        world.play(&format!("c{number}: connect"));
    }
    let known = |world: &mut World| world.store.snapshot().clients.len();
    assert_eq!(known(&mut world), 0);
    world.play("+100ms");
    assert_eq!(known(&mut world), 500);
    world.play("+200ms");
    assert_eq!(known(&mut world), 1200);
}

#[test]
fn idle_channels_are_dropped_from_memory() {
    let history = HistorySettings { count_max: 0, ..HistorySettings::default() };
    let mut world = World::new(Settings { history, ..Settings::default() });
    world.play(
        "
        ada: connect
        bob: connect
        ada: sub a
        ada: sub b persistent
        bob: pub b 1 qos1 id=1
        bob: pub c 2 qos1 id=2
        bob: pub d 3
        ",
    );
    assert_eq!(world.broker.stats().channels, 2);
    world.play("ada: unsub a\nada: unsub b");
    assert_eq!(world.broker.stats().channels, 0);
    assert_eq!(world.store.snapshot().logs, []);
}
