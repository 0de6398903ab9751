//! What clients of each dialect are told where their rights end, and what they are given.

use expect_test::expect;

use super::world::{Rules, check, check_by, check_with_tokens};

#[test]
fn a_client_of_jmqt_is_told_which_right_it_lacks() {
    check(
        r##"
        authorizer may pub:room
        jmqt.ada online
        jmqt.ada > {"pub":{"cn":"room","dt":1,"q":1,"id":"a"}}␀{"pub":{"cn":"hall","dt":2,"q":1,"id":"b"}}␀{"sub":{"cn":"room"}}
        jmqt.ada > {"pub":{"cn":"#ada","dt":3,"id":"c"}}␀{"pub":{"cn":"$time","dt":4,"id":"d"}}␀{"unsub":{"cn":"room"}}
        "##,
        expect![[r#"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"a"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"b","mg":"no rule for pub:hall"}}
            0s jmqt.ada < {"subAck":{"st":7,"cn":"room","mg":"no rule for sub:room"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"c","mg":"no rule for direct:#ada"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"d","mg":"no rule for control:$time"}}
            0s jmqt.ada < {"unsubAck":{"st":1,"cn":"room"}}
        "#]],
    );
}

#[test]
fn a_client_of_coremq_is_told_which_right_it_lacks() {
    check(
        r#"
        authorizer may sub:a,history:a
        ada > x {"coremq_subscribe":"a"}␀x {"coremq_subscribe":"b"}␀a {"n":1}
        ada > x {"coremq_gethistory":"a"}␀x {"coremq_gethistory":["a","b"]}
        ws.eve > {"coremq_subscribe":"b"}␀{"queue":"a","n":2}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"ERROR: queue \"b\": no rule for sub:b"}
            0s ada < id-ada {"response":"ERROR: no rule for pub:a"}
            0s ada < id-ada {"history":{}}
            0s ada < id-ada {"response":"ERROR: no rule for history:b"}
            0s ws.eve < {"error":"queue \"b\": no rule for sub:b"}
            0s ws.eve < {"error":"no rule for pub:a"}
        "#]],
    );
}

#[test]
fn a_client_of_pubsubx_is_told_nothing_of_the_rights_it_lacks() {
    check_by(
        Rules { tells_all: true, ..Rules::default() },
        r#"
        authorizer may pub:room,sub:room
        psx.ada online
        psx.ada > SUBSCRIBE room␀SUBSCRIBE hall␀PUBLISH room 1␀PUBLISH hall 2
        "#,
        expect![[r#"
            ! Connected("ada")
            0s psx.ada < OK: Conn accepted
            ! Subscribed { client: "ada", channel: "room" }
            ! Published { client: "ada", channel: "room" }
            0s psx.ada < room 1
        "#]],
    );
}

#[test]
fn another_token_gives_an_open_session_of_coremq_other_rights() {
    check_with_tokens(
        r#"
        authorizer may sub:*,pub:a
        ada > x {"coremq_options":{"client":"ada","token":"key of ada","echo":true}}
        ada > x {"coremq_subscribe":["a","b"]}␀a {"n":1}␀b {"n":2}
        authorizer may sub:b,pub:b
        authorizer gives news
        ada > x {"coremq_options":{"client":"bob","token":"key of bob"}}
        ada > a {"n":3}␀b {"n":4}
        authorizer may
        jmqt.eve online
        jmqt.eve > {"pub":{"cn":"a","dt":{"n":5}}}␀{"pub":{"cn":"b","dt":{"n":6}}}␀{"pub":{"cn":"news","dt":{"n":7}}}
        ada > x {"coremq_options":{"client":"eve","token":"key of bob"}}␀a {"n":8}
        "#,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"ERROR: no rule for pub:b"}
            0s ada < a {"n":1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"ERROR: no rule for pub:a"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < b {"n":4,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s jmqt.eve < {"connAck":{"st":1,"ts":15}}
            0s ada < b {"n":6,"coremq_sender":"eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < news {"n":7,"coremq_sender":"eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"response":"ERROR: the token is not valid for this client id, or has expired"}
            0s ada < id-ada {"response":"ERROR: no rule for pub:a"}
        "#]],
    );
}

#[test]
fn sessions_of_all_dialects_begin_with_the_subscriptions_they_are_given() {
    check(
        r#"
        authorizer gives news
        jmqt.ada online
        bob online
        ws.eve online
        psx.cleo online
        +1s
        jmqt.dan online
        jmqt.dan > {"pub":{"cn":"news","dt":{"n":1}}}
        "#,
        expect![[r#"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s psx.cleo < OK: Conn accepted
            1s jmqt.dan < {"connAck":{"st":1,"ts":15}}
            1s jmqt.ada < {"push":{"cn":"news","dt":{"n":1},"cl":"dan"}}
            1s bob < news {"n":1,"coremq_sender":"dan","coremq_sent":1.000,"coremq_server":"rialto:6747"}
            1s ws.eve < {"n":1,"coremq_sender":"dan","coremq_sent":1.000,"coremq_server":"rialto:6747","queue":"news"}
            1s psx.cleo < news {"n":1}
        "#]],
    );
}
