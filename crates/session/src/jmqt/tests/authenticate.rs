//! Authentication: `auth`, `authAck`.

use expect_test::expect;

use super::world::check;

#[test]
fn a_granted_token_opens_a_session_on_any_connection() {
    // J-26, J-27
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada > {"conn":{"cl":"ada","at":"ada until 60"}}
        ada drops
        ada' > {"conn":{"cl":"ada","at":"ada until 60"}}
        "#,
        expect![[r#"
            0s ada < {"authAck":{"st":1,"at":"ada until 60","cl":"ada"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada' < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn a_refused_auth_says_why_and_gives_nothing() {
    // J-26, J-28, J-29. J-71: each kind of refusal has its status.
    check(
        r#"
        ada > {"auth":{}}
        ada > {"auth":{"dt":null}}
        ada > {"auth":{"dt":"ada"}}
        ada > {"auth":{"dt":{"login":"ada"}}}
        ada > {"auth":{"dt":{"client_name":"root"}}}
        ada > {"auth":{"dt":{"client_name":"nobody"}}}
        "#,
        expect![[r#"
            0s ada < {"authAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"authAck":{"st":10,"mg":"no client_name"}}
            0s ada < {"authAck":{"st":10,"mg":"no client_name"}}
            0s ada < {"authAck":{"st":10,"mg":"no client_name"}}
            0s ada < {"authAck":{"st":7,"mg":"not this one"}}
            0s ada < {"authAck":{"st":5,"mg":"the key is lost"}}
        "#]],
    );
}

#[test]
fn auth_may_be_sent_again_and_opens_and_changes_no_session() {
    // J-30: after a refusal, after a success, and within a session, which stays ada's.
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"root"}}}
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada > {"hb":{}}
        ada > {"auth":{"dt":{"client_name":"eve"}}}
        ada online
        ada > {"auth":{"dt":{"client_name":"eve"}}}
        ada > {"pub":{"cn":"$whoami","id":"1"}}
        "#,
        expect![[r#"
            0s ada < {"authAck":{"st":7,"mg":"not this one"}}
            0s ada < {"authAck":{"st":1,"at":"ada until 60","cl":"ada"}}
            0s ada < {"authAck":{"st":1,"at":"eve until 60","cl":"eve"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"authAck":{"st":1,"at":"eve until 60","cl":"eve"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"client":"ada","connected_s":0}}}
        "#]],
    );
}
