//! Servers where nobody has a session without a token.

use expect_test::expect;

use super::world::check_with_tokens;

#[test]
fn a_token_opens_the_session() {
    // P-41: it may have blanks.
    check_with_tokens(
        r"
        psx.ada > CONNECT ada key of ada␀SUBSCRIBE a␀PUBLISH a 1
        psx.bob > CONNECT bob bob until 60
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.bob < OK: Conn accepted
        "#]],
    );
}

#[test]
fn without_a_good_one_the_connection_is_closed() {
    // P-42, P-14: none, another's, one that has ended.
    check_with_tokens(
        r"
        psx.eve > CONNECT eve key of eve␀SUBSCRIBE a
        psx.ada > CONNECT ada␀PUBLISH a 1
        psx.ada > CONNECT ada key of eve␀CONNECT ada key of ada␀PUBLISH a 2
        +60s
        psx.ada > CONNECT ada ada until 60
        ",
        expect![[r#"
            0s psx.eve < OK: Conn accepted
            0s psx.ada < ERROR: Token not valid for this name
            0s psx.ada x the session was refused
            0s psx.ada < ERROR: Token not valid for this name
            0s psx.ada x the session was refused
            60s psx.ada < ERROR: Token not valid for this name
            60s psx.ada x the session was refused
        "#]],
    );
}

#[test]
fn nobody_learns_of_names_or_messages_without_a_token() {
    // P-42: not that a name is taken, nor what a lost client would get.
    check_with_tokens(
        r"
        psx.bob > CONNECT bob key of bob
        psx.ada > CONNECT ada key of ada␀SUBSCRIBE a
        psx.eve > CONNECT ada
        psx.ada drops
        psx.bob > PUBLISH a 1
        psx.eve > CONNECT ada key of eve
        psx.ada > CONNECT ada key of ada
        +1s
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.eve < ERROR: Token not valid for this name
            0s psx.eve x the session was refused
            0s psx.eve < ERROR: Token not valid for this name
            0s psx.eve x the session was refused
            0s psx.ada < RESTORED ada
            0s psx.ada < a
            0.1s psx.ada < a 1
        "#]],
    );
}
