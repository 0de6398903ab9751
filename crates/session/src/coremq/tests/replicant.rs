//! Servers and gateways of the original's kind that attach themselves here.

use expect_test::expect;

use super::world::check;

#[test]
fn a_replicant_gets_the_messages_of_all_queues() {
    // C-31, C-23: and the status names it. C-30: of other dialects too.
    check(
        r#"
        bob > a {"n":0}
        srv.b > x {"coremq_replicant":"b:6747"}
        bob > a {"n":1}␀never.seen {"coremq_string":"text"}
        jmqt.eve online
        jmqt.eve > {"pub":{"cn":"a","dt":2}}
        bob > x {"coremq_status":""}
        srv.b drops
        bob > a {"n":3}␀x {"coremq_status":""}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s srv.b < a {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s srv.b < never.seen {"coremq_string":"text","coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s jmqt.eve < {"connAck":{"st":1,"ts":15}}
            0s srv.b < a {"coremq_string":"2","coremq_sender":"eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"coremq_fwdto":"id-bob","master":"rialto","replicants":["b:6747"],"connections":3}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"coremq_fwdto":"id-bob","master":"rialto","replicants":[],"connections":2}
        "#]],
    );
}

#[test]
fn who_is_not_allowed_gets_nothing() {
    // C-31. C-32, C-46: and what only replicants may say is nothing special from it.
    check(
        r#"
        eve > x {"coremq_replicant":"b:6747"}
        bob > a {"n":1}
        bob > x {"coremq_subscribe":"a"}
        eve > a {"n":2,"coremq_server":"b:6747"}␀a {"n":3,"coremq_fwdto":"c-1"}␀x {"coremq_status":"","coremq_fwdto":"c-1"}
        eve > x {"coremq_more":"messages"}
        "#,
        expect![[r#"
            ! ReplicantRefused("b:6747")
            0s eve < id-eve {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s eve < id-eve {"response":"ERROR: Not allowed to be a replicant"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Subscribe successful"}
            0s eve < id-eve {"response":"OK: Message sent"}
            0s eve < id-eve {"response":"OK: Message sent"}
            0s eve < id-eve {"coremq_fwdto":"id-eve","master":"rialto","replicants":[],"connections":2}
            0s bob < a {"n":2,"coremq_sender":"id-eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < a {"n":3,"coremq_sender":"id-eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s eve < id-eve {"response":"ERROR: Not a replicant"}
        "#]],
    );
}

#[test]
fn what_a_server_passes_on_is_distributed_without_an_answer_and_not_back() {
    // C-32, C-49: to clients here and to other replicants.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}
        srv.b > x {"coremq_replicant":"b:6747"}
        srv.c > x {"coremq_replicant":"c:6747"}
        srv.b > a {"n":1,"coremq_server":"b:6747","coremq_sender":"somebody","coremq_sent":5}
        srv.b > id-ada {"n":2,"coremq_server":"b:6747"}
        srv.b > a {"n":3,"coremq_server":"rialto:6747"}␀x {"coremq_subscribe":"a","coremq_server":"b:6747"}
        ada > x {"coremq_gethistory":"a"}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            ! ReplicantAttached("c:6747")
            0s srv.c < id-c {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.c < id-c {"response":"OK: Replication request successful"}
            0s srv.c < a {"n":1,"coremq_sender":"id-b","coremq_sent":0.000,"coremq_server":"b:6747"}
            0s ada < a {"n":1,"coremq_sender":"id-b","coremq_sent":0.000,"coremq_server":"b:6747"}
            0s ada < id-ada {"n":2,"coremq_sender":"id-b","coremq_sent":0.000,"coremq_server":"b:6747"}
            0s ada < id-ada {"history":{"a":[{"n":1,"coremq_sender":"id-b","coremq_sent":0.000,"coremq_server":"b:6747"}]}}
        "#]],
    );
}

#[test]
fn a_gateways_clients_are_answered_through_it() {
    // C-41, C-42: answers go to `coremq_fwdto`, and what it sends comes back to it with that.
    check(
        r#"
        srv.gw > x {"coremq_replicant":"gw:9000"}
        ada > x {"coremq_subscribe":"a"}
        srv.gw > a {"n":1,"coremq_fwdto":"c-1"}␀x {"coremq_status":"","coremq_fwdto":"c-2"}␀x {"coremq_gethistory":"a","coremq_fwdto":"c-3"}
        srv.gw > x {"coremq_subscribe":5,"coremq_fwdto":"c-4"}␀$stats {"coremq_fwdto":"c-5"}␀a {"n":2}
        srv.gw > id-ada {"n":3,"coremq_fwdto":"c-6"}
        ada > c-1 {"n":4}
        "#,
        expect![[r#"
            ! ReplicantAttached("gw:9000")
            0s srv.gw < id-gw {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.gw < id-gw {"response":"OK: Replication request successful"}
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s srv.gw < c-1 {"response":"OK: Message sent"}
            0s srv.gw < c-2 {"coremq_fwdto":"c-2","master":"rialto","replicants":["gw:9000"],"connections":2}
            0s srv.gw < a {"n":1,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747","coremq_fwdto":"c-1"}
            0s ada < a {"n":1,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747","coremq_fwdto":"c-1"}
            0s srv.gw < c-3 {"history":{"a":[{"n":1,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747"}]}}
            0s srv.gw < c-4 {"response":"ERROR: coremq_subscribe must be a queue name or a list of them"}
            0s srv.gw < c-5 {"response":"ERROR: the channel cannot be used this way"}
            0s srv.gw < id-gw {"response":"OK: Message sent"}
            0s srv.gw < a {"n":2,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"n":2,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"n":3,"coremq_sender":"id-gw","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s srv.gw < c-6 {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s srv.gw < c-1 {"n":4,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn a_server_that_comes_again_ends_its_old_connection() {
    // C-31: that one is told why.
    check(
        r#"
        srv.b > x {"coremq_replicant":"b:6747"}
        srv.b2 > x {"coremq_replicant":"b:6747"}
        ada > a {"n":1}␀x {"coremq_status":""}
        "#,
        expect![[r#"
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            ! ReplicantAttached("b:6747")
            0s srv.b2 < id-b2 {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b x taken over by a newer connection of the same client
            0s srv.b < id-b {"response":"ERROR: taken over by a newer connection of the same client"}
            0s srv.b2 < id-b2 {"response":"OK: Replication request successful"}
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"coremq_fwdto":"id-ada","master":"rialto","replicants":["b:6747"],"connections":2}
            0s srv.b2 < a {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn servers_of_our_kind_are_told_where_they_begin() {
    // C-45, C-46: a version that is not ours is served as CoreMQ does.
    check(
        r#"
        srv.b > x {"coremq_replicant":"b:6747","coremq_link":{"version":1,"resume":null}}
        srv.c > x {"coremq_replicant":"c:6747","coremq_link":{"version":2,"resume":null}}
        jmqt.eve online
        jmqt.eve > {"pub":{"cn":"a b","dt":1}}␀{"pub":{"cn":"a","dt":{"coremq_x":2}}}
        srv.b > - {"coremq_more":"messages"}␀- {"coremq_more":"past"}
        "#,
        expect![[r#"
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Replication request successful","coremq_link":{"version":1,"origin":0,"last":0,"clock":0}}
            ! ReplicantAttached("c:6747")
            0s srv.c < id-c {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.c < id-c {"response":"OK: Replication request successful"}
            0s jmqt.eve < {"connAck":{"st":1,"ts":15}}
            0s srv.b < - {"coremq_relay":{"channel":"a b","publisher":"eve","server":"rialto:6747","at":0,"id":[0,1],"clock":0},"coremq_payload":1}
            0s srv.b < - {"coremq_relay":{"channel":"a","publisher":"eve","server":"rialto:6747","at":0,"id":[0,2],"clock":0},"coremq_payload":{"coremq_x":2}}
            0s srv.c < a {"coremq_sender":"eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s srv.b < - {"coremq_done":["messages",false,2]}
            0s srv.b < - {"coremq_past":{"channel":"a","publisher":"eve","server":"rialto:6747","at":0,"id":[0,2],"clock":0},"coremq_payload":{"coremq_x":2}}
            0s srv.b < - {"coremq_past":{"channel":"a b","publisher":"eve","server":"rialto:6747","at":0,"id":[0,1],"clock":0},"coremq_payload":1}
            0s srv.b < - {"coremq_done":["past",false,2]}
        "#]],
    );
}

#[test]
fn a_server_of_this_ones_name_is_told_which_run_this_is() {
    // C-33, C-45
    check(
        r#"
        srv.a > x {"coremq_replicant":"rialto:6747"}
        srv.b > x {"coremq_replicant":"rialto:6747","coremq_link":{"version":1,"resume":null}}
        "#,
        expect![[r#"
            0s srv.a < id-a {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.a < id-a {"response":"ERROR: This is the server of that name"}
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"ERROR: This is the server of that name","coremq_link":{"version":1,"origin":0,"last":0}}
        "#]],
    );
}
