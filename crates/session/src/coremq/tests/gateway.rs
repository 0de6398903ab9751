//! CoreMQ through a WebSocket.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn the_gateway_speaks_in_objects() {
    // C-35, C-36, C-37, C-38, C-39: on the same queues as the TCP listener; a subscribe has no answer.
    check(
        r#"
        ws.ada online
        ws.ada > {"coremq_subscribe":["a"]}
        bob > x {"coremq_subscribe":"a"}
        ws.ada > {"queue":"a","n":1}␀{"queue":"a"}
        bob > a {"n":2,"queue":"forged"}
        ws.ada > {"corews_status":""}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Subscribe successful"}
            0s ws.ada < {"response":"OK: Message sent","queue":"id-ada"}
            0s ws.ada < {"response":"OK: Message sent","queue":"id-ada"}
            0s bob < a {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < a {"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ws.ada < {"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747","queue":"a"}
            0s ws.ada < {"connections":2,"mq_server":"rialto"}
        "#]],
    );
}

#[test]
fn what_the_gateway_does_not_know_it_says() {
    // C-35, C-40, C-21.
    check_with(
        Settings { json_depth_max: 8, ..Settings::default() },
        r#"
        ws.ada > {"coremq_subscribe":[]}␀{"text":1}␀[]␀{"coremq_status":""}␀{"coremq_subscribe":5}␀{"queue":"a","n":[[[[[[[[1]]]]]]]]}
        ws.bob online
        ws.ada > hello␀{"corews_status":""}
        ws.bob > {"corews_status":""}
        "#,
        expect![[r#"
            0s ws.ada < {"error":"No queues found"}
            0s ws.ada < {"error":"Command not recognized"}
            0s ws.ada < {"error":"Command not recognized"}
            0s ws.ada < {"error":"Command not recognized"}
            0s ws.ada < {"error":"coremq_subscribe must be a queue name or a list of them"}
            0s ws.ada < {"error":"Message is nested more than 8 levels deep"}
            0s ws.ada x protocol error
            0s ws.bob < {"connections":1,"mq_server":"rialto"}
        "#]],
    );
}

#[test]
fn requests_that_name_a_queue_are_served() {
    // C-44: status, history, options and unsubscribe; a replicant is not (C-31).
    check(
        r#"
        ws.ada > {"coremq_subscribe":"a"}
        ws.ada > {"queue":"-","coremq_options":{"echo":true}}␀{"queue":"a","n":1}
        ws.ada > {"queue":"-","coremq_gethistory":"a"}␀{"queue":"-","coremq_status":""}
        ws.ada > {"queue":"-","coremq_unsubscribe":"a"}␀{"queue":"a","n":2}
        ws.ada > {"queue":"-","coremq_replicant":"b:6747"}␀{"queue":"-","coremq_more":"messages"}
        "#,
        expect![[r#"
            0s ws.ada < {"response":"OK: Options set","queue":"id-ada"}
            0s ws.ada < {"response":"OK: Message sent","queue":"id-ada"}
            0s ws.ada < {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747","queue":"a"}
            0s ws.ada < {"history":{"a":[{"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747","queue":"a"}]},"queue":"id-ada"}
            0s ws.ada < {"coremq_fwdto":"id-ada","master":"rialto","replicants":[],"connections":1,"queue":"id-ada"}
            0s ws.ada < {"response":"OK: Unsubscribe successful","queue":"id-ada"}
            0s ws.ada < {"response":"OK: Message sent","queue":"id-ada"}
            ! ReplicantRefused("b:6747")
            0s ws.ada < {"error":"Not allowed to be a replicant"}
            0s ws.ada < {"error":"Not a replicant"}
        "#]],
    );
}

#[test]
fn the_gateways_clients_have_ids_too() {
    // C-14, C-39.
    check(
        r#"
        ws.ada online
        bob > id-ada {"n":1}
        ws.ada > {"queue":"id-bob","n":2}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ws.ada < {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747","queue":"id-ada"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"n":2,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ws.ada < {"response":"OK: Message sent","queue":"id-ada"}
        "#]],
    );
}
