//! What frames ask of whoever decides, before they are taken.

use expect_test::expect;

use super::world::check_asking;

#[test]
fn each_packet_of_jmqt_asks_what_it_is_about() {
    check_asking(
        r##"
        jmqt.ada > {"auth":{"dt":{"user":"ada"}}}
        jmqt.ada online
        jmqt.ada > {"hb":{}}␀{"sub":{"cn":"room"}}␀{"unsub":{"cn":"room"}}
        jmqt.ada > {"pub":{"cn":"room","dt":{"n": 1}}}␀{"pub":{"cn":"lamp","dt":"ü","q":1,"id":"a","rt":1}}
        jmqt.ada > {"pub":{"cn":"#bob","dt":2}}␀{"pub":{"cn":"$time","dt":3,"id":"b"}}
        jmqt.ada > {"pub":{"cn":"$time","dt":4}}␀{"pub":{"cn":"","dt":5,"id":"c"}}
        jmqt.ada > {"pushAck":{"id":"1-1"}}␀{"disconn":{}}
        "##,
        expect![[r#"
            ? jmqt.ada: Authenticate {"user":"ada"}
            0s jmqt.ada < {"authAck":{"st":10,"mg":"no client_name"}}
            ? jmqt.ada: Connect ada with "key of ada"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            ? jmqt.ada: nothing to ask
            ? jmqt.ada: Subscribe [("room", false)]
            ? jmqt.ada: Unsubscribe ["room"]
            0s jmqt.ada < {"hbAck":{}}
            0s jmqt.ada < {"subAck":{"st":1,"cn":"room"}}
            0s jmqt.ada < {"unsubAck":{"st":1,"cn":"room"}}
            ? jmqt.ada: Publish room {"n": 1} AtMostOnce
            ? jmqt.ada: Publish lamp "ü" AtLeastOnce retained
            0s jmqt.ada < {"pubAck":{"st":1,"id":"a"}}
            ? jmqt.ada: Publish #bob 2 AtMostOnce
            ? jmqt.ada: Control time 3
            0s jmqt.ada < {"pubAck":{"st":1,"id":"b","dt":{"unix_ms":0}}}
            ? jmqt.ada: Control: nothing to decide
            ? jmqt.ada: Publish: nothing to decide
            0s jmqt.ada < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
            0s jmqt.ada < {"pubAck":{"st":11,"id":"c","mg":"the channel cannot be used this way"}}
            ? jmqt.ada: nothing to ask
            ? jmqt.ada: nothing to ask
            0s jmqt.ada x the client disconnected
        "#]],
    );
}

#[test]
fn each_frame_of_coremq_asks_what_it_is_about() {
    check_asking(
        r#"
        ada > x {"coremq_options":{"client":"ada","token":"key of ada"}}␀x {"coremq_options":{"echo":true}}
        ada > x {"coremq_subscribe":["a","b"]}␀x {"coremq_unsubscribe":"a"}
        ada > a {"n": 1}␀id-ada {"n":2}␀x {"coremq_status":""}␀x {"coremq_gethistory":"a"}␀x []
        ws.eve > {"queue":"-","coremq_options":{"token":"key of eve","client":"eve"}}
        ws.eve > {"coremq_subscribe":"a"}␀{"queue":"a","n":3}
        "#,
        expect![[r#"
            ? ada: Connect ada with "key of ada"
            ? ada: nothing to ask
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"response":"OK: Options set"}
            0s ada < id-ada {"response":"OK: Options set"}
            ? ada: Subscribe [("a", false), ("b", false)]
            ? ada: Unsubscribe ["a"]
            0s ada < id-ada {"response":"OK: Subscribe successful"}
            0s ada < id-ada {"response":"OK: Unsubscribe successful"}
            ? ada: Publish a {"n": 1} AtMostOnce
            ? ada: Publish #id-ada {"n":2} AtMostOnce
            ? ada: nothing to ask
            ? ada: nothing to ask
            ? ada: nothing to ask
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Message sent"}
            0s ada < id-ada {"n":2,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s ada < id-ada {"coremq_fwdto":"id-ada","master":"rialto","replicants":[],"connections":1}
            0s ada < id-ada {"history":{"a":[{"n": 1,"coremq_sender":"id-ada","coremq_sent":0.000,"coremq_server":"rialto:6747"}]}}
            0s ada < id-ada {"response":"ERROR: Message must be a dictionary"}
            ? ws.eve: Connect eve with "key of eve"
            0s ws.eve < {"response":"OK: Options set","queue":"id-eve"}
            ? ws.eve: Subscribe [("a", false)]
            ? ws.eve: Publish a {"n":3} AtMostOnce
            0s ws.eve < {"response":"OK: Message sent","queue":"id-eve"}
        "#]],
    );
}

#[test]
fn what_another_server_passes_on_was_decided_there() {
    check_asking(
        r#"
        srv.b > x {"coremq_options":{"client":"b","token":"key of b"}}␀x {"coremq_replicant":"b:6747"}
        srv.b > a {"n":1,"coremq_server":"b:6747","coremq_sender":"somebody"}
        srv.b > a {"n":2}
        "#,
        expect![[r#"
            ? srv.b: Connect b with "key of b"
            ? srv.b: nothing to ask
            ! ReplicantAttached("b:6747")
            0s srv.b < id-b {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s srv.b < id-b {"response":"OK: Options set"}
            0s srv.b < id-b {"response":"OK: Replication request successful"}
            ? srv.b: Publish: nothing to decide
            ? srv.b: Publish a {"n":2} AtMostOnce
            0s srv.b < id-b {"response":"OK: Message sent"}
            0s srv.b < a {"n":2,"coremq_sender":"id-b","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}

#[test]
fn each_command_of_pubsubx_asks_what_it_is_about() {
    check_asking(
        r#"
        psx.ada > CONNECT ada key of ada
        psx.ada > SUBSCRIBE room␀UNSUBSCRIBE room␀PUBLISH room {"n": 1}␀PUBLISH room text␀NONSENSE
        psx.ada > CONNECT ada␀DISCONNECT
        "#,
        expect![[r#"
            ? psx.ada: Connect ada with "key of ada"
            0s psx.ada < OK: Conn accepted
            ? psx.ada: Subscribe [("room", false)]
            ? psx.ada: Unsubscribe ["room"]
            ? psx.ada: Publish room "{\"n\": 1}" AtMostOnce
            ? psx.ada: Publish room "text" AtMostOnce
            ? psx.ada: nothing to ask
            ? psx.ada: Connect: nothing to decide
            ? psx.ada: nothing to ask
            0s psx.ada x the client disconnected
        "#]],
    );
}

#[test]
fn nothing_is_to_be_decided_without_a_session_but_who_may_have_one() {
    check_asking(
        r##"
        jmqt.ada > {"sub":{"cn":"room"}}␀{"unsub":{"cn":"room"}}␀{"pub":{"cn":"room","dt":1,"id":"a"}}
        jmqt.ada > {"pub":{"cn":"#bob","dt":2}}␀{"pub":{"cn":"$time","dt":3,"id":"b"}}
        bob > x {"coremq_subscribe":"a"}␀x {"coremq_unsubscribe":"a"}␀a {"n":1}
        psx.cleo > SUBSCRIBE room
        "##,
        expect![[r#"
            ? jmqt.ada: Subscribe: nothing to decide
            ? jmqt.ada: Unsubscribe: nothing to decide
            ? jmqt.ada: Publish: nothing to decide
            0s jmqt.ada < {"subAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s jmqt.ada < {"unsubAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"a","mg":"open a session with conn first"}}
            ? jmqt.ada: Publish: nothing to decide
            ? jmqt.ada: Control: nothing to decide
            0s jmqt.ada < {"pubAck":{"st":7,"id":"b","mg":"open a session with conn first"}}
            ? bob: Subscribe: nothing to decide
            ? bob: Unsubscribe: nothing to decide
            ? bob: Publish: nothing to decide
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s bob < id-bob {"response":"ERROR: Not authenticated: set the options client and token first"}
            0s bob < id-bob {"response":"ERROR: Not authenticated: set the options client and token first"}
            ? psx.cleo: Subscribe: nothing to decide
            0s psx.cleo x protocol error
        "#]],
    );
}

#[test]
fn nothing_is_to_be_decided_behind_the_end() {
    check_asking(
        r#"
        jmqt.ada online
        jmqt.ada > {"disconn":{}}␀{"pub":{"cn":"room","dt":1}}␀{"conn":{"cl":"ada","at":"key of ada"}}
        psx.cleo > CONNECT cleo key of cleo
        psx.cleo > DISCONNECT␀PUBLISH room 1
        ws.eve > {␀{"queue":"-","coremq_options":{"token":"key of eve","client":"eve"}}
        "#,
        expect![[r#"
            ? jmqt.ada: Connect ada with "key of ada"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            ? jmqt.ada: nothing to ask
            ? jmqt.ada: Publish: nothing to decide
            ? jmqt.ada: Connect: nothing to decide
            0s jmqt.ada x the client disconnected
            ? psx.cleo: Connect cleo with "key of cleo"
            0s psx.cleo < OK: Conn accepted
            ? psx.cleo: nothing to ask
            ? psx.cleo: Publish: nothing to decide
            0s psx.cleo x the client disconnected
            ? ws.eve: nothing to ask
            ? ws.eve: Connect: nothing to decide
            0s ws.eve x protocol error
        "#]],
    );
}

#[test]
fn nothing_is_to_be_decided_that_rights_deny() {
    check_asking(
        r##"
        authorizer may sub:room,pub:lamp,direct:#bob,control:$time
        jmqt.ada online
        jmqt.ada > {"sub":{"cn":"room"}}␀{"sub":{"cn":"lamp"}}
        jmqt.ada > {"pub":{"cn":"room","dt":1,"id":"a"}}␀{"pub":{"cn":"lamp","dt":2,"id":"b"}}
        jmqt.ada > {"pub":{"cn":"#bob","dt":3,"id":"c"}}␀{"pub":{"cn":"#eve","dt":4,"id":"d"}}
        jmqt.ada > {"pub":{"cn":"$time","dt":5,"id":"e"}}␀{"pub":{"cn":"$whoami","dt":6,"id":"f"}}
        psx.cleo > CONNECT cleo key of cleo
        psx.cleo > SUBSCRIBE lamp␀SUBSCRIBE room␀PUBLISH room 7␀PUBLISH lamp 8
        bob > x {"coremq_options":{"client":"bob","token":"key of bob"}}
        bob > x {"coremq_subscribe":["lamp"]}␀room {"n":9}␀lamp {"n":10}
        "##,
        expect![[r#"
            ? jmqt.ada: Connect ada with "key of ada"
            0s jmqt.ada < {"connAck":{"st":1,"ts":15}}
            ? jmqt.ada: Subscribe [("room", false)]
            ? jmqt.ada: Subscribe: nothing to decide
            0s jmqt.ada < {"subAck":{"st":1,"cn":"room"}}
            0s jmqt.ada < {"subAck":{"st":7,"cn":"lamp","mg":"no rule for sub:lamp"}}
            ? jmqt.ada: Publish: nothing to decide
            ? jmqt.ada: Publish lamp 2 AtMostOnce
            0s jmqt.ada < {"pubAck":{"st":7,"id":"a","mg":"no rule for pub:room"}}
            ? jmqt.ada: Publish #bob 3 AtMostOnce
            ? jmqt.ada: Publish: nothing to decide
            0s jmqt.ada < {"pubAck":{"st":8,"id":"c","mg":"the client is offline"}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"d","mg":"no rule for direct:#eve"}}
            ? jmqt.ada: Control time 5
            ? jmqt.ada: Control: nothing to decide
            0s jmqt.ada < {"pubAck":{"st":1,"id":"e","dt":{"unix_ms":0}}}
            0s jmqt.ada < {"pubAck":{"st":7,"id":"f","mg":"no rule for control:$whoami"}}
            ? psx.cleo: Connect cleo with "key of cleo"
            0s psx.cleo < OK: Conn accepted
            ? psx.cleo: Subscribe: nothing to decide
            ? psx.cleo: Subscribe [("room", false)]
            ? psx.cleo: Publish: nothing to decide
            ? psx.cleo: Publish lamp "8" AtMostOnce
            ? bob: Connect bob with "key of bob"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Options set"}
            ? bob: Subscribe: nothing to decide
            ? bob: Publish: nothing to decide
            ? bob: Publish lamp {"n":10} AtMostOnce
            0s bob < id-bob {"response":"ERROR: queue \"lamp\": no rule for sub:lamp"}
            0s bob < id-bob {"response":"ERROR: no rule for pub:room"}
            0s bob < id-bob {"response":"OK: Message sent"}
        "#]],
    );
}

#[test]
fn where_a_part_of_a_request_is_denied_the_rest_is_to_be_decided_nevertheless() {
    // The queues before the one that is denied are subscribed to.
    check_asking(
        r#"
        authorizer may sub:room
        bob > x {"coremq_options":{"client":"bob","token":"key of bob"}}
        authorizer denies ask again
        bob > x {"coremq_subscribe":["room","lamp"]}
        authorizer allows
        bob > x {"coremq_subscribe":["room","lamp"]}
        authorizer may
        jmqt.eve > {"conn":{"cl":"eve","at":"key of eve"}}
        jmqt.eve > {"pub":{"cn":"room","dt":{}}}
        "#,
        expect![[r#"
            ? bob: Connect bob with "key of bob"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Options set"}
            ? bob: Subscribe [("room", false), ("lamp", false)]
            0s bob < id-bob {"response":"ERROR: ask again"}
            ? bob: Subscribe [("room", false), ("lamp", false)]
            0s bob < id-bob {"response":"ERROR: queue \"lamp\": no rule for sub:lamp"}
            ? jmqt.eve: Connect eve with "key of eve"
            0s jmqt.eve < {"connAck":{"st":1,"ts":15}}
            ? jmqt.eve: Publish room {} AtMostOnce
            0s bob < room {"coremq_sender":"eve","coremq_sent":0.000,"coremq_server":"rialto:6747"}
        "#]],
    );
}
