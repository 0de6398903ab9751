//! Messages: who gets them, in which form, behind which answer.

use expect_test::expect;

use super::world::check;

#[test]
fn a_message_reaches_all_subscribers_and_its_publisher_is_answered() {
    // C-25, C-27: sender and time are the server's. C-26: the publisher does not get it.
    check(
        r#"
        ada > x {"coremq_subscribe":"news"}
        bob > x {"coremq_subscribe":"news"}
        ws.eve > {"coremq_subscribe":"news"}
        +1s
        bob > news {"text":"hello","coremq_sender":"boss","coremq_sent":1,"coremq_server":"b:1"}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Subscribe successful"}
            1s bob < id-bob {"response":"OK: Message sent"}
            1s ada < news {"text":"hello","coremq_sender":"id-bob","coremq_sent":1.000,"coremq_server":"rialto:6747"}
            1s ws.eve < {"text":"hello","coremq_sender":"id-bob","coremq_sent":1.000,"coremq_server":"rialto:6747","queue":"news"}
        "#]],
    );
}

#[test]
fn a_publisher_with_echo_gets_its_messages_behind_the_answer() {
    // C-26, C-13, C-20: until the option is taken back, by false or null.
    check(
        r#"
        ada > x {"coremq_subscribe":"a"}␀x {"coremq_options":{"echo":true}}
        ada > a {"n":1}␀a {"n":2}
        ada > x {"coremq_options":{"color":"red"}}␀a {"n":3}
        ada > x {"coremq_options":{"echo":null}}␀a {"n":4}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < a {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"n":2,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < a {"n":3,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Message sent"}
        "#]],
    );
}

#[test]
fn a_message_to_an_id_reaches_that_connection_alone() {
    // C-14: nobody subscribes to another's id. C-13: the answer is first also for one's own.
    check(
        r##"
        ada online
        eve > x {"coremq_subscribe":"id-ada"}
        bob > id-ada {"n":1}␀#id-ada {"n":2}␀id-bob {"n":3}
        bob > x {"coremq_options":{"echo":true}}␀id-bob {"n":4}␀#id-bob {"n":5}
        ada > x {"coremq_unsubscribe":"id-ada"}
        bob > id-ada {"n":6}␀#id-nobody {"n":7}
        "##,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s eve < id-eve {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s eve < id-eve {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < id-ada {"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Options set"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"n":4,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"n":5,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Unsubscribe successful"}
            0s ada < id-ada {"n":6,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"ERROR: the client is offline"}
        "#]],
    );
}

#[test]
fn an_own_id_can_be_subscribed_to_and_gives_nothing_twice() {
    // C-14, C-18.
    check(
        r#"
        ada > x {"coremq_subscribe":["id-ada","a"]}
        bob > id-ada {"n":1}␀a {"n":2}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < a {"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn messages_pass_between_the_dialects() {
    // C-30: objects as they are, texts as `coremq_string`, other values as their text.
    check(
        r##"
        ada > x {"coremq_subscribe":"a"}
        jmqt.bob online
        jmqt.bob > {"sub":{"cn":"a"}}
        jmqt.bob > {"pub":{"cn":"a","dt":{"n":1}}}␀{"pub":{"cn":"a","dt":"text ü"}}␀{"pub":{"cn":"a","dt":[1, 2]}}␀{"pub":{"cn":"a","dt":null,"q":1,"id":"1"}}
        jmqt.bob > {"pub":{"cn":"a","dt":{"coremq_sender":"boss","c\u006fremq_sent":0,"n":2}}}
        ada > a {"n":3,"coremq_x":1}␀a {"coremq_string":"text"}␀a {"coremq_string":"no text","n":4}
        "##,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
            0s jmqt.bob < {"subAck":{"st":1,"cn":"a"}}
            0s ada < a {"n":1,"coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"coremq_string":"text \u00fc","coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"coremq_string":"[1,2]","coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s jmqt.bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < a {"coremq_string":"null","coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < a {"n":2,"coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":3},"cl":"id-ada"}}
            0s jmqt.bob < {"push":{"cn":"a","dt":"text","cl":"id-ada"}}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":4},"cl":"id-ada"}}
        "#]],
    );
}

#[test]
fn a_client_of_another_dialect_reaches_a_connection_by_its_id() {
    // C-14: and is reached by its own name; a queue of that name is another thing.
    check(
        r##"
        ada online
        jmqt.bob online
        jmqt.bob > {"pub":{"cn":"#id-ada","dt":{"n":1}}}␀{"pub":{"cn":"#id-ada","dt":2,"q":1,"id":"2"}}␀{"pub":{"cn":"id-ada","dt":3}}
        ada > #bob {"n":4}␀bob {"n":5}
        ada drops
        jmqt.bob > {"pub":{"cn":"#id-ada","dt":6,"q":1,"id":"6"}}
        "##,
        expect![[r##"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
            0s ada < id-ada {"n":1,"coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"coremq_string":"2","coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s jmqt.bob < {"pubAck":{"st":1,"id":"2"}}
            0s jmqt.bob < {"push":{"cn":"#bob","dt":{"n":4},"cl":"id-ada"}}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s jmqt.bob < {"pubAck":{"st":8,"id":"6","mg":"the client is offline"}}
        "##]],
    );
}

#[test]
fn a_connection_cannot_be_taken_over_by_its_id() {
    // C-14: whoever knows an id, such as every receiver of a message.
    check(
        r##"
        ada online
        jmqt.id-ada online
        jmqt.eve > {"auth":{"dt":{"client_name":"id-ada"}}}
        bob > id-ada {"n":1}
        "##,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s jmqt.id-ada < {"connAck":{"st":7,"mg":"not allowed"}}
            0s jmqt.eve < {"authAck":{"st":1,"at":"id-ada until 60","cl":"id-ada"}}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
        "#]],
    );
}

#[test]
fn a_channel_that_no_frame_can_name_is_passed_over() {
    // C-7: other dialects have names with blanks.
    check(
        r#"
        srv.b > x {"coremq_replicant":"b:6747"}
        jmqt.bob online
        jmqt.bob > {"pub":{"cn":"a b","dt":1}}␀{"pub":{"cn":"a","dt":2}}
        "#,
        expect![[r#"
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
            0s srv.b < a {"coremq_string":"2","coremq_sender":"bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}
