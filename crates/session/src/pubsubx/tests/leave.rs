//! Saying goodbye.

use expect_test::expect;

use super::world::check;

#[test]
fn a_goodbye_closes_the_connection_and_forgets_the_session() {
    // P-32: without an answer; the name is free at once.
    check(
        r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada > DISCONNECT
        psx.bob > PUBLISH a 1
        psx.ada > CONNECT ada
        psx.bob > PUBLISH a 2
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.ada x the client disconnected
            0s psx.ada < OK: Conn accepted
        "#]],
    );
}

#[test]
fn nothing_behind_a_goodbye_is_carried_out() {
    // P-33: although it came with it; what came before it is.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.bob > CONNECT bob␀PUBLISH a 1␀DISCONNECT␀PUBLISH a 2␀SUBSCRIBE a␀CONNECT eve␀DISCONNECT␀HELLO
        psx.eve > CONNECT eve
        psx.bob > CONNECT bob␀PUBLISH a 3
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.bob x the client disconnected
            0s psx.eve < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a 3
        "#]],
    );
}

#[test]
fn others_are_unharmed_by_whatever_a_client_does() {
    // P-40.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.b online
        psx.b drops
        psx.c > CONNECT c␀SUBSCRIBE a␀PUBLISH a 1
        psx.c drops
        psx.d > HELLO
        psx.e > CONNECT ada
        psx.f > CONNECT f␀DISCONNECT
        psx.bob > CONNECT bob␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.b < OK: Conn accepted
            0s psx.c < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.c < a 1
            0s psx.d x protocol error
            0s psx.e < ERROR: Name already taken
            0s psx.e x the session was refused
            0s psx.f < OK: Conn accepted
            0s psx.f x the client disconnected
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}
