//! Clients that were lost, and what they find when they are back.

use std::time::Duration;

use expect_test::expect;
use rialto_broker::{InboxLimits, Settings};

use super::world::{Rules, World, check, check_by, check_with};

#[test]
fn a_lost_client_finds_its_topics_and_after_a_pause_what_came_meanwhile() {
    // P-34, P-36, P-38: in order, and what comes in the pause behind it.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE b
        psx.bob > CONNECT bob
        psx.ada drops
        psx.bob > PUBLISH a 1␀PUBLISH b 2␀PUBLISH c 3␀PUBLISH a 4
        +30s
        psx.bob > PUBLISH b 5
        psx.ada > CONNECT ada
        psx.bob > PUBLISH a 6
        +100ms
        psx.bob > PUBLISH a 7
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            30s psx.ada < RESTORED ada
            30s psx.ada < a b
            30.1s psx.ada < a 1
            30.1s psx.ada < b 2
            30.1s psx.ada < a 4
            30.1s psx.ada < b 5
            30.1s psx.ada < a 6
            30.1s psx.ada < a 7
        "#]],
    );
}

#[test]
fn one_without_topics_is_told_none() {
    // P-36: the second message is empty.
    check(
        r"
        psx.ada > CONNECT ada
        psx.ada drops
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < RESTORED ada
            0s psx.ada < ∅
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn one_that_is_back_may_do_everything_at_once() {
    // P-38: what it is subscribed to comes after the pause, each message once (P-20), and P-19 for what
    // is new.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE b
        psx.bob > CONNECT bob
        psx.ada drops
        psx.bob > PUBLISH a 1␀PUBLISH b 2
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE c␀PUBLISH a 3␀PUBLISH c 4
        +1s
        psx.bob > PUBLISH a 5␀PUBLISH c 6
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < RESTORED ada
            0s psx.ada < a b
            0s psx.ada < c 4
            0.1s psx.ada < a 1
            0.1s psx.ada < b 2
            0.1s psx.ada < a 3
            1s psx.ada < a 5
            1s psx.ada < c 6
        "#]],
    );
}

#[test]
fn one_that_unsubscribes_in_the_pause_gets_nothing_more_of_the_topic() {
    // P-21: nor what was kept of it.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀SUBSCRIBE b
        psx.bob > CONNECT bob
        psx.ada drops
        psx.bob > PUBLISH a 1␀PUBLISH b 2
        psx.ada > CONNECT ada␀UNSUBSCRIBE a
        psx.bob > PUBLISH a 3
        +1s
        psx.bob > PUBLISH a 4␀PUBLISH b 5
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < RESTORED ada
            0s psx.ada < a b
            0.1s psx.ada < b 2
            1s psx.ada < b 5
        "#]],
    );
}

#[test]
fn one_that_is_lost_again_in_the_pause_loses_nothing() {
    // P-34, P-38.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.bob > CONNECT bob
        psx.ada drops
        psx.bob > PUBLISH a 1
        psx.ada > CONNECT ada
        psx.ada drops
        psx.bob > PUBLISH a 2
        +50s
        psx.ada > CONNECT ada
        +1s
        psx.ada drops
        +50s
        psx.ada > CONNECT ada␀DISCONNECT
        psx.ada > CONNECT ada
        +1s
        psx.bob > PUBLISH a 3
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < RESTORED ada
            0s psx.ada < a
            50s psx.ada < RESTORED ada
            50s psx.ada < a
            50.1s psx.ada < a 1
            50.1s psx.ada < a 2
            101s psx.ada < RESTORED ada
            101s psx.ada < a
            101s psx.ada x the client disconnected
            101s psx.ada < OK: Conn accepted
        "#]],
    );
}

#[test]
fn a_lost_client_is_forgotten_after_its_time() {
    // P-39, P-34: it is 60 seconds; each loss begins it anew.
    check(
        r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.eve > CONNECT eve␀SUBSCRIBE a
        psx.ada drops
        psx.eve drops
        psx.bob > PUBLISH a 1
        +59s
        psx.ada > CONNECT ada
        +2s
        psx.eve > CONNECT eve
        psx.bob > PUBLISH a 2
        psx.ada drops
        +59s
        psx.ada > CONNECT ada
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.eve < OK: Conn accepted
            59s psx.ada < RESTORED ada
            59s psx.ada < a
            59.1s psx.ada < a 1
            61s psx.eve < OK: Conn accepted
            61s psx.ada < a 2
            120s psx.ada < RESTORED ada
            120s psx.ada < a
        "#]],
    );
}

#[test]
fn the_time_is_a_setting() {
    // P-34, P-39: with none a client is forgotten at once.
    let script = r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada drops
        psx.bob > PUBLISH a 1
        +2s
        psx.ada > CONNECT ada
        +1s
        ";
    let rules = |seconds| Rules { resume_for: Duration::from_secs(seconds), ..Rules::default() };
    check_by(
        rules(3),
        script,
        expect![[r#"
        0s psx.bob < OK: Conn accepted
        0s psx.ada < OK: Conn accepted
        2s psx.ada < RESTORED ada
        2s psx.ada < a
        2.1s psx.ada < a 1
    "#]],
    );
    check_by(
        rules(2),
        script,
        expect![[r#"
        0s psx.bob < OK: Conn accepted
        0s psx.ada < OK: Conn accepted
        2s psx.ada < OK: Conn accepted
    "#]],
    );
    check_by(
        rules(0),
        script,
        expect![[r#"
        0s psx.bob < OK: Conn accepted
        0s psx.ada < OK: Conn accepted
        2s psx.ada < OK: Conn accepted
    "#]],
    );
}

#[test]
fn only_so_much_is_kept_and_the_oldest_goes() {
    // P-35: whole messages, and they are counted.
    let script = r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada drops
        psx.bob > PUBLISH a 1␀PUBLISH a 2
        psx.bob > PUBLISH a 3
        psx.bob > PUBLISH a 4
        psx.ada > CONNECT ada
        +1s
        ";
    let held = |lines: usize| {
        let mut world = World::new(Rules::default());
        script.lines().take(lines).for_each(|line| world.play(line));
        world.held().inboxes
    };
    let (lost, two) = (held(4), held(5));
    let settings = |drop_oldest| Settings {
        inbox: InboxLimits { bytes_max: two - lost, drop_oldest },
        ..Settings::default()
    };
    check_with(
        settings(true),
        script,
        expect![[r#"
        0s psx.bob < OK: Conn accepted
        0s psx.ada < OK: Conn accepted
        0s psx.ada < RESTORED ada
        0s psx.ada < a
        0.1s psx.ada < a 3
        0.1s psx.ada < a 4
    "#]],
    );
    check_with(
        settings(false),
        script,
        expect![[r#"
        0s psx.bob < OK: Conn accepted
        0s psx.ada < OK: Conn accepted
        0s psx.ada < RESTORED ada
        0s psx.ada < a
        0.1s psx.ada < a 1
        0.1s psx.ada < a 2
    "#]],
    );
    for drop_oldest in [true, false] {
        let mut world = World::new(Rules { settings: settings(drop_oldest), ..Rules::default() });
        world.play(script);
        assert_eq!(world.stats().dropped_absent, 2);
    }
}

#[test]
fn ten_kib_are_kept() {
    // P-35: messages of a KiB each, of which a tenth does not fit with what is around them.
    let mut world = World::new(Rules::default());
    world.play(
        "
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada drops
        ",
    );
    for number in 0..12 {
        world.send("psx.bob", &format!("PUBLISH a {number}{}", ".".repeat(1022)));
    }
    world.play(
        "
        psx.ada > CONNECT ada
        +1s
        ",
    );
    let came: Vec<&str> = world
        .transcript()
        .lines()
        .filter_map(|line| line.strip_prefix("0.1s psx.ada < a ")?.split('.').next())
        .collect();
    assert_eq!(came, ["3", "4", "5", "6", "7", "8", "9", "10", "11"]);
}

#[test]
fn the_name_of_a_lost_client_is_its_own_again_and_of_nobody_twice() {
    // P-36, P-15.
    check(
        r"
        psx.ada online
        psx.ada drops
        psx.ada' online
        psx.ada online
        psx.ada' drops
        psx.ada online
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada' < RESTORED ada
            0s psx.ada' < ∅
            0s psx.ada < ERROR: Name already taken
            0s psx.ada x the session was refused
            0s psx.ada < RESTORED ada
            0s psx.ada < ∅
        "#]],
    );
}

#[test]
fn topics_that_the_answer_has_no_room_for_are_still_subscribed_to() {
    // P-37.
    let mut world = World::new(Rules::default());
    world.play("psx.ada > CONNECT ada");
    for number in 0..10 {
        world.send("psx.ada", &format!("SUBSCRIBE {number}{}", "t".repeat(200)));
    }
    world.play(
        "
        psx.ada drops
        psx.ada > CONNECT ada
        +1s
        ",
    );
    let named = world.last_line().split(' ').filter(|word| word.ends_with('t')).count();
    assert_eq!(named, 4);
    for number in 0..10 {
        world.send("psx.ada", &format!("PUBLISH {number}{} here", "t".repeat(200)));
        assert!(world.last_line().starts_with(&format!("1s psx.ada < {number}t")));
    }
}
