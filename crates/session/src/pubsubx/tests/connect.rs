//! The first command: who gets a session, and how the others are sent away.

use expect_test::expect;

use super::world::{Rules, check, check_by};

#[test]
fn a_name_that_is_free_opens_a_session() {
    // P-11: whatever characters it has. P-41: a token is passed over.
    check(
        r"
        psx.ada > CONNECT ada
        psx.bob > CONNECT größe␊🦀 of no use here
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
        "#]],
    );
}

#[test]
fn what_comes_with_the_name_is_served_behind_the_answer() {
    // P-12, P-2: a client that does not wait gets more with its answer.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn any_other_beginning_closes_the_connection_without_an_answer() {
    // P-13, P-14: nor is anything carried out that comes with it.
    check(
        r#"
        psx.eve > CONNECT eve␀SUBSCRIBE a
        psx.a > SUBSCRIBE a␀CONNECT a␀PUBLISH a 1
        psx.b > CONNECT␀CONNECT b␀PUBLISH a 2
        psx.c > CONNECT␠␀PUBLISH a 3
        psx.d > PUBLISH a 4␀PUBLISH a 5
        psx.e > DISCONNECT␀CONNECT e
        psx.f > UNSUBSCRIBE a
        psx.g > connect g␀PUBLISH a 6
        psx.h > {"conn":{"cl":"h"}}
        psx.i > CONNECT  i
        "#,
        expect![[r#"
            0s psx.eve < OK: Conn accepted
            0s psx.a x protocol error
            0s psx.b x protocol error
            0s psx.c x protocol error
            0s psx.d x protocol error
            0s psx.e x protocol error
            0s psx.f x protocol error
            0s psx.g x protocol error
            0s psx.h x protocol error
            0s psx.i x protocol error
        "#]],
    );
}

#[test]
fn a_name_that_is_taken_is_refused_and_nothing_behind_it_is_carried_out() {
    // P-15, P-14: whoever has the name goes on.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada' > CONNECT ada␀PUBLISH a 1␀UNSUBSCRIBE a␀DISCONNECT␀CONNECT eve
        psx.eve > CONNECT eve␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada' < ERROR: Name already taken
            0s psx.ada' x no session was opened in time
            0s psx.eve < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}

#[test]
fn a_second_connect_is_ignored() {
    // P-17: with the same name, with another one, and with one that somebody else has.
    check(
        r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀CONNECT ada␀CONNECT eve␀CONNECT bob␀CONNECT␀SUBSCRIBE a
        psx.eve > CONNECT eve␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.eve < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn what_means_nothing_is_ignored_within_a_session() {
    // P-9, P-10, P-3 (as far as a script can write it).
    check(
        r"
        psx.ada > CONNECT ada␀HELLO␀subscribe a␀SUBSCRIBE␀UNSUBSCRIBE␀PUBLISH␀PUBLISH  a␀␊␀SUBSCRIBE a
        psx.ada > publish a 1␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}

#[test]
fn a_session_is_not_closed_for_its_silence() {
    // P-18: for hours, while a client of JMQT is after 19 seconds.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        +7200s
        psx.bob > CONNECT bob␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            19s jmqt.joe x heartbeat timeout
            7200s psx.bob < OK: Conn accepted
            7200s psx.ada < a 1
        "#]],
    );
}

#[test]
fn what_happens_can_be_told() {
    // P-46.
    check_by(
        Rules { tells_all: true, ..Rules::default() },
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1␀UNSUBSCRIBE a␀CONNECT ada␀HELLO␀SUBSCRIBE $x
        psx.ada' > CONNECT ada
        psx.ada drops
        psx.ada > CONNECT ada␀DISCONNECT␀SUBSCRIBE a
        psx.bob > CONNECT bob
        psx.bob drops
        +61s
        ",
        expect![[r#"
            ! ada: Connected("ada")
            ! ada: Subscribed("a")
            ! ada: Published("a")
            ! ada: Unsubscribed("a")
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
            ! nobody: Refused("ada")
            0s psx.ada' < ERROR: Name already taken
            0s psx.ada' x no session was opened in time
            ! ada: Restored("ada")
            ! ada: Disconnected
            0s psx.ada < RESTORED ada
            0s psx.ada < ∅
            0s psx.ada x the client disconnected
            ! bob: Connected("bob")
            0s psx.bob < OK: Conn accepted
            ! 60s: bob is forgotten
        "#]],
    );
}
