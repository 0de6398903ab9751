//! History: what is kept of channels, where it goes, and that memory is bounded.

use expect_test::expect;

use super::world::{check, check_with, held_after};
use crate::{ChannelRule, HistorySettings, Settings};

#[test]
fn the_last_ten_messages_of_a_channel_are_kept_whoever_listens() {
    let publish: Vec<String> = (1..=12).map(|number| format!("bob: pub room {number}")).collect();
    check(
        &format!("bob: connect\n{}\nserver: past room\nserver: past hall", publish.join(" | ")),
        expect![[r#"
            bob < connected 15
            past of room: 3 4 5 6 7 8 9 10 11 12
            past of hall: 
        "#]],
    );
}

#[test]
fn stored_messages_are_kept_once_they_are_committed_and_refused_ones_never() {
    check(
        "
        ada: connect
        ada: sub room persistent
        bob: connect
        store: hold
        bob: pub room 1 qos1 id=1
        server: past room
        store: commit
        server: past room
        bob: pub room 2 qos1 id=2
        store: refuse
        server: past room
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            bob < connected 15
            past of room: 
            ada < push room 1 by bob id 1-1
            bob < published 1
            past of room: 1
            bob < published 2: StoreUnavailable
            past of room: 1
        "#]],
    );
}

#[test]
fn direct_messages_and_questions_leave_no_history() {
    check(
        "
        ada: connect
        bob: connect
        bob: pub #ada 1 | bob: pub #ada 2 qos1 id=2 | bob: pub $time 3 id=3
        server: past #ada
        server: past $time
        ",
        expect![[r##"
            ada < connected 15
            bob < connected 15
            ada < push #ada 1 by bob
            bob < published 3 = {"unix_ms":0}
            ada < push #ada 2 by bob id 1-1
            bob < published 2
            past of #ada: 
            past of $time: 
        "##]],
    );
}

#[test]
fn a_rule_says_otherwise_for_the_channels_it_fits() {
    let rule = |pattern: &str, count, persistent| ChannelRule {
        pattern: pattern.to_owned(),
        history_count_max: count,
        history_persistent: persistent,
        ..ChannelRule::default()
    };
    let rules = vec![
        rule("*.raw", Some(0), None),
        rule("sensor.?", Some(2), None),
        rule("*", None, Some(true)),
    ];
    check_with(
        Settings { channel_rules: rules, ..Settings::default() },
        "
        store: show
        bob: connect
        bob: pub sensor.raw 1 | bob: pub sensor.1 1 | bob: pub sensor.1 2 | bob: pub sensor.1 3
        bob: pub sensor.22 1
        server: past sensor.raw
        server: past sensor.1
        +100ms
        ",
        expect![[r#"
            bob < connected 15
            past of sensor.raw: 
            past of sensor.1: 2 3
            store < keep 2 of sensor.1 2 3
            store < keep 10 of sensor.22 1
            store < put bob seen 0
        "#]],
    );
}

#[test]
fn persistent_history_is_there_after_a_crash_up_to_the_last_tick() {
    check_with(
        persistent(),
        "
        bob: connect
        bob: pub room 1 | bob: pub room 2
        +100ms
        bob: pub room 3
        crash
        server: past room
        ",
        expect![[r#"
            bob < connected 15
            past of room: 1 2
        "#]],
    );
}

#[test]
fn history_that_the_store_refused_is_written_again() {
    check_with(
        persistent(),
        "
        bob: connect
        +100ms
        store: show
        store: hold
        bob: pub room 1
        +100ms
        store: refuse
        bob: pub room 2
        +100ms
        store: go
        ",
        expect![[r#"
            bob < connected 15
            store < keep 10 of room 1
            store < keep 10 of room 1 2
        "#]],
    );
}

#[test]
fn when_memory_is_short_channels_published_to_long_ago_lose_their_history() {
    let one = held_after(&Settings::default(), "bob: connect\nbob: pub a 1").histories;
    // Seven channels and a second message, and not an eighth.
    let bytes_max = 8 * one - 1;
    let history = HistorySettings { bytes_max, persistent: true, ..HistorySettings::default() };
    let settings = Settings { history, ..Settings::default() };
    check_with(
        settings,
        "
        store: show
        bob: connect
        bob: pub a 1 | bob: pub b 1 | bob: pub c 1 | bob: pub d 1 | bob: pub e 1 | bob: pub f 1
        +100ms
        bob: pub a 2 | bob: pub g 1 | bob: pub h 1
        +100ms
        server: past a
        server: past b
        server: past h
        ",
        expect![[r#"
            bob < connected 15
            store < keep 10 of a 1
            store < keep 10 of b 1
            store < keep 10 of c 1
            store < keep 10 of d 1
            store < keep 10 of e 1
            store < keep 10 of f 1
            store < put bob seen 0
            store < drop history of b
            store < keep 10 of a 2
            store < keep 10 of g 1
            store < keep 10 of h 1
            past of a: 1 2
            past of b: 
            past of h: 1
        "#]],
    );
}

fn persistent() -> Settings {
    let history = HistorySettings { persistent: true, ..HistorySettings::default() };
    Settings { history, ..Settings::default() }
}
