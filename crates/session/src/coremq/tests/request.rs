//! Requests of CoreMQ's clients and their answers.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{Rules, World, check, check_with};

#[test]
fn the_server_speaks_first() {
    // C-10.
    check(
        "ada online",
        expect![[r#"
        0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
    "#]],
    );
}

#[test]
fn each_request_has_one_answer_to_the_connections_id_in_order() {
    // C-11, C-12: also when the client does not wait. C-4, C-18, C-19, C-20, C-22, C-23, C-25.
    check(
        r#"
        ada > x {"coremq_subscribe":["a","b"]}␀x {"coremq_unsubscribe":"a"}␀x {"coremq_options":{}}␀a {"text":1}␀x {"coremq_gethistory":["a","b"]}␀x {"coremq_status":""}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Unsubscribe successful"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"history":{"a":[{"text":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}]}}
            0s ada < id-ada {"coremq_fwdto":"id-ada","master":"rialto","replicants":[],"connections":1}
        "#]],
    );
}

#[test]
fn subscribing_twice_or_unsubscribing_from_nothing_is_fine() {
    // C-18, C-19: and after it messages come once, or not at all.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}␀x {"coremq_subscribe":["a","a"]}␀x {"coremq_subscribe":[]}
        bob > a {"n":1}
        ada > x {"coremq_unsubscribe":["a","never"]}␀x {"coremq_unsubscribe":"a"}
        bob > a {"n":2}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < a {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Unsubscribe successful"}
            0s ada < id-ada {"response":"OK: Unsubscribe successful"}
            0s bob < id-bob {"response":"OK: Message sent"}
        "#]],
    );
}

#[test]
fn a_request_of_the_wrong_type_changes_nothing() {
    // C-21. C-9: nor does what is none.
    check_with(
        Settings { json_depth_max: 8, ..Settings::default() },
        r#"
        ada > x {"coremq_subscribe":5}␀x {"coremq_subscribe":["a",5]}␀x {"coremq_unsubscribe":{}}
        ada > x {"coremq_options":"echo"}␀x {"coremq_gethistory":1}␀x {"coremq_replicant":1}
        ada > x {"coremq_more":"all"}
        ada > x␀x []␀x {␀x {"a":[[[[[[[[1]]]]]]]]}
        bob > a {"n":1}
        ada > x {"coremq_status":""}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"ERROR: coremq_subscribe must be a queue name or a list of them"}
            0s ada < id-ada {"response":"ERROR: coremq_subscribe must be a queue name or a list of them"}
            0s ada < id-ada {"response":"ERROR: coremq_unsubscribe must be a queue name or a list of them"}
            0s ada < id-ada {"response":"ERROR: coremq_options must be an object"}
            0s ada < id-ada {"response":"ERROR: coremq_gethistory must be a queue name or a list of them"}
            0s ada < id-ada {"response":"ERROR: coremq_replicant must be a server's name and port"}
            0s ada < id-ada {"response":"ERROR: coremq_more must be \"messages\" or \"past\""}
            0s ada < id-ada {"response":"ERROR: Missing queue or message"}
            0s ada < id-ada {"response":"ERROR: Message must be a dictionary"}
            0s ada < id-ada {"response":"ERROR: Message is not valid JSON"}
            0s ada < id-ada {"response":"ERROR: Message is nested more than 8 levels deep"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < id-ada {"coremq_fwdto":"id-ada","master":"rialto","replicants":[],"connections":2}
        "#]],
    );
}

#[test]
fn of_several_requests_only_the_first_is_served_and_nothing_is_distributed() {
    // C-24.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}
        bob > a {"coremq_status":"","text":1}␀a {"coremq_status":"","coremq_subscribe":"b"}
        ada > b {"n":1}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"coremq_fwdto":"id-bob","master":"rialto","replicants":[],"connections":2}
            0s bob < id-bob {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s bob < b {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn a_name_that_no_frame_can_have_is_refused() {
    // C-7: neither may it be subscribed to nor published to through the gateway.
    check(
        r#"
        ada > x {"coremq_subscribe":["a b"]}␀x {"coremq_subscribe":[""]}
        ws.bob > {"queue":"a b","text":1}␀{"coremq_subscribe":["a b"]}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"ERROR: queue \"a b\": the channel cannot be used this way"}
            0s ada < id-ada {"response":"ERROR: queue \"\": the channel cannot be used this way"}
            0s ws.bob < {"error":"the channel cannot be used this way"}
            0s ws.bob < {"error":"queue \"a b\": the channel cannot be used this way"}
        "#]],
    );
}

#[test]
fn queues_are_told_apart_exactly() {
    // C-7.
    check(
        r#"
        ada > x {"coremq_subscribe":["A","größe","*"]}
        bob > a {"n":1}␀A {"n":2}␀größe {"n":3}␀grösse {"n":4}␀* {"n":5}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < A {"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < größe {"n":3,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < * {"n":5,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn limits_are_told() {
    // C-18, C-25: with a text that begins with `ERROR: `.
    let settings =
        Settings { subscriptions_max: 2, channel_name_bytes_max: 8, ..Settings::default() };
    check_with(
        settings,
        r#"
        ada > x {"coremq_subscribe":["a","b"]}␀x {"coremq_subscribe":"c"}␀x {"coremq_subscribe":"b"}
        bob > 123456789 {}␀12345678 {}␀$stats {}␀# {}
        ada > x {"coremq_subscribe":["$stats"]}␀x {"coremq_subscribe":["123456789"]}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"ERROR: queue \"c\": the client already has 2 subscriptions, the most allowed"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"ERROR: the channel name is longer than 8 bytes"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"ERROR: the channel cannot be used this way"}
            0s bob < id-bob {"response":"ERROR: the channel cannot be used this way"}
            0s ada < id-ada {"response":"ERROR: queue \"$stats\": the channel cannot be used this way"}
            0s ada < id-ada {"response":"ERROR: queue \"123456789\": the channel name is longer than 8 bytes"}
        "#]],
    );
}

#[test]
fn wrong_frames_and_refusals_are_counted() {
    // C-9, C-18.
    let mut world = World::new(Rules::default());
    world.play(r#"ada > x␀x []␀x {"coremq_subscribe":"a b"}␀$stats {}"#);
    let stats = world.stats();
    assert_eq!((stats.malformed, stats.rejected), (2, 2));
}

#[test]
fn what_a_connection_had_ends_with_it() {
    // C-15: its subscriptions and options, and its id. C-29: nothing was kept for it.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}␀x {"coremq_options":{"echo":true}}
        ada drops
        bob > a {"n":1}␀id-ada {"n":2}
        ada > a {"n":3}
        bob > a {"n":4}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
        "#]],
    );
}

#[test]
fn a_silent_connection_stays_open() {
    // C-43.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}
        +3600s
        bob > a {"n":1}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            3600s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            3600s bob < id-bob {"response":"OK: Message sent"}
            3600s ada < a {"n":1,"coremq_sender":"id-bob","coremq_sent":3600.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}
