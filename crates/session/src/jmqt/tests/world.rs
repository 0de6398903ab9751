//! Plays dialogues of JMQT's peers, without a word for the dialect before their names, on either carrier.

use std::time::Duration;

use expect_test::Expect;
use rialto_broker::Settings;

use super::super::Session;
use crate::tests::{
    peer::{Kind, PING},
    world::{Rules, World},
};

/// Plays `script` with default settings on each carrier and compares all that peers were sent.
#[track_caller]
pub(super) fn check(script: &str, expected: Expect) {
    check_with(Settings::default(), script, expected);
}

/// Plays `script` on each carrier and compares all that peers were sent.
#[track_caller]
pub(super) fn check_with(settings: Settings, script: &str, expected: Expect) {
    check_resuming(settings, Duration::ZERO, script, expected);
}

/// Plays `script` where lost clients may come back for a while, and compares all that peers were sent.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "calls are easier to read")]
pub(super) fn check_resuming(
    settings: Settings,
    resume_for: Duration,
    script: &str,
    expected: Expect,
) {
    let [tcp, websocket] = [false, true].map(|is_websocket| {
        let mut world = world(settings.clone(), resume_for, is_websocket);
        world.play(script);
        world.take_transcript()
    });
    // J-9: the same packets get the same answers on every transport. A ping is no packet.
    let packets = websocket.lines().filter(|line| !line.ends_with(PING));
    let websocket: String = packets.flat_map(|line| [line, "\n"]).collect();
    assert_eq!(tcp, websocket, "a socket's transcript and a WebSocket's");
    expected.assert_eq(&tcp);
}

/// Makes a world of peers on one carrier, none of whom is let in without a token.
pub(super) fn world(settings: Settings, resume_for: Duration, is_websocket: bool) -> World {
    let rules = Rules {
        settings,
        jmqt_resume_for: resume_for,
        admits_anybody: false,
        tells_end: false,
        ..Rules::default()
    };
    let kind = Kind::of::<Session>("");
    World::with_kinds(rules, vec![if is_websocket { kind.on_websocket() } else { kind }])
}
