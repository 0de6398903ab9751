//! Steps of the wall clock, which decide nothing: order, ages and ids go on as they were.

use std::time::Duration;

use expect_test::expect;

use super::world::{World, check_with};
use rialto_domain::PacketId;

use crate::{HistorySettings, LogLimits, Settings};

const RULES: [(&str, &str); 2] = [("bob: pub room ", ""), ("bob: pub room ", " qos1 id=x")];

#[test]
fn a_history_keeps_the_latest_messages_though_the_clock_is_stepped_back() {
    for (before, after) in RULES {
        let mut world = World::new(persistent_history(5));
        world.play("clock: forward 2h\nbob: connect");
        publish(&mut world, 1..=8, before, after);
        world.play("+100ms\nclock: back 1h");
        publish(&mut world, 9..=11, before, after);
        world.play("server: past room\n+100ms\ncrash\nserver: past room");
        world.play("bob: connect");
        publish(&mut world, 12..=13, before, after);
        world.play("+100ms\ncrash\nserver: past room");
        let transcript = world.take_transcript();
        let pasts: Vec<&str> = transcript.lines().filter(|line| line.starts_with("past")).collect();
        let expected = ["7 8 9 10 11", "7 8 9 10 11", "9 10 11 12 13"];
        assert_eq!(pasts, expected.map(|numbers| format!("past of room: {numbers}")));
    }
}

#[test]
fn a_history_keeps_its_order_over_restarts_whatever_the_clock_does() {
    // Back while it runs, back while it does not, forward, and between the first messages of a run.
    for steps in [["back 2s", "forward 1s"], ["forward 9h", "back 3h"], ["back 1h", "back 1h"]] {
        for ends in ["crash", "server: write all\ncrash"] {
            let mut world = World::new(persistent_history(10));
            world.play("clock: forward 6h\nbob: connect");
            publish(&mut world, 1..=3, "bob: pub room ", "");
            world.play(&format!("clock: {}", steps[0]));
            publish(&mut world, 4..=6, "bob: pub room ", "");
            world.play(&format!("+100ms\n{ends}\nclock: {}\nbob: connect", steps[1]));
            publish(&mut world, 7..=8, "bob: pub room ", "");
            world.play(&format!("+100ms\n{ends}\nserver: past room"));
            let transcript = world.take_transcript();
            assert!(
                transcript.contains("past of room: 1 2 3 4 5 6 7 8\n"),
                "{steps:?} {transcript}"
            );
        }
    }
}

#[test]
fn what_was_stored_while_the_clock_was_ahead_is_dropped_at_its_age_like_all_else() {
    let log = LogLimits { age_max: Duration::from_secs(10), ..LogLimits::default() };
    check_with(
        Settings { log, ..Settings::default() },
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        clock: forward 99h
        bob: pub vault 1 qos1 id=1
        clock: back 99h
        bob: pub vault 2 qos1 id=2
        +5s
        bob: pub vault 3 qos1 id=3
        store: show
        +6s
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            bob < published 2
            bob < published 3
            store < trim vault of before 500
        "#]],
    );
}

#[test]
fn the_age_of_stored_messages_goes_on_where_it_was_after_a_restart() {
    // Neither what the clock was stepped by nor the time without a broker makes them older.
    let log = LogLimits { age_max: Duration::from_secs(100), ..LogLimits::default() };
    let mut world = World::new(Settings { log, ..Settings::default() });
    world.play("ada: connect\nada: sub vault persistent\nada: disconnect\nbob: connect");
    world.play(
        "bob: pub vault 1 qos1 id=1\n+90s\nserver: write all\ncrash\nclock: forward 744h\n+5s",
    );
    let left = |world: &mut World| world.store.snapshot().logs[0].extent.oldest.is_some();
    assert!(left(&mut world), "it is 95 s old");
    world.play("clock: back 740h\n+6s");
    assert!(!left(&mut world), "it is 101 s old");
}

#[test]
fn a_clock_that_is_set_right_forgets_nobody_who_was_just_here() {
    let settings =
        Settings { forget_after: Duration::from_secs(30 * 86400), ..Settings::default() };
    for restarts in ["", "crash", "server: write all\ncrash"] {
        let mut world = World::new(settings.clone());
        world.play("ada: connect | bob: connect\nada: disconnect");
        world.play("bob: pub #ada 1 qos1 id=1\n+100ms");
        world.play(&format!("clock: forward 744h\n{restarts}\n+121s\nada: connect"));
        let transcript = world.take_transcript();
        assert!(transcript.ends_with("ada < push #ada 1 by bob id 1-1\n"), "{transcript}");
    }
}

#[test]
fn a_clock_that_is_stepped_back_keeps_nobody_who_is_long_gone() {
    let settings = Settings { forget_after: Duration::from_secs(60), ..Settings::default() };
    let mut world = World::new(settings);
    world.play("clock: forward 3h\nada: connect\nada: disconnect\n+100ms\nclock: back 2h\n+121s");
    assert_eq!(world.store.snapshot().clients, []);
}

#[test]
fn time_without_a_broker_does_not_count_as_absence_and_time_with_one_counts_over_restarts() {
    let settings = Settings { forget_after: Duration::from_secs(600), ..Settings::default() };
    let mut world = World::new(settings);
    world.play("ada: connect\nada: disconnect\n+100ms");
    let known = |world: &mut World| world.store.snapshot().clients.len();
    for _ in 0..3 {
        world.play("+170s\nserver: write all\ncrash\nclock: forward 24h");
        assert_eq!(known(&mut world), 1);
    }
    world.play("+170s");
    assert_eq!(known(&mut world), 0, "brokers have run for 680 s since");
}

#[test]
fn after_a_crash_at_most_a_minute_of_absence_is_forgotten() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: disconnect\n+170s\ncrash");
    assert_eq!(world.store.snapshot().clock.served, 120_000);
}

#[test]
fn ids_are_never_given_twice_though_the_clock_is_stepped_back_over_restarts() {
    let reporting = Settings { reports_session_ends: true, ..Settings::default() };
    let mut world = World::new(reporting);
    world.play("clock: forward 5h");
    let (mut last_id, mut last_session) = (0_u64, 0_u64);
    for ends in ["crash", "+100ms\ncrash", "+70s\ncrash", "server: write all\ncrash"] {
        world.play("ada: connect | bob: connect\nada: sub room");
        (0..30).for_each(|_| world.play("bob: pub room 1 qos1 id=1"));
        world.play(&format!("ada: disconnect\n{ends}\nclock: back 1h"));
        let transcript = world.take_transcript();
        let ids = transcript.lines().filter_map(|line| PacketId::parse(line.split_once(" id ")?.1));
        for id in ids {
            let PacketId::Live(number) = id else { panic!("{transcript}") };
            assert!(last_id < number, "{transcript}");
            last_id = number;
        }
        let sessions =
            transcript.lines().filter_map(|line| line.split_once("session ")?.1.split_once(':'));
        for session in sessions.map(|(number, _)| number.parse().unwrap()) {
            assert!(last_session < session, "{transcript}");
            last_session = session;
        }
    }
    assert!(last_id > 0 && last_session > 0);
}

#[test]
fn a_message_of_this_server_stands_behind_what_it_had_of_others() {
    // C-55: also where its clock is slow, and where the other has none that it tells of.
    let history = HistorySettings { count_max: 3, ..HistorySettings::default() };
    let mut world = World::new(Settings { history, ..Settings::default() });
    world.play(
        "
        bob: connect
        server: relay room 1 by zoe from n2 id=1 clock=7200000
        bob: pub room 2
        server: relay room 3 by zoe from n3
        bob: pub room 4
        server: relay room 0 by zoe from n4 id=1 clock=5
        server: past room
        ",
    );
    assert!(world.take_transcript().ends_with("past of room: 2 3 4\n"));
}

fn publish(world: &mut World, numbers: std::ops::RangeInclusive<u32>, before: &str, after: &str) {
    for number in numbers {
        world.play(&format!("{before}{number}{after}"));
    }
}

fn persistent_history(count_max: u32) -> Settings {
    let history = HistorySettings { count_max, persistent: true, ..HistorySettings::default() };
    Settings { history, ..Settings::default() }
}
