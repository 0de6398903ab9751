//! What the world is told of sessions that end, and the open ones that are stored for it.

use std::time::Duration;

use expect_test::expect;

use super::world::{World, check, check_with};
use crate::Settings;

fn reporting() -> Settings {
    Settings {
        reports_session_ends: true,
        heartbeat_timeout: Duration::from_secs(4),
        ..Settings::default()
    }
}

#[test]
fn the_end_of_each_session_is_reported_with_its_reason() {
    check_with(
        reporting(),
        "
        ada: connect
        +1s
        ada/2: connect
        ada/2: leave
        bob: connect
        bob: disconnect
        eve: connect
        server: remove eve
        cleo: listen may=
        server: renew cleo
        fay: open
        fay: disconnect
        zoe: connect
        +10s
        gil: connect
        server: close all
        ",
        expect![[r#"
            ada < connected 4
            ada departed from ada at 1000, session 1: taken over by a newer connection of the same client
            ada x taken over by a newer connection of the same client
            ada/2 < connected 4
            ada/2 x the client disconnected
            ada departed from ada/2 at 1000, session 2: the client disconnected
            bob < connected 4
            bob departed from bob at 1000, session 3: the connection ended
            eve < connected 4
            eve x disconnected by the server
            eve departed from eve at 1000, session 4: disconnected by the server
            cleo x access was withdrawn
            cleo departed from cleo at 1000, session 5: access was withdrawn
            zoe < connected 4
            zoe x heartbeat timeout
            zoe departed from zoe at 6000, session 6: heartbeat timeout
            gil < connected 4
            gil x the server is shutting down
            gil departed from gil at 11000, session 7: the server is shutting down
        "#]],
    );
}

#[test]
fn nothing_is_reported_unless_it_is_asked_for() {
    check(
        "
        ada: connect
        ada: leave
        ",
        expect![[r#"
            ada < connected 15
            ada x the client disconnected
        "#]],
    );
}

#[test]
fn one_that_is_lost_has_departed_and_departs_again_after_it_was_back() {
    check_with(
        reporting(),
        "
        cleo: listen resume=60
        cleo: disconnect
        cleo: listen resume=60
        cleo: disconnect
        +61s
        ",
        expect![[r#"
            cleo : New
            cleo departed from cleo at 0, session 1: the connection ended
            cleo : Restored
            cleo departed from cleo at 0, session 2: the connection ended
        "#]],
    );
}

#[test]
fn one_that_said_goodbye_departs_once_though_its_name_comes_again_before_its_end() {
    check_with(
        reporting(),
        "
        cleo: listen
        cleo: leave | cleo/2: listen
        cleo/2: disconnect
        ",
        expect![[r#"
            cleo x the client disconnected
            cleo departed from cleo at 0, session 1: the client disconnected
            cleo departed from cleo/2 at 0, session 2: the connection ended
        "#]],
    );
}

#[test]
fn open_sessions_are_stored_with_the_next_tick_and_removed_with_the_one_after_their_end() {
    check_with(
        reporting(),
        "
        store: show
        +1s
        cleo: listen
        dan: listen
        dan: disconnect
        +100ms
        cleo: disconnect
        +100ms
        +100ms
        ",
        expect![[r#"
            dan departed from dan at 1000, session 2: the connection ended
            store < open cleo, session 1
            store < close dan
            cleo departed from cleo at 1100, session 1: the connection ended
            store < close cleo
        "#]],
    );
}

#[test]
fn what_the_store_refuses_of_sessions_is_written_again_as_it_is_by_then() {
    check_with(
        reporting(),
        "
        cleo: listen
        dan: listen
        store: show
        store: hold
        +100ms
        dan: disconnect
        store: refuse
        store: go
        +100ms
        ",
        expect![[r#"
            store < open cleo, session 1
            store < open dan, session 2
            dan departed from dan at 100, session 2: the connection ended
            store < open cleo, session 1
            store < close dan
        "#]],
    );
}

#[test]
fn the_sessions_that_a_crash_ended_are_reported_when_the_server_is_back_and_only_then() {
    let mut world = World::new(reporting());
    world.play(
        "
        +1s
        ada: connect
        cleo: listen
        bob: connect
        +100ms
        bob: disconnect
        +100ms
        crash
        store: show
        +100ms
        ",
    );
    expect![[r#"
        ada < connected 4
        bob < connected 4
        bob departed from bob at 1100, session 3: the connection ended
        ada departed from nowhere at 1200, session 1: the server crashed
        cleo departed from nowhere at 1200, session 2: the server crashed
        store < close ada
        store < close cleo
    "#]]
    .assert_eq(&world.take_transcript());
    world.play("crash\n+100ms");
    assert_eq!(world.take_transcript(), "");
}

#[test]
fn numbers_of_sessions_grow_across_restarts() {
    check_with(
        reporting(),
        "
        +1s
        ada: connect
        ada: disconnect
        ada: connect
        ada: disconnect
        ada: connect
        +100ms
        crash
        ada: connect
        ada: disconnect
        ",
        expect![[r#"
            ada < connected 4
            ada departed from ada at 1000, session 1: the connection ended
            ada < connected 4
            ada departed from ada at 1000, session 2: the connection ended
            ada < connected 4
            ada departed from nowhere at 1100, session 3: the server crashed
            ada < connected 4
            ada departed from ada at 1100, session 120001001: the connection ended
        "#]],
    );
}

#[test]
fn sessions_that_are_open_are_stored_once_the_settings_ask_for_it() {
    let mut world = World::new(Settings::default());
    world.play("cleo: listen\n+100ms\nstore: show");
    world.reconfigure(|settings| settings.reports_session_ends = true);
    world.play("+100ms\ncleo: disconnect");
    expect![[r#"
        store < open cleo, session 1
        cleo departed from cleo at 200, session 1: the connection ended
    "#]]
    .assert_eq(&world.take_transcript());
}
