//! Control channels: questions to the server.

use expect_test::expect;

use super::world::check;

#[test]
fn a_question_is_answered_in_the_pub_ack() {
    // J-94: with or without data, whatever the QoS. J-97, J-98
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        +3s
        ada > {"pub":{"cn":"$whoami","dt":{},"id":"2"}}
        ada > {"pub":{"cn":"$time","dt":"?","q":1,"id":"3"}}
        ada > {"pub":{"cn":"$limits","q":1,"rt":1,"id":4}}
        ada > {"pub":{"cn":"$stats","id":"5"}}
        "#,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["room","log"],"subscriptions":{"#ada":"persistent","log":"persistent","room":"temp"}}}}
            3s ada < {"pubAck":{"st":1,"id":"2","dt":{"client":"ada","connected_s":3}}}
            3s ada < {"pubAck":{"st":1,"id":"3","dt":{"unix_ms":3000}}}
            3s ada < {"pubAck":{"st":1,"id":"4","dt":{"channel_name_bytes_max":255,"heartbeat_timeout_s":15,"json_depth_max":128,"packet_bytes_max":1048576,"subscriptions_max":1000,"unacknowledged_max":10000}}}
            3s ada < {"pubAck":{"st":1,"id":"5","dt":{"acknowledged":0,"answered":5,"channels":2,"closed_limit":0,"closed_silent":0,"connections":1,"damaged_records":0,"delivered":0,"deliveries":0,"deliveries_waiting":0,"discarded":0,"dropped_absent":0,"dropped_closed":0,"dropped_damaged":0,"dropped_dialect":0,"dropped_expired":0,"dropped_log":0,"dropped_slow":0,"history_evicted":0,"log_acknowledged":0,"log_bytes":0,"log_found":0,"log_held":0,"log_unread":0,"malformed":0,"publish_refused":0,"publish_waiting":0,"published":5,"received":5,"refused_connections":0,"rejected":0,"relay_missed":0,"relayed":0,"retained":0,"retained_bytes":0,"retained_refused":0,"routed":0,"sessions":1,"sessions_lost":0,"sessions_opened":1,"sessions_restored":0,"sessions_taken_over":0,"store_failures":0,"store_queue":0,"store_wait_ms":0,"stored":0,"waiting_bytes":0}}}
        "##]],
    );
}

#[test]
fn a_question_without_id_cannot_be_answered_and_says_so() {
    // J-95
    check(
        r#"
        ada online
        ada > {"pub":{"cn":"$time"}}
        ada > {"pub":{"cn":"$time","dt":1,"q":1}}
        ada > {"pub":{"cn":"$nothing","dt":1}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
        "#]],
    );
}

#[test]
fn a_question_that_is_none_is_refused() {
    // J-96: letter case counts.
    check(
        r#"
        ada online
        ada > {"pub":{"cn":"$nothing","id":"1"}}
        ada > {"pub":{"cn":"$Time","q":1,"id":"2"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"pubAck":{"st":11,"id":"1","mg":"the channel cannot be used this way"}}
            0s ada < {"pubAck":{"st":11,"id":"2","mg":"the channel cannot be used this way"}}
        "#]],
    );
}
