//! Retained messages (J-79 to J-86).

use crate::{check, check_with};

#[test]
fn a_channel_keeps_the_last_message_published_with_rt() {
    // J-79, J-81, J-83: right after the subAck, with rt and without id or q.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":1,"rt":1}}
        bob > {"pub":{"cn":"room","dt":2,"rt":1,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        bob > {"pub":{"cn":"room","dt":3}}
        bob > {"pub":{"cn":"room","dt":4,"rt":0,"q":1,"id":"4"}}
        bob < {"pubAck":{"st":1,"id":"4"}}
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":2,"cl":"bob","rt":1}}
        ada silent
        eve online
        eve > {"pub":{"cn":"room","dt":5,"rt":1}}
        ada < {"push":{"cn":"room","dt":5,"cl":"eve"}}
        eve > {"sub":{"cn":"room","pr":1}}
        eve < {"subAck":{"st":1,"cn":"room"}}
        eve < {"push":{"cn":"room","dt":5,"cl":"eve","rt":1}}
        eve silent
        "#,
    );
}

#[test]
fn a_retained_message_needs_no_subscriber_and_survives_a_restart() {
    // J-80: acknowledged also a crash; of quality 0 a graceful stop.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":1,"rt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        broker killed
        bob online
        bob > {"pub":{"cn":"hall","dt":2,"rt":1}}
        bob silent
        broker stopped
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob","rt":1}}
        ada > {"sub":{"cn":"hall"}}
        ada < {"subAck":{"st":1,"cn":"hall"}}
        ada < {"push":{"cn":"hall","dt":2,"cl":"bob","rt":1}}
        ada silent
        "#,
    );
}

#[test]
fn a_client_that_connects_gets_retained_messages_before_stored_ones() {
    // J-82: after the connAck, of its persistent subscriptions only.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada > {"sub":{"cn":"state","pr":1}}
        ada < {"subAck":{"st":1,"cn":"state"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada leaves
        bob > {"pub":{"cn":"room","dt":0,"rt":1,"q":1,"id":"0"}}
        bob < {"pubAck":{"st":1,"id":"0"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"state","dt":2,"rt":1}}
        bob > {"pub":{"cn":"log","dt":3,"rt":1,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada online
        ada < {"push":{"cn":"log","dt":3,"cl":"bob","rt":1}}
        ada < {"push":{"cn":"state","dt":2,"cl":"bob","rt":1}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":3,"cl":"bob","q":1,"id":"<m3>"}}
        ada silent
        "#,
    );
}

#[test]
fn a_retained_push_needs_no_acknowledgement() {
    // J-83: it comes at every subscription, whatever is acknowledged.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"log","dt":1,"rt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","rt":1}}
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","rt":1}}
        ada silent
        "#,
    );
}

#[test]
fn those_who_are_subscribed_get_it_as_any_other_message() {
    // J-84, J-85: without rt, and q as published; all four combinations, each acknowledged or not.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":1,"q":0,"rt":0,"id":"1"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada silent
        bob > {"pub":{"cn":"room","dt":2,"q":1,"rt":0,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada < {"push":{"cn":"room","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada silent
        bob > {"pub":{"cn":"room","dt":3,"q":0,"rt":1,"id":"3"}}
        bob silent
        ada < {"push":{"cn":"room","dt":3,"cl":"bob"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":3,"cl":"bob","rt":1}}
        bob > {"pub":{"cn":"room","dt":4,"q":1,"rt":1,"id":"4"}}
        bob < {"pubAck":{"st":1,"id":"4"}}
        ada < {"push":{"cn":"room","dt":4,"cl":"bob","q":1,"id":"<m4>"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":4,"cl":"bob","rt":1}}
        ada silent
        "#,
    );
}

#[test]
fn a_message_to_a_persistent_subscriber_may_be_retained_and_stored() {
    // J-84, J-85
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"rt":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","rt":1}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","rt":1}}
        ada silent
        "#,
    );
}

#[test]
fn direct_and_control_channels_retain_nothing() {
    // J-86: the rest of the pub is carried out.
    check(
        r##"
        ada online
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"rt":1}}
        ada < {"push":{"cn":"#ada","dt":1,"cl":"bob"}}
        bob > {"pub":{"cn":"#ada","dt":2,"rt":1,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada < {"push":{"cn":"#ada","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada > {"pushAck":{"id":"<m2>"}}
        bob > {"pub":{"cn":"$whoami","rt":1,"dt":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3","dt":"*"}}
        ada leaves
        ada online
        ada silent
        "##,
    );
}

#[test]
fn at_the_ceiling_a_retained_message_is_refused_and_not_distributed() {
    // J-125
    check_with(
        &["retained.count_max=1"],
        r#"
        ada online
        ada > {"sub":{"cn":"hall"}}
        ada < {"subAck":{"st":1,"cn":"hall"}}
        bob online
        bob > {"pub":{"cn":"room","dt":22,"rt":1}}
        bob > {"pub":{"cn":"hall","dt":1,"rt":1}}
        bob > {"pub":{"cn":"hall","dt":2,"rt":1,"id":"1"}}
        bob < {"pubAck":{"st":5,"id":"1","mg":"*"}}
        bob > {"pub":{"cn":"hall","dt":3,"rt":1,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":5,"id":"2","mg":"*"}}
        bob > {"pub":{"cn":"room","dt":33,"rt":1,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada silent
        bob > {"pub":{"cn":"hall","dt":4}}
        ada < {"push":{"cn":"hall","dt":4,"cl":"bob"}}
        bob > {"pub":{"cn":"$removeRetained","dt":{"cn":"room"},"id":"4"}}
        bob < {"pubAck":{"st":1,"id":"4","dt":{"removed":true}}}
        bob > {"pub":{"cn":"hall","dt":5,"rt":1,"q":1,"id":"5"}}
        bob < {"pubAck":{"st":1,"id":"5"}}
        ada < {"push":{"cn":"hall","dt":5,"cl":"bob","q":1,"id":"<m1>"}}
        "#,
    );
}
