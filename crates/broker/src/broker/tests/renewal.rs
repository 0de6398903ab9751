//! Sessions whose right to be there ends, on a connection or lost.

use expect_test::expect;

use super::world::check;

#[test]
fn a_session_ends_with_its_rights_within_a_tick() {
    check(
        "
        ada: connect may=sub:* until=2000
        bob: connect may=sub:* until=9000
        ada: sub room
        +1900ms
        ada: pub $time null id=a
        +200ms
        bob: pub $time null id=b
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < subscribed room
            ada < published a: Denied("no rule for control:$time")
            ada x access was withdrawn
            bob < published b: Denied("no rule for control:$time")
        "#]],
    );
}

#[test]
fn the_end_of_rights_that_were_replaced_or_given_back_is_nobody_s() {
    check(
        "
        ada: connect may=sub:* until=2000
        ada: leave
        ada/2: connect may=sub:*
        cleo: listen may=sub:* until=2000 resume=60
        cleo: disconnect
        cleo/2: listen may=sub:* until=2000 resume=60
        cleo/2: leave
        cleo/3: listen may=sub:* until=5000 resume=60
        +3s
        cleo/3: want room
        +2s
        ",
        expect![[r#"
            ada < connected 15
            ada x the client disconnected
            ada/2 < connected 15
            cleo : New
            cleo/2 : Restored
            cleo/2 x the client disconnected
            cleo/3 : New
            cleo/3 x access was withdrawn
        "#]],
    );
}

#[test]
fn a_lost_client_that_may_have_no_session_any_more_does_not_get_what_it_missed() {
    for end in ["server: renew cleo", "server: withdraw cleo", "+3s"] {
        let script = format!(
            "
            bob: connect
            cleo: listen may=sub:* until=2000 resume=60
            server: sub cleo room
            cleo: disconnect
            bob: pub room 1
            {end}
            bob: pub room 2
            cleo/2: listen may=sub:* resume=60
            bob: pub room 3
            "
        );
        check(
            &script,
            expect![[r#"
                bob < connected 15
                cleo : New
                cleo/2 : New
            "#]],
        );
    }
}

#[test]
fn one_that_is_back_and_sent_away_at_once_does_not_get_what_it_missed() {
    check(
        "
        bob: connect
        cleo: listen may=sub:* resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1
        cleo/2: listen may=sub:* resume=60 pause=1
        server: withdraw cleo
        +2s
        cleo/3: listen may=sub:* resume=60
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo/2 : Restored
            cleo/2 x access was withdrawn
            cleo/3 : New
        "#]],
    );
}

#[test]
fn new_rules_hold_for_what_is_kept_for_lost_clients_too() {
    check(
        "
        bob: connect
        cleo: listen may=sub:* resume=60
        cleo: want room
        cleo: want vault
        cleo: disconnect
        bob: pub room 1 | bob: pub vault 2
        server: renew cleo sub:room
        bob: pub room 3 | bob: pub vault 4
        cleo/2: listen may=sub:* resume=60
        bob: pub room 5 | bob: pub vault 6
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo/2 : Restored
            cleo/2 < push room 1 by bob
            cleo/2 < push room 3 by bob
            cleo/2 < push room 5 by bob
        "#]],
    );
}
