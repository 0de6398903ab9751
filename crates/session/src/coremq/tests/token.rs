//! Servers where nobody has a session without a token.

use expect_test::expect;

use super::world::check_with_tokens;

#[test]
fn without_a_token_nothing_is_served() {
    // C-48: but everything is answered (C-12), and malformed frames as ever (C-9).
    check_with_tokens(
        r#"
        ada > x {"coremq_subscribe":"a"}␀a {"n":1}␀x {"coremq_status":""}␀x {"coremq_gethistory":"a"}␀x []
        ada > x {"coremq_options":{"echo":true}}␀x {"coremq_more":"past"}
        ada > x {"coremq_replicant":"b:6747"}
        ws.eve > {"coremq_subscribe":"a"}␀{"queue":"a","n":1}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"ERROR: Message must be a dictionary"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: the option token is missing"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ws.eve < {"error":"Not authenticated: set the options client and token first"}
            0s ws.eve < {"error":"Not authenticated: set the options client and token first"}
        "#]],
    );
}

#[test]
fn a_token_opens_the_session() {
    // C-48, C-20: a wrong one does not, and another one later does not harm.
    check_with_tokens(
        r#"
        ada > x {"coremq_options":{"client":"ada","token":"key of eve"}}␀x {"coremq_subscribe":"a"}
        ada > x {"coremq_options":{"client":"ada","token":"key of ada","echo":true}}
        ada > x {"coremq_subscribe":"a"}␀a {"n":1}
        ada > x {"coremq_options":{"client":"ada","token":"key of eve"}}␀a {"n":2}
        srv.b > x {"coremq_options":{"client":"b","token":"key of b"}}␀x {"coremq_replicant":"b:6747"}
        ws.eve > {"queue":"-","coremq_options":{"client":"eve","token":"key of eve"}}␀{"queue":"a","n":3}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"ERROR: the token is not valid for this client id, or has expired"}
            0s ada < id-ada {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < a {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"ERROR: the token is not valid for this client id, or has expired"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < a {"n":2,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Options set"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            0s ws.eve < {"response":"OK: Options set","queue":"id-eve"}
            0s ws.eve < {"response":"OK: Message sent","queue":"id-eve"}
            0s srv.b < a {"n":3,"coremq_sender":"id-eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"n":3,"coremq_sender":"id-eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn who_has_no_session_cannot_be_reached() {
    // C-48.
    check_with_tokens(
        r#"
        ada online
        bob > x {"coremq_options":{"client":"bob","token":"key of bob"}}␀id-ada {"n":1}␀#id-ada {"n":2}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Options set"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"ERROR: the client is offline"}
        "#]],
    );
}

#[test]
fn a_replicant_has_its_right_from_its_client_wherever_it_is() {
    // C-31, C-50: a session whose rights do not say so is refused, also from a listed address.
    check_with_tokens(
        r#"
        authorizer may sub:*
        srv.b > x {"coremq_options":{"client":"b","token":"key of b"}}␀x {"coremq_replicant":"b:6747"}
        authorizer may replicate
        ada > x {"coremq_options":{"client":"ada","token":"key of ada"}}␀x {"coremq_replicant":"c:6747"}
        "#,
        expect![[r#"
            ! ReplicantRefused("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Options set"}
            0s srv.b < id-b {"response":"ERROR: Not allowed to be a replicant"}
            ! ReplicantAttached("c:6747")
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Replication request successful"}
        "#]],
    );
}

#[test]
fn an_address_that_is_enough_makes_a_replicant_that_brings_no_token() {
    // C-51: it may do whatever clients may, in their names.
    check_with_tokens(
        r#"
        srv.gw > x {"coremq_subscribe":"a"}␀x {"coremq_replicant":"gw:9000"}
        srv.gw > a {"n":1,"coremq_fwdto":"browser"}
        "#,
        expect![[r#"
            ! ReplicantAttached("gw:9000")
            0s srv.gw < id-gw {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.gw < id-gw {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s srv.gw < id-gw {"response":"OK: Replication request successful"}
            0s srv.gw < browser {"response":"OK: Message sent"}
            0s srv.gw < a {"n":1,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747","coremq_fwdto":"browser"}
        "#]],
    );
}
