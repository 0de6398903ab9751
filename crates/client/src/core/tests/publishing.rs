//! Publishes, their acknowledgements, and questions to control channels.

use expect_test::expect;

use crate::options::WhenFull;

use super::{ONLINE, check, check_online, options};

#[test]
fn acknowledgements_find_their_publishes_in_any_order() {
    // K-40, K-41
    check_online(
        r#"
        pub0 room 0
        pub1 room {"n":1}
        pub1 hall "two"
        < {"pubAck":{"st":1,"id":"3"}}
        < {"pubAck":{"st":1,"id":"3"}}
        < {"pubAck":{"st":1,"id":"9"}}
        < {"pubAck":{"st":1,"id":"not ours"}}
        < {"pubAck":{"st":0}}
        < {"pubAck":{"st":5,"id":"2","mg":"disk full"}}
        < {"pubAck":{"st":7,"id":"1"}}
        "#,
        &expect![[r##"
            #1 ok
            > {"pub":{"cn":"room","dt":0,"id":"1"}}
            > {"pub":{"cn":"room","dt":{"n":1},"q":1,"id":"2"}}
            > {"pub":{"cn":"hall","dt":"two","q":1,"id":"3"}}
            #3 ok
            ! publish Some("2") to room: refused with status 5 (server error): disk full
            #2 refused with status 5 (server error): disk full
            ! publish Some("1") to room: refused with status 7 (not allowed)
        "##]],
    );
}

#[test]
fn what_is_unanswered_leaves_again_in_order_with_the_same_bytes() {
    // K-44
    check_online(
        r#"
        pub1 room 1
        pub1 room 2
        pub1 room 3
        pub0 room 4
        < {"pubAck":{"st":1,"id":"2"}}
        lost
        pub1 room 5
        pub0 room 6
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"pubAck":{"st":1,"id":"1"}}
        < {"pubAck":{"st":1,"id":"3"}}
        < {"pubAck":{"st":1,"id":"5"}}
        "#,
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            #4 ok
            > {"pub":{"cn":"room","dt":4,"id":"4"}}
            #2 ok
            ! waiting: lost, 771 ms
            ! publish None to room: the client is not online
            #6 the client is not online
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            > {"pub":{"cn":"room","dt":5,"q":1,"id":"5"}}
            #1 ok
            #3 ok
            #5 ok
        "#]],
    );
}

#[test]
fn a_full_window_keeps_publishes_back_and_none_overtakes_another() {
    // K-43, K-45
    let mut options = options();
    options.window_count_max = 2;
    check(
        &options,
        &format!(
            r#"{ONLINE}clear
            pub1 room 1
            pub1 room 2
            pub1 room 3
            pub0 room 4
            < {{"pubAck":{{"st":1,"id":"1"}}}}
            pub0 room 4
            "#
        ),
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
            #4 has no room
            #1 ok
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            #5 ok
            > {"pub":{"cn":"room","dt":4,"id":"4"}}
        "#]],
    );
}

#[test]
fn a_full_outbox_waits_rejects_or_drops_the_oldest_that_was_never_sent() {
    // K-43
    for full in [WhenFull::Wait, WhenFull::Reject, WhenFull::DropOldest] {
        let mut options = options();
        options.window_count_max = 1;
        options.outbox.count_max = 2;
        options.outbox.full = full;
        let script = format!("{ONLINE}clear\npub1 room 1\npub1 room 2\npub1 room 3");
        check(
            &options,
            &script,
            &match full {
                WhenFull::Wait => expect![[r#"
                    > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
                    #3 has no room
                "#]],
                WhenFull::Reject => expect![[r#"
                    > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
                    #3 the outbox is full
                "#]],
                WhenFull::DropOldest => expect![[r#"
                    > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
                    ! publish Some("2") to room: the outbox is full
                    #2 the outbox is full
                "#]],
            },
        );
    }
}

#[test]
fn an_outbox_is_full_in_bytes_too_but_a_single_large_publish_goes_through() {
    // K-43
    let mut options = options();
    options.outbox.bytes_max = 60;
    options.outbox.full = WhenFull::Reject;
    let long = "x".repeat(100);
    check(
        &options,
        &format!(
            "pub1 room \"{long}\"\npub1 room 2\n{ONLINE}clear\n< {{\"pubAck\":{{\"st\":1,\"id\":\"1\"}}}}\npub1 room 2"
        ),
        &expect![[r##"
            #1 ok
            > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
        "##]],
    );
}

#[test]
fn publishes_that_were_answered_make_room_for_the_bytes_of_others() {
    // K-43
    let mut options = options();
    options.outbox.bytes_max = 100;
    options.outbox.full = WhenFull::Reject;
    check(
        &options,
        &format!(
            "{ONLINE}clear\npub1 room 1\npub1 room 2\npub1 room 3\npub1 room 4\n\
             < {{\"pubAck\":{{\"st\":1,\"id\":\"1\"}}}}\npub1 room 5"
        ),
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            #4 the outbox is full
            #1 ok
            > {"pub":{"cn":"room","dt":5,"q":1,"id":"4"}}
        "#]],
    );
}

#[test]
fn an_acknowledgement_that_does_not_come_ends_the_connection_and_then_the_publish() {
    // K-46
    check_online(
        r#"
        pub1 room 1
        +5s
        < {"hbAck":{}}
        +15s
        < {"hbAck":{}}
        +10s
        open
        < {"connAck":{"st":1,"ts":60}}
        +30s
        "#,
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"hb":{}}
            > {"hb":{}}
            ! broken: the broker has not acknowledged a publish for 30s
            ! waiting: no-ack, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            ! broken: the broker has not acknowledged a publish for 30s
            ! publish Some("1") to room: the broker did not answer in time
            #1 the broker did not answer in time
            ! waiting: no-ack, 973 ms
        "#]],
    );
}

#[test]
fn the_largest_publish_fails_with_the_connection_that_it_was_too_large_for() {
    // K-47
    check_online(
        r#"
        pub1 room 1
        pub1 room "two hundred"
        pub1 room 3
        lost too-large
        open
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":"two hundred","q":1,"id":"2"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            ! publish Some("2") to room: the packet is larger than the broker takes
            #2 the packet is larger than the broker takes
            ! waiting: too-large, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
        "#]],
    );
}

#[test]
fn a_publish_is_withdrawn_only_before_it_was_sent() {
    // K-48
    check_online(
        "pub1 room 1\nwithdraw 1\nlost\npub1 room 2\nwithdraw 2\nwithdraw 1",
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            ! waiting: lost, 771 ms
            #3 withdrawn before it was sent
        "#]],
    );
}

#[test]
fn a_question_is_answered_with_data_and_does_not_wait_behind_publishes() {
    // J-114, K-49
    let mut options = options();
    options.window_count_max = 1;
    check(
        &options,
        &format!(
            r#"{ONLINE}clear
            pub1 room 1
            pub1 room 2
            ask $time {{}}
            pub0 $time {{}}
            < {{"pubAck":{{"st":1,"id":"3","dt":{{"now":5}}}}}}
            < {{"pubAck":{{"st":11,"id":"4","mg":"there is none"}}}}
            "#
        ),
        &expect![[r#"
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"$time","dt":{},"id":"3"}}
            > {"pub":{"cn":"$time","dt":{},"id":"4"}}
            #3 ok {"now":5}
            #4 refused with status 11 (invalid channel): there is none
        "#]],
    );
}

#[test]
fn a_question_is_not_repeated_unless_that_was_asked_for_and_has_its_time() {
    // K-49
    check_online(
        r#"
        ask $time
        askagain $time
        ping
        lost
        ask $time
        open
        < {"connAck":{"st":1,"ts":15}}
        +10s
        "#,
        &expect![[r#"
            > {"pub":{"cn":"$time","dt":null,"id":"1"}}
            > {"pub":{"cn":"$time","dt":null,"id":"2"}}
            > {"hb":{}}
            #1 the connection was lost before the answer
            #3 the connection was lost before the answer
            ! waiting: lost, 771 ms
            #4 the client is not online
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"$time","dt":null,"id":"2"}}
            #2 the broker did not answer in time
            > {"hb":{}}
        "#]],
    );
}

#[test]
fn a_ping_is_answered_by_its_own_heartbeat() {
    // J-41: one answer each, in order; the first one is that of the heartbeat before the ping.
    check_online(
        r#"
        +5s
        ping
        ping
        < {"hbAck":{}}
        < {"hbAck":{}}
        < {"hbAck":{}}
        < {"hbAck":{}}
        "#,
        &expect![[r#"
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            #1 ok
            #2 ok
        "#]],
    );
}

#[test]
fn draining_refuses_new_calls_and_lets_publishes_finish_over_a_new_connection() {
    // K-61
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        keep hall
        < {"subAck":{"st":1,"cn":"hall"}}
        pub1 room 1
        drain
        pub1 room 2
        < {"push":{"cn":"hall","dt":1,"cl":"bob","q":1,"id":"4-1"}}
        lost
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"pubAck":{"st":1,"id":"1"}}
        close
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            > {"sub":{"cn":"hall","pr":1}}
            ! hall active
            #2 ok
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            ! draining
            ! room ended, closed
            ! hall ended, closed
            > {"unsub":{"cn":"room"}}
            #5 the client was closed
            > {"conn":{"at":"t1","cl":"ada"}}
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            #3 ok
            ! closed: asked
            > {"disconn":{}}
        "#]],
    );
}
