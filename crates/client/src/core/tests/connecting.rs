//! Attempts, waits, heartbeats, and the ends of a client.

use std::time::Duration;

use expect_test::expect;

use crate::backoff::Backoff;
use crate::credentials::Credentials;

use super::{ONLINE, check, check_online, options};

#[test]
fn a_name_is_traded_for_a_token_and_the_token_for_a_session() {
    // J-111, K-1, K-10
    let mut options = options();
    options.credentials = Credentials::named("ada");
    check(
        &options,
        r#"
        open
        pub1 room 1
        < {"authAck":{"st":1,"at":"t1","cl":"ada"}}
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 1
            > {"auth":{"dt":{"client_name":"ada"}}}
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        "#]],
    );
}

#[test]
fn a_first_connection_that_is_refused_ends_the_client() {
    // K-3, K-18
    for frame in [r#"{"connAck":{"st":7,"mg":"no"}}"#, r#"{"connAck":{"st":6}}"#] {
        check(
            &options(),
            &format!("open\n< {frame}\nsub room"),
            &match frame.contains('7') {
                true => expect![[r#"
                    ! connecting jmqt://one:8010, attempt 1
                    > {"conn":{"at":"t1","cl":"ada"}}
                    ! closed: refused
                    #1 lost the connection to the broker, and could not connect again: jmqt://one:8010 refused the connection, status 7 (not allowed): no
                "#]],
                false => expect![[r#"
                    ! connecting jmqt://one:8010, attempt 1
                    > {"conn":{"at":"t1","cl":"ada"}}
                    ! closed: unauthorized
                    #1 lost the connection to the broker, and could not connect again: jmqt://one:8010 refused the connection, status 6 (invalid token)
                "#]],
            },
        );
    }
}

#[test]
fn a_first_connection_is_tried_again_only_if_that_is_wanted() {
    // K-7
    check(
        &options(),
        "open\nfail\nopen",
        &expect![[r#"
        ! connecting jmqt://one:8010, attempt 1
        > {"conn":{"at":"t1","cl":"ada"}}
        ! closed: gave-up
        ! no attempt: End(NotRestored(Wordless { endpoint: Endpoint { protocol: Jmqt, scheme: Tcp, host: "one", port: 8010, path: "/" } }))
    "#]],
    );
    let mut options = options();
    options.retry_first = true;
    check(
        &options,
        "open\nfail\nopen\nfail\nopen",
        &expect![[r#"
        ! connecting jmqt://one:8010, attempt 1
        > {"conn":{"at":"t1","cl":"ada"}}
        ! waiting: unreachable, 771 ms
        ! connecting jmqt://one:8010, attempt 2
        > {"conn":{"at":"t1","cl":"ada"}}
        ! waiting: unreachable, 1944 ms
        ! connecting jmqt://one:8010, attempt 3
        > {"conn":{"at":"t1","cl":"ada"}}
    "#]],
    );
}

#[test]
fn addresses_are_tried_in_turn_and_waits_come_after_a_round() {
    // K-6
    let mut options = options();
    options.more_endpoints = vec!["jmqt://two".parse().unwrap(), "jmqt://three".parse().unwrap()];
    options.retry_first = true;
    let script = format!("open\nfail\nopen\nfail\nopen\nfail\n{ONLINE}lost\nopen\nfail\nopen");
    check(
        &options,
        &script,
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 1
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: unreachable, 0 ms
            ! connecting jmqt://two:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: unreachable, 0 ms
            ! connecting jmqt://three:8010, attempt 3
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: unreachable, 771 ms
            ! connecting jmqt://one:8010, attempt 4
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            ! waiting: lost, 1944 ms
            ! connecting jmqt://one:8010, attempt 5
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: unreachable, 0 ms
            ! connecting jmqt://two:8010, attempt 6
            > {"conn":{"at":"t1","cl":"ada"}}
        "#]],
    );
}

#[test]
fn a_server_that_stops_or_is_full_is_left_alone_for_longer() {
    // K-6, K-19
    check_online(
        r#"
        lost server-stopping
        open
        < {"connAck":{"st":7,"mg":"the server has 4 connections, the most allowed"}}
        "#,
        &expect![[r#"
            ! waiting: server-stopping, 4884 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: server-full, 11663 ms
        "#]],
    );
}

#[test]
fn connecting_is_given_up_after_its_time() {
    // K-7
    let mut options = options();
    let give_up_after = Some(Duration::from_secs(1));
    options.reconnect = Some(Backoff { give_up_after, ..Backoff::default() });
    check(
        &options,
        &format!("{ONLINE}lost\nopen\nfail\nopen\nfail\nopen"),
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 1
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! waiting: unreachable, 228 ms
            ! no attempt: End(NotRestored(Wordless { endpoint: Endpoint { protocol: Jmqt, scheme: Tcp, host: "one", port: 8010, path: "/" } }))
            ! closed: gave-up
            ! no attempt: End(NotRestored(Wordless { endpoint: Endpoint { protocol: Jmqt, scheme: Tcp, host: "one", port: 8010, path: "/" } }))
        "#]],
    );
}

#[test]
fn taken_over_is_final_and_withdrawn_is_so_unless_there_may_be_new_credentials() {
    // K-3, K-11, K-14
    check_online(
        "lost taken-over\nopen",
        &expect![[r#"
        ! closed: taken-over
        ! no attempt: End(Dismissed { reason: TakenOver, refusal: Refusal { status: Status(7), message: None } })
    "#]],
    );
    check_online(
        "lost withdrawn\nopen",
        &expect![[r#"
        ! closed: withdrawn
        ! no attempt: End(Dismissed { reason: Withdrawn, refusal: Refusal { status: Status(7), message: None } })
    "#]],
    );
    let mut options = options();
    options.credentials = Credentials::provider(|_| async { unreachable!("a script answers") });
    check(
        &options,
        &format!("{ONLINE}lost withdrawn\nopen"),
        &expect![[r#"
            ! Why { attempt: 0, reason: None, status: None }
            ! connecting jmqt://one:8010, attempt 1
            > {"conn":{"at":"t2","cl":"ada"}}
            ! online
            ! waiting: withdrawn, 771 ms
            ! Why { attempt: 1, reason: Some(Withdrawn), status: Some(Status(7)) }
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t2","cl":"ada"}}
        "#]],
    );
}

#[test]
fn a_provider_whose_token_is_not_taken_is_asked_once_more_at_once() {
    // K-12
    let mut options = options();
    options.credentials = Credentials::provider(|_| async { unreachable!("a script answers") });
    check(
        &options,
        r#"
        open
        < {"connAck":{"st":6}}
        open
        < {"connAck":{"st":6}}
        open
        "#,
        &expect![[r#"
            ! Why { attempt: 0, reason: None, status: None }
            ! connecting jmqt://one:8010, attempt 1
            > {"conn":{"at":"t2","cl":"ada"}}
            ! Why { attempt: 1, reason: Some(Unauthorized), status: Some(Status(6)) }
            > {"conn":{"at":"t2","cl":"ada"}}
            ! closed: unauthorized
            ! no attempt: End(NotRestored(Refused { endpoint: Endpoint { protocol: Jmqt, scheme: Tcp, host: "one", port: 8010, path: "/" }, refusal: Refusal { status: Status(6), message: None } }))
        "#]],
    );
}

#[test]
fn a_session_of_another_client_is_not_taken() {
    // K-13
    let mut options = options();
    options.credentials = Credentials::named("ada");
    check(
        &options,
        r#"
        open
        < {"authAck":{"st":1,"at":"t1","cl":"ada-1"}}
        < {"connAck":{"st":1,"ts":15}}
        lost
        open
        < {"authAck":{"st":1,"at":"t2","cl":"ada-2"}}
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 1
            > {"auth":{"dt":{"client_name":"ada"}}}
            > {"conn":{"at":"t1","cl":"ada-1"}}
            ! online
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"auth":{"dt":{"client_name":"ada"}}}
            > {"conn":{"at":"t2","cl":"ada-2"}}
            ! closed: identity-changed
        "#]],
    );
}

#[test]
fn heartbeats_leave_after_a_third_of_the_time_and_silence_is_noticed_after_twice() {
    // J-112, K-16, K-17: a publish is a sign of life as well.
    check_online(
        r#"
        +4s
        pub0 room 1
        +4s
        +1s
        < {"hbAck":{}}
        +5s
        +5s
        +5s
        +5s
        +5s
        +5s
        "#,
        &expect![[r##"
            #1 ok
            > {"pub":{"cn":"room","dt":1,"id":"1"}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! broken: the broker has been silent for 30s
            ! waiting: silent, 771 ms
        "##]],
    );
}

#[test]
fn a_frame_that_comes_while_timers_sleep_is_a_reason_for_a_heartbeat() {
    // K-16
    check_online(
        r#"
        asleep 4
        < {"hbAck":{}}
        asleep 2
        < {"hbAck":{}}
        "#,
        &expect![[r#"
            > {"hb":{}}
        "#]],
    );
}

#[test]
fn a_timeout_that_is_missing_or_no_number_is_fifteen_seconds() {
    // K-16
    for ack in [r#"{"st":1}"#, r#"{"st":1,"ts":0}"#, r#"{"st":1,"ts":"soon"}"#] {
        check(
            &options(),
            &format!("open\n< {{\"connAck\":{ack}}}\nclear\n+4.9s\n+0.1s"),
            &expect![[r#"
                > {"hb":{}}
            "#]],
        );
    }
}

#[test]
fn time_in_which_the_client_did_not_run_is_no_silence_of_the_broker() {
    // K-8, K-17, J-112: it was stopped for an hour, then the broker says no more.
    check_online(
        r#"
        +5s
        < {"hbAck":{}}
        +3600s
        < {"hbAck":{}}
        +5s
        +3600s
        +4s
        +1s
        "#,
        &expect![[r#"
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! broken: the broker has been silent for 5s
            ! waiting: silent, 771 ms
        "#]],
    );
}

#[test]
fn heartbeats_stop_when_the_connection_has_ended() {
    // J-113
    check_online(
        "+5s\nlost\n+5s\nopen\n+5s\nclose\n+60s",
        &expect![[r#"
            > {"hb":{}}
            ! waiting: lost, 771 ms
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! closed: asked
        "#]],
    );
}

#[test]
fn a_hint_cuts_a_wait_short_and_looks_at_a_connection() {
    // K-8
    check_online(
        r#"
        wake
        +4s
        < {"hbAck":{}}
        +4s
        wake
        +5s
        "#,
        &expect![[r#"
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! broken: the broker has been silent for 5s
            ! waiting: silent, 771 ms
        "#]],
    );
}

#[test]
fn what_is_no_packet_is_ignored_and_the_session_goes_on() {
    // K-37
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        < {
        < {"hello":{}}
        < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        next 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            ! BadFrame
            = room 1
        "#]],
    );
}

#[test]
fn a_closed_client_takes_leave_and_answers_every_call() {
    // K-60, K-62, J-117
    check_online(
        "pub1 room 1\nask $time\nsub room\nping\nclose\npub1 room 2",
        &expect![[r#"
        > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        > {"pub":{"cn":"$time","dt":null,"id":"2"}}
        > {"sub":{"cn":"room"}}
        > {"hb":{}}
        ! closed: asked
        ! publish Some("1") to room: the client was closed
        #1 the client was closed
        #2 the client was closed
        #4 the client was closed
        #3 the client was closed
        ! room ended, closed
        > {"disconn":{}}
        #6 the client was closed
    "#]],
    );
    check(
        &options(),
        "pub1 room 1\nsub room\nclose\npub0 room 1\nopen",
        &expect![[r#"
        ! closed: asked
        ! publish Some("1") to room: the client was closed
        #1 the client was closed
        #2 the client was closed
        ! room ended, closed
        #4 the client was closed
        ! no attempt: End(Closed)
    "#]],
    );
    check_online(
        "pub1 room 1\nlost\nclose\nopen",
        &expect![[r#"
        > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        ! waiting: lost, 771 ms
        ! closed: asked
        ! publish Some("1") to room: the client was closed
        #1 the client was closed
        ! no attempt: End(Closed)
    "#]],
    );
}

#[test]
fn a_broker_that_ends_the_session_says_why() {
    // K-19
    check_online(
        r#"< {"connAck":{"st":7,"mg":"taken over","rs":"taken-over"}}"#,
        &expect![[r#"
        ! broken: the broker ended the session with status 7 (not allowed): taken over
        ! closed: taken-over
    "#]],
    );
    check_online(
        r#"< {"connAck":{"st":5,"mg":"restarting","rs":"shutting-down"}}"#,
        &expect![[r#"
            ! broken: the broker ended the session with status 5 (server error): restarting
            ! waiting: server-stopping, 4884 ms
        "#]],
    );
}
