//! Messages between the dialects, and who has a name.

use expect_test::expect;

use super::world::check;

#[test]
fn texts_pass_between_all_dialects() {
    // P-31: text, JSON string, `coremq_string`.
    check(
        r#"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        jmqt.joe > {"sub":{"cn":"a"}}
        cora > x {"coremq_subscribe":"a"}
        psx.ada > PUBLISH a Grüße, "Joe"␊␀PUBLISH a
        jmqt.joe > {"pub":{"cn":"a","dt":"one\ntwo \u00fc"}}␀{"pub":{"cn":"a","dt":""}}
        cora > a {"coremq_string":" three "}
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s jmqt.joe < {"subAck":{"st":1,"cn":"a"}}
            0s cora < id-cora {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s cora < id-cora {"response":"OK: Subscribe successful"}
            0s psx.ada < a Grüße, "Joe"␊
            0s psx.ada < a␠
            0s jmqt.joe < {"push":{"cn":"a","dt":"Grüße, \"Joe\"\n","cl":"ada"}}
            0s jmqt.joe < {"push":{"cn":"a","dt":"","cl":"ada"}}
            0s cora < a {"coremq_string":"Gr\u00fc\u00dfe, \"Joe\"\n","coremq_sender":"ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s cora < a {"coremq_string":"","coremq_sender":"ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s psx.ada < a one␊two ü
            0s psx.ada < a␠
            0s cora < a {"coremq_string":"one\ntwo \u00fc","coremq_sender":"joe","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s cora < a {"coremq_string":"","coremq_sender":"joe","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s cora < id-cora {"response":"OK: Message sent"}
            0s psx.ada < a  three␠
            0s jmqt.joe < {"push":{"cn":"a","dt":" three ","cl":"id-cora"}}
        "#]],
    );
}

#[test]
fn what_is_no_text_comes_as_compact_json() {
    // P-31.
    check(
        r#"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        jmqt.joe > {"pub":{"cn":"a","dt":{ "n" : [ 1 , " b " ] }}}␀{"pub":{"cn":"a","dt":null}}␀{"pub":{"cn":"a","dt":-1.50,"q":1,"id":"1"}}
        cora > a { "n" : 1 }␀a {"text":"\n\nx"}
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s psx.ada < a {"n":[1," b "]}
            0s psx.ada < a null
            0s jmqt.joe < {"pubAck":{"st":1,"id":"1"}}
            0s psx.ada < a -1.50
            0s cora < id-cora {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s cora < id-cora {"response":"OK: Message sent"}
            0s cora < id-cora {"response":"OK: Message sent"}
            0s psx.ada < a {"n":1}
            0s psx.ada < a {"text":"\n\nx"}
        "#]],
    );
}

#[test]
fn what_would_forge_a_message_is_not_delivered() {
    // P-31: nor what is on a channel that cannot be named.
    check(
        r#"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        jmqt.joe > {"sub":{"cn":"a"}}␀{"sub":{"cn":"a b"}}
        jmqt.joe > {"pub":{"cn":"a","dt":"1\n\nxa forged"}}␀{"pub":{"cn":"a b","dt":2}}␀{"pub":{"cn":"a","dt":3}}
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s jmqt.joe < {"subAck":{"st":1,"cn":"a"}}
            0s jmqt.joe < {"subAck":{"st":1,"cn":"a b"}}
            0s psx.ada < a 3
        "#]],
    );
}

#[test]
fn what_came_while_a_client_was_lost_comes_in_its_own_form() {
    // P-31, P-38: from all dialects, and forgeries not then either.
    check(
        r#"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada drops
        jmqt.joe online
        jmqt.joe > {"pub":{"cn":"a","dt":"one"}}␀{"pub":{"cn":"a","dt":{"n": 2}}}␀{"pub":{"cn":"a","dt":"\n\nxa forged","q":1,"id":"1"}}
        cora > a {"coremq_string":"three"}
        psx.ada > CONNECT ada
        +1s
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s jmqt.joe < {"pubAck":{"st":1,"id":"1"}}
            0s cora < id-cora {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s cora < id-cora {"response":"OK: Message sent"}
            0s psx.ada < RESTORED ada
            0s psx.ada < a
            0.1s psx.ada < a one
            0.1s psx.ada < a {"n":2}
            0.1s psx.ada < a three
        "#]],
    );
}

#[test]
fn a_retained_message_is_not_sent_to_those_who_do_not_expect_it() {
    // P-29: who subscribes later does not get what was before.
    check(
        r#"
        jmqt.joe online
        jmqt.joe > {"pub":{"cn":"a","dt":"kept","rt":1}}
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe > {"pub":{"cn":"a","dt":"new","rt":1}}
        "#,
        expect![[r#"
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a new
        "#]],
    );
}

#[test]
fn a_name_belongs_to_one_client_of_any_dialect() {
    // P-44: also while it is lost, and a name that is remembered is not given away.
    check(
        r#"
        psx.ada > CONNECT ada
        jmqt.ada online
        psx.ada drops
        jmqt.ada > {"conn":{"cl":"ada","at":"key of ada"}}
        +61s
        jmqt.ada > {"conn":{"cl":"ada","at":"key of ada"}}
        psx.ada > CONNECT ada
        jmqt.ada > {"disconn":{}}
        psx.ada > CONNECT ada
        cora online
        psx.id-cora > CONNECT id-cora
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.ada < {"connAck":{"st":7,"mg":"not allowed"}}
            0s jmqt.ada < {"connAck":{"st":7,"mg":"not allowed"}}
            15s jmqt.ada x heartbeat timeout
            61s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            61s psx.ada < ERROR: Name already taken
            61s psx.ada x the session was refused
            61s jmqt.ada x the client disconnected
            61s psx.ada < ERROR: Name already taken
            61s psx.ada x the session was refused
            61s cora < id-cora {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            61s psx.id-cora < ERROR: Name already taken
            61s psx.id-cora x the session was refused
        "#]],
    );
}

#[test]
fn a_direct_channel_reaches_a_client_of_any_dialect() {
    // P-45: one of PubSubX gets it under the channel's whole name.
    check(
        r##"
        psx.ada > CONNECT ada
        jmqt.joe online
        jmqt.joe > {"pub":{"cn":"#ada","dt":"hello"}}
        psx.ada > PUBLISH #joe hello␀PUBLISH #nobody hello␀PUBLISH #ada myself
        "##,
        expect![[r##"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            0s psx.ada < #ada hello
            0s jmqt.joe < {"push":{"cn":"#joe","dt":"hello","cl":"ada"}}
            0s psx.ada < #ada myself
        "##]],
    );
}
