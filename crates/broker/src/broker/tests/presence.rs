//! What is published of who comes and goes.

use expect_test::expect;

use super::world::{World, check_with};
use crate::{HistorySettings, Settings};

fn watched() -> Settings {
    Settings { presence_channel: Some("here".into()), ..Settings::default() }
}

#[test]
fn whoever_comes_and_goes_is_told_of_on_the_channel() {
    check_with(
        watched(),
        "
        zoe: connect
        zoe: sub here
        ada: connect
        cleo: listen
        ada: disconnect
        cleo: leave
        server: past here
        ",
        expect![[r#"
            zoe < connected 15
            zoe < subscribed here
            ada < connected 15
            zoe < push here {"online":"ada"} by server
            zoe < push here {"online":"cleo"} by server
            zoe < push here {"offline":"ada"} by server
            cleo x the client disconnected
            zoe < push here {"offline":"cleo"} by server
            past of here: {"online":"zoe"} {"online":"ada"} {"online":"cleo"} {"offline":"ada"} {"offline":"cleo"}
        "#]],
    );
}

#[test]
fn without_the_setting_nothing_is_told_or_stored() {
    check_with(
        Settings::default(),
        "
        zoe: connect
        zoe: sub here
        store: show
        cleo: listen
        +200ms
        cleo: disconnect
        +200ms
        ",
        expect![[r#"
            zoe < connected 15
            zoe < subscribed here
            store < put zoe seen 0
        "#]],
    );
}

#[test]
fn one_that_is_taken_over_neither_went_nor_came() {
    check_with(
        watched(),
        "
        zoe: connect
        zoe: sub here
        ada: connect
        ada/2: connect
        ada/2: disconnect
        ",
        expect![[r#"
            zoe < connected 15
            zoe < subscribed here
            ada < connected 15
            zoe < push here {"online":"ada"} by server
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            zoe < push here {"offline":"ada"} by server
        "#]],
    );
}

#[test]
fn one_that_is_taken_over_before_anybody_was_told_comes_once() {
    check_with(
        watched(),
        "
        zoe: connect
        zoe: sub here
        store: hold
        ada: connect give=room!
        ada/2: connect
        store: go
        ada/2: disconnect
        ",
        expect![[r#"
            zoe < connected 15
            zoe < subscribed here
            ada < connected 15
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            zoe < push here {"online":"ada"} by server
            zoe < push here {"offline":"ada"} by server
        "#]],
    );
}

#[test]
fn one_that_is_given_the_channel_hears_of_itself() {
    check_with(
        watched(),
        "
        ada: connect give=here
        bob: connect give=here!
        store: hold
        cleo: listen give=here
        eve: connect give=here!
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < push here {"online":"ada"} by server
            bob < connected 15
            ada < push here {"online":"bob"} by server
            bob < push here {"online":"bob"} by server
            ada < push here {"online":"cleo"} by server
            bob < push here {"online":"cleo"} by server
            cleo < push here {"online":"cleo"} by server
            eve < connected 15
            ada < push here {"online":"eve"} by server
            bob < push here {"online":"eve"} by server
            cleo < push here {"online":"eve"} by server
            eve < push here {"online":"eve"} by server
        "#]],
    );
}

#[test]
fn one_that_is_gone_before_its_subscription_is_committed_never_came() {
    check_with(
        watched(),
        "
        zoe: connect give=here
        store: hold
        ada: connect give=here!
        ada: disconnect
        store: go
        ",
        expect![[r#"
            zoe < connected 15
            zoe < push here {"online":"zoe"} by server
            ada < connected 15
        "#]],
    );
}

#[test]
fn one_that_is_lost_goes_and_comes_back_and_does_not_miss_its_own_absence() {
    check_with(
        watched(),
        "
        zoe: connect
        zoe: sub here
        mia: listen resume=60 give=here
        cleo: listen resume=60 give=here
        mia: disconnect
        cleo: disconnect
        +1s
        cleo: listen resume=60 pause=1
        +1s
        ",
        expect![[r#"
            zoe < connected 15
            zoe < subscribed here
            mia : New
            zoe < push here {"online":"mia"} by server
            mia < push here {"online":"mia"} by server
            cleo : New
            zoe < push here {"online":"cleo"} by server
            mia < push here {"online":"cleo"} by server
            cleo < push here {"online":"cleo"} by server
            zoe < push here {"offline":"mia"} by server
            mia < push here {"offline":"mia"} by server
            cleo < push here {"offline":"mia"} by server
            zoe < push here {"offline":"cleo"} by server
            cleo < push here {"offline":"cleo"} by server
            cleo : Restored
            zoe < push here {"online":"cleo"} by server
            cleo < push here {"online":"cleo"} by server
        "#]],
    );
}

#[test]
fn the_last_one_on_the_channel_can_leave_it() {
    for count_max in [0, 10] {
        let history = HistorySettings { count_max, ..HistorySettings::default() };
        let mut world = World::new(Settings { history, ..watched() });
        world.play("ada: connect\nada: sub here\nada: disconnect\nada: connect give=here");
        world.reconfigure(|settings| settings.history.count_max = 0);
        world.play("ada: disconnect");
        assert_eq!(world.broker.stats().sessions, 0);
    }
}

#[test]
fn one_that_a_crash_ended_is_told_of_when_the_server_is_back() {
    check_with(
        watched(),
        "
        ada: connect give=here!
        cleo: listen
        bob: connect
        +100ms
        bob: disconnect
        +100ms
        crash
        ada: connect
        server: past here
        +100ms
        crash
        ada: connect
        server: past here
        ",
        expect![[r#"
            ada < connected 15
            ada < push here {"online":"ada"} by server
            ada < push here {"online":"cleo"} by server
            bob < connected 15
            ada < push here {"online":"bob"} by server
            ada < push here {"offline":"bob"} by server
            ada < connected 15
            ada < push here {"online":"ada"} by server
            past of here: {"offline":"ada"} {"offline":"cleo"} {"online":"ada"}
            ada < connected 15
            ada < push here {"online":"ada"} by server
            past of here: {"offline":"ada"} {"online":"ada"}
        "#]],
    );
}

#[test]
fn it_is_told_from_the_moment_the_settings_ask_for_it() {
    let mut world = World::new(Settings::default());
    world.play("zoe: connect\nzoe: sub here\nada: connect\nstore: show");
    world.reconfigure(|settings| settings.presence_channel = Some("here".into()));
    world.play("+100ms\nada: disconnect\n+100ms");
    world.reconfigure(|settings| settings.presence_channel = None);
    world.play("ada: connect");
    expect![[r#"
        zoe < connected 15
        zoe < subscribed here
        ada < connected 15
        store < put zoe seen 0
        store < put ada seen 0
        store < open ada, session 2
        store < open zoe, session 1
        zoe < push here {"offline":"ada"} by server
        store < put ada seen 100
        store < close ada
        ada < connected 15
    "#]]
    .assert_eq(&world.take_transcript());
}
