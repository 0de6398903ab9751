//! What the application decides, and what peers are told of it.

use expect_test::expect;

use super::world::{Rules, World, check, check_with_tokens};

#[test]
fn a_client_of_jmqt_is_told_why_its_request_was_not_allowed() {
    check(
        r##"
        jmqt.ada online
        jmqt.bob online
        jmqt.bob > {"sub":{"cn":"room"}}
        authorizer denies not today
        jmqt.ada > {"sub":{"cn":"room"}}␀{"unsub":{"cn":"room"}}
        jmqt.ada > {"pub":{"cn":"room","dt":1,"q":1,"id":"a"}}␀{"pub":{"cn":"room","dt":2,"id":"b"}}␀{"pub":{"cn":"room","dt":3}}
        jmqt.ada > {"pub":{"cn":"#bob","dt":4,"id":"c"}}␀{"pub":{"cn":"$time","dt":5,"id":"d"}}
        authorizer undecided
        jmqt.ada > {"sub":{"cn":"room"}}␀{"pub":{"cn":"room","dt":6,"q":1,"id":"e"}}
        authorizer allows
        jmqt.ada > {"pub":{"cn":"room","dt":7,"q":1,"id":"f"}}
        "##,
        expect![[r#"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
            0s jmqt.bob < {"subAck":{"st":1,"cn":"room"}}
            0s jmqt.ada < {"subAck":{"st":7,"cn":"room","mg":"not today"}}
            0s jmqt.ada < {"unsubAck":{"st":7,"cn":"room","mg":"not today"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"a","mg":"not today"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"b","mg":"not today"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"c","mg":"not today"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"d","mg":"not today"}}
            0s jmqt.ada < {"subAck":{"st":5,"cn":"room","mg":"the server cannot decide this now; try again later"}}
            0s jmqt.ada < {"pubAck":{"st":5,"id":"e","mg":"the server cannot decide this now; try again later"}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"f"}}
            0s jmqt.bob < {"push":{"cn":"room","dt":7,"cl":"ada","id":"l1","q":1}}
        "#]],
    );
}

#[test]
fn a_client_of_jmqt_is_told_the_status_that_the_application_gives() {
    // J-131; the other dialects have none.
    check(
        r#"
        jmqt.ada online
        bob online
        authorizer denies-with 20 pay first
        jmqt.ada > {"sub":{"cn":"room"}}␀{"unsub":{"cn":"room"}}␀{"pub":{"cn":"room","dt":1,"id":"a"}}
        bob > a {"n":1}
        authorizer answers-refusing 0 {"room":"none"}
        jmqt.ada > {"pub":{"cn":"$book","dt":1,"id":"b"}}
        "#,
        expect![[r#"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s jmqt.ada < {"subAck":{"st":20,"cn":"room","mg":"pay first"}}
            0s jmqt.ada < {"unsubAck":{"st":20,"cn":"room","mg":"pay first"}}
            0s jmqt.ada < {"pubAck":{"st":20,"id":"a","mg":"pay first"}}
            0s bob < id-bob {"response":"ERROR: pay first"}
            0s jmqt.ada < {"pubAck":{"st":0,"id":"b","dt":{"room":"none"}}}
        "#]],
    );
}

#[test]
fn a_client_of_coremq_is_told_why_its_request_was_not_allowed() {
    check(
        r#"
        bob > x {"coremq_subscribe":"a"}
        authorizer denies not today
        ada > x {"coremq_subscribe":"a"}␀x {"coremq_unsubscribe":"a"}␀a {"n":1}␀id-bob {"n":2}
        ws.eve > {"coremq_subscribe":"a"}␀{"queue":"a","n":3}
        bob > x {"coremq_unsubscribe":"a"}
        authorizer undecided
        ada > a {"n":4}
        authorizer allows
        ada > a {"n":5}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"ERROR: not today"}
            0s ada < id-ada {"response":"ERROR: not today"}
            0s ada < id-ada {"response":"ERROR: not today"}
            0s ada < id-ada {"response":"ERROR: not today"}
            0s ws.eve < {"error":"not today"}
            0s ws.eve < {"error":"not today"}
            0s bob < id-bob {"response":"ERROR: not today"}
            0s ada < id-ada {"response":"ERROR: the server cannot decide this now; try again later"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s bob < a {"n":5,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn a_client_of_pubsubx_is_told_nothing() {
    check(
        r#"
        psx.bob online
        psx.bob > SUBSCRIBE room
        psx.ada online
        authorizer denies not today
        psx.ada > SUBSCRIBE hall␀PUBLISH room 1
        psx.bob > UNSUBSCRIBE room
        authorizer allows
        psx.ada > PUBLISH room 2␀PUBLISH hall 3
        "#,
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.bob < room 2
        "#]],
    );
}

#[test]
fn what_is_not_allowed_is_counted_as_rejected() {
    for (opening, requests, count) in [
        (
            "jmqt.ada online",
            r#"{"sub":{"cn":"a"}}␀{"unsub":{"cn":"a"}}␀{"pub":{"cn":"a","dt":1}}␀{"pub":{"cn":"a","dt":1,"id":"a"}}␀{"pub":{"cn":"$time","dt":1,"id":"b"}}"#,
            5,
        ),
        ("ada online", r#"x {"coremq_subscribe":"a"}␀x {"coremq_unsubscribe":"a"}␀a {"n":1}"#, 3),
        ("psx.ada online", "SUBSCRIBE a␀UNSUBSCRIBE a␀PUBLISH a 1", 3),
    ] {
        let mut world = World::new(Rules::default());
        let name = opening.split(' ').next().unwrap();
        world.play(&format!("{opening}\nauthorizer denies not today\n{name} > {requests}"));
        let stats = world.stats();
        assert_eq!((stats.rejected, stats.published), (count, 0), "{requests}");
    }
}

#[test]
fn another_payload_may_be_published_in_place_of_the_one_that_was_sent() {
    check(
        r##"
        jmqt.bob online
        jmqt.bob > {"sub":{"cn":"a"}}
        jmqt.ada online
        authorizer replaces {"n":"other"}
        jmqt.ada > {"pub":{"cn":"a","dt":1}}␀{"pub":{"cn":"a","dt":2,"q":1,"id":"a"}}␀{"pub":{"cn":"#bob","dt":3}}
        eve > a {"n":4}
        ws.dan > {"queue":"a","n":5}
        psx.cleo online
        psx.cleo > PUBLISH a text
        "##,
        expect![[r##"
            0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
            0s jmqt.bob < {"subAck":{"st":1,"cn":"a"}}
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":"other"},"cl":"ada"}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"a"}}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":"other"},"cl":"ada","id":"l1","q":1}}
            0s jmqt.bob < {"push":{"cn":"#bob","dt":{"n":"other"},"cl":"ada"}}
            0s eve < id-eve {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s eve < id-eve {"response":"OK: Message sent"}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":"other"},"cl":"id-eve"}}
            0s ws.dan < {"response":"OK: Message sent","queue":"id-dan"}
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":"other"},"cl":"id-dan"}}
            0s psx.cleo < OK: Conn accepted
            0s jmqt.bob < {"push":{"cn":"a","dt":{"n":"other"},"cl":"cleo"}}
        "##]],
    );
}

#[test]
fn a_question_may_have_an_answer_of_the_application() {
    check(
        r#"
        jmqt.ada online
        authorizer answers {"it": "is late"}
        jmqt.ada > {"pub":{"cn":"$time","dt":1,"id":"a"}}␀{"pub":{"cn":"$weather","dt":2,"q":1,"id":"b"}}
        authorizer allows
        jmqt.ada > {"pub":{"cn":"$time","dt":3,"id":"c"}}␀{"pub":{"cn":"$weather","dt":4,"id":"d"}}
        "#,
        expect![[r#"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"a","dt":{"it": "is late"}}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"b","dt":{"it": "is late"}}}
            0s jmqt.ada < {"pubAck":{"st":1,"id":"c","dt":{"unix_ms":0}}}
            0s jmqt.ada < {"pubAck":{"st":11,"id":"d","mg":"the channel cannot be used this way"}}
        "#]],
    );
}

#[test]
fn credentials_and_sessions_may_be_refused_for_a_reason() {
    check_with_tokens(
        r#"
        authorizer fails the password is wrong
        jmqt.ada > {"auth":{"dt":{"client_name":"ada"}}}
        authorizer refuses you are not wanted here
        jmqt.ada online
        bob > x {"coremq_options":{"client":"bob","token":"key of bob"}}
        ws.eve > {"queue":"-","coremq_options":{"client":"eve","token":"key of eve"}}
        psx.cleo > CONNECT cleo key of cleo
        "#,
        expect![[r#"
            0s jmqt.ada < {"authAck":{"st":0,"mg":"the password is wrong"}}
            0s jmqt.ada < {"connAck":{"st":7,"mg":"you are not wanted here"}}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"ERROR: you are not wanted here"}
            0s ws.eve < {"error":"you are not wanted here"}
            0s psx.cleo < ERROR: you are not wanted here
            0s psx.cleo x the session was refused
        "#]],
    );
}
