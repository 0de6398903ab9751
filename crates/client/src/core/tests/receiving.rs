//! Messages, their acknowledgements, and the bounds of inboxes.

use expect_test::expect;

use super::{ONLINE, check, check_online, options};

#[test]
fn a_message_is_acknowledged_when_the_next_one_is_asked_for() {
    // K-31, J-115, J-116
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":{"n": 1.0},"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"room","dt":2,"cl":"bob","id":"4-2","q":"1"}}
        next 1
        next 1
        next 1
        leave 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            = room {"n": 1.0}
            = room 2
            > {"pushAck":{"id":"4-1","st":1}}
            = nothing yet
            > {"pushAck":{"id":"4-2","st":1}}
            ! room ended, unsubscribed
            > {"unsub":{"cn":"room"}}
        "#]],
    );
}

#[test]
fn leaving_does_not_acknowledge_the_message_in_hand() {
    // K-26, K-31
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        leave 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            = room 1
            ! room ended, unsubscribed
            > {"unsub":{"cn":"room"}}
        "#]],
    );
}

#[test]
fn the_application_acknowledges_or_drops_what_it_has_in_hand() {
    // K-31, K-33: what was dropped is given out again when it comes again.
    check_online(
        r#"
        keepmanual room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"room","dt":2,"cl":"bob","id":"4-2","q":1}}
        next 1
        next 1
        drop
        ack
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room","pr":1}}
            ! room active
            #1 ok
            = room 1
            = room 2
            > {"pushAck":{"id":"4-2","st":1}}
            = room 1
        "#]],
    );
}

#[test]
fn all_subscriptions_must_be_done_with_a_message() {
    // K-31
    check_online(
        r#"
        manual room
        manual room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        next 2
        ack
        wake
        ack
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            ! room active
            #2 ok
            = room 1
            = room 1
            > {"hb":{}}
            > {"pushAck":{"id":"4-1","st":1}}
        "#]],
    );
}

#[test]
fn a_push_that_comes_again_is_not_given_out_again_until_its_acknowledgement_is_settled() {
    // K-33, K-34
    check_online(
        r#"
        keep room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        next 1
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        +5s
        < {"hbAck":{}}
        < {"push":{"cn":"room","dt":9,"cl":"bob","id":"4-1","q":1}}
        next 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room","pr":1}}
            ! room active
            #1 ok
            = room 1
            = nothing yet
            > {"pushAck":{"id":"4-1","st":1}}
            > {"pushAck":{"id":"4-1","st":1}}
            = nothing yet
            > {"hb":{}}
            = room 9
        "#]],
    );
}

#[test]
fn an_answer_to_an_earlier_heartbeat_settles_no_acknowledgement() {
    // K-34
    check_online(
        r#"
        keep room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        +5s
        next 1
        next 1
        < {"hbAck":{}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room","pr":1}}
            ! room active
            #1 ok
            > {"hb":{}}
            = room 1
            = nothing yet
            > {"pushAck":{"id":"4-1","st":1}}
            > {"pushAck":{"id":"4-1","st":1}}
            = nothing yet
        "#]],
    );
}

#[test]
fn acknowledgements_that_may_have_been_lost_with_the_connection_are_sent_again() {
    // K-34
    check_online(
        r#"
        keep room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"room","dt":2,"cl":"bob","id":"4-2","q":1}}
        next 1
        next 1
        +5s
        < {"hbAck":{}}
        next 1
        lost
        clear
        open
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pushAck":{"id":"4-2","st":1}}
            > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"1"}}
        "#]],
    );
}

#[test]
fn acknowledgements_made_offline_leave_first_and_ids_without_persistence_are_forgotten() {
    // K-34
    check_online(
        r#"
        keep room
        sub hall
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"hall","dt":2,"cl":"bob","id":"0-1","q":1}}
        next 1
        next 2
        lost
        next 1
        next 2
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"hall","dt":3,"cl":"bob","id":"0-1","q":1}}
        next 1
        next 2
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room","pr":1}}
            > {"sub":{"cn":"hall"}}
            ! room active
            #1 ok
            ! hall active
            #2 ok
            = room 1
            = hall 2
            ! room waiting
            ! hall waiting
            ! waiting: lost, 771 ms
            = nothing yet
            = nothing yet
            ! connecting jmqt://one:8010, attempt 2
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pushAck":{"id":"4-1","st":1}}
            > {"sub":{"cn":"hall"}}
            > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"1"}}
            ! hall active, restored, gap
            > {"pushAck":{"id":"4-1","st":1}}
            = nothing yet
            = hall 3
        "#]],
    );
}

#[test]
fn stored_messages_wait_for_the_subscription_that_takes_them() {
    // K-27, K-35
    check_online(
        r##"
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"#ada","dt":2,"cl":"bob","id":"5-1","q":1}}
        < {"push":{"cn":"room","dt":3,"cl":"bob"}}
        < {"push":{"cn":"room","dt":4,"cl":"bob"}}
        listen room
        next 1
        next 1
        listen #
        next 2
        listen #ada
        < {"push":{"cn":"#ada","dt":5,"cl":"bob"}}
        next 3
        "##,
        &expect![[r#"
            ! slow room Some(1)
            ! room active
            = room 1
            = nothing yet
            > {"pushAck":{"id":"4-1","st":1}}
            ! # active
            = #ada 2
            ! #ada active
            = #ada 5
        "#]],
    );
}

#[test]
fn stored_messages_that_nobody_took_come_again_with_the_next_connection() {
    // K-35
    check_online(
        r#"
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        lost
        open
        < {"connAck":{"st":1,"ts":15}}
        clear
        listen room
        next 1
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        next 1
        "#,
        &expect![[r#"
            ! room active
            = nothing yet
            = room 1
        "#]],
    );
}

#[test]
fn at_most_a_thousand_stored_messages_wait_for_a_subscription() {
    // K-35
    check_online(
        r#"
        repeat 1001 {"push":{"cn":"room","dt":%,"cl":"bob","id":"4-%","q":1}}
        keepmanual room
        count 1
        "#,
        &expect![[r#"
            > {"sub":{"cn":"room","pr":1}}
            = 1000 messages
        "#]],
    );
}

#[test]
fn the_rest_goes_to_whoever_takes_it() {
    // K-27
    check_online(
        r#"
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        listen
        sub hall
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"push":{"cn":"hall","dt":2,"cl":"bob"}}
        < {"push":{"cn":"attic","dt":3,"cl":"bob"}}
        next 1
        next 1
        next 1
        "#,
        &expect![[r#"
            !  active
            > {"sub":{"cn":"hall"}}
            ! hall active
            #2 ok
            = room 1
            = attic 3
            > {"pushAck":{"id":"4-1","st":1}}
            = nothing yet
        "#]],
    );
}

#[test]
fn at_its_bound_an_inbox_drops_qos_0_and_tells_of_it_when_it_begins_and_ends() {
    // K-36
    let mut options = options();
    options.inbox_count_max = 2;
    check(
        &options,
        &format!(
            r#"{ONLINE}clear
            sub room
            < {{"subAck":{{"st":1,"cn":"room"}}}}
            pub1 hall 1
            repeat 4 {{"push":{{"cn":"room","dt":%,"cl":"bob"}}}}
            < {{"push":{{"cn":"room","dt":"kept","cl":"bob","id":"4-1","q":1}}}}
            next 1
            next 1
            next 1
            next 1
            "#
        ),
        &expect![[r#"
            > {"sub":{"cn":"room"}}
            ! room active
            #1 ok
            > {"pub":{"cn":"hall","dt":1,"q":1,"id":"1"}}
            ! slow room None
            = room 0
            = room 1
            = room "kept"
            ! slow room Some(2)
            = nothing yet
            > {"pushAck":{"id":"4-1","st":1}}
        "#]],
    );
}

#[test]
fn the_bytes_that_wait_in_an_inbox_are_bounded_too() {
    // K-36
    let mut options = options();
    options.inbox_bytes_max = 1;
    check(
        &options,
        &format!(
            r#"{ONLINE}clear
            sub room
            < {{"subAck":{{"st":1,"cn":"room"}}}}
            pub1 hall 1
            clear
            repeat 2 {{"push":{{"cn":"room","dt":%,"cl":"bob"}}}}
            next 1
            next 1
            "#
        ),
        &expect![[r#"
            ! slow room None
            = room 0
            ! slow room Some(1)
            = nothing yet
        "#]],
    );
}

#[test]
fn what_waits_or_comes_while_the_client_drains_is_left_to_the_next_session() {
    // K-61
    check_online(
        r#"
        keep room
        < {"subAck":{"st":1,"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}
        < {"push":{"cn":"room","dt":2,"cl":"bob","id":"4-2","q":1}}
        next 1
        pub1 hall 1
        clear
        drain
        < {"push":{"cn":"room","dt":3,"cl":"bob","id":"4-3","q":1}}
        < {"push":{"cn":"room","dt":4,"cl":"bob"}}
        next 1
        next 1
        "#,
        &expect![[r#"
            ! draining
            ! room ended, closed
            = the end
            > {"pushAck":{"id":"4-1","st":1}}
            = the end
        "#]],
    );
}

#[test]
fn more_than_all_inboxes_hold_ends_the_connection() {
    // K-36
    let megabyte = "x".repeat(1 << 20);
    let push =
        format!(r#"{{"push":{{"cn":"room","dt":"{megabyte}","cl":"bob","id":"4-%","q":1}}}}"#);
    check_online(
        &format!(
            "sub room\n< {{\"subAck\":{{\"st\":1,\"cn\":\"room\"}}}}\nclear\nrepeat 64 {push}\nopen"
        ),
        &expect![[r#"
            ! broken: 64 MiB of messages wait unread
            ! room waiting
            ! waiting: overrun, 771 ms
            ! no attempt: Wait(None)
        "#]],
    );
}

#[test]
fn a_broker_that_sends_again_and_again_without_reading_is_read_no_further() {
    // K-33: each of these is acknowledged again.
    let now = std::time::Instant::now();
    let mut core = super::Core::<u32>::new(&options(), super::Dice::seeded(1), now);
    core.start();
    assert!(matches!(core.step(now), super::Step::Attempt(_)));
    core.on_open(&super::Credentials::token("ada", "t1"));
    let hear = |core: &mut super::Core<u32>, frame: &str| {
        core.on_incoming(now, super::Incoming::read(frame.as_bytes()));
    };
    hear(&mut core, r#"{"connAck":{"st":1,"ts":15}}"#);
    let key = core.listen("room", super::SubscribeOptions::persistent());
    let id = "4".repeat(1_000);
    let push = format!(r#"{{"push":{{"cn":"room","dt":1,"cl":"bob","id":"{id}","q":1}}}}"#);
    hear(&mut core, &push);
    let mut context = super::Context::from_waker(super::Waker::noop());
    assert!(core.poll_next(key, &mut context).is_ready());
    assert!(core.poll_next(key, &mut context).is_pending());

    let mut heard = 0;
    while core.is_reading() {
        hear(&mut core, &push);
        heard += 1;
        assert!(heard < 5_000, "the acknowledgements grow without bound");
    }
    let sent = core.take_output(now, Vec::new());
    assert!(sent.len() < 2 << 20, "{} bytes", sent.len());
    assert!(core.is_reading(), "what was written makes room");
}
