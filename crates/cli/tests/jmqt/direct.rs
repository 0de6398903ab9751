//! Direct messages: `#` channels (J-89 to J-93).

use crate::{check, check_with};

#[test]
fn a_direct_message_reaches_that_client_alone() {
    // J-89, J-90: without a sub or an ack; names are compared exactly.
    check(
        r##"
        ada online
        Ada online
        ada2 online
        bob online
        bob > {"pub":{"cn":"#ada","dt":{"n":1}}}
        ada < {"push":{"cn":"#ada","dt":{"n":1},"cl":"bob"}}
        bob > {"pub":{"cn":"#ada","dt":{"n":2},"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada < {"push":{"cn":"#ada","dt":{"n":2},"cl":"bob","q":1,"id":"<m2>"}}
        ada silent
        Ada silent
        ada2 silent
        bob silent
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        "##,
    );
}

#[test]
fn a_direct_message_to_a_client_that_is_offline_waits_for_it() {
    // J-90, J-91: with quality 1; the sender is told that it is offline. Also over a crash.
    check(
        r##"
        ada online
        ada leaves
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":8,"id":"1"}}
        bob > {"pub":{"cn":"#ada","dt":2,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":8,"id":"2"}}
        broker killed
        ada online
        ada < {"push":{"cn":"#ada","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"#ada","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada leaves
        ada online
        ada < {"push":{"cn":"#ada","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada > {"pushAck":{"id":"<m2>"}}
        ada leaves
        ada online
        ada silent
        "##,
    );
}

#[test]
fn what_cannot_be_delivered_directly_is_dropped() {
    // J-92: quality 0 to a client that is offline, anything to one that never was there.
    check(
        r##"
        ada online
        ada leaves
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"id":"1"}}
        bob < {"pubAck":{"st":8,"id":"1"}}
        bob > {"pub":{"cn":"#ada","dt":2}}
        bob > {"pub":{"cn":"#eve","dt":3,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":8,"id":"3"}}
        bob > {"pub":{"cn":"#eve","dt":4,"id":"4"}}
        bob < {"pubAck":{"st":8,"id":"4"}}
        bob > {"pub":{"cn":"#eve","dt":5}}
        bob silent
        ada online
        ada silent
        eve online
        eve silent
        "##,
    );
}

#[test]
fn a_direct_message_to_oneself_is_dropped() {
    // J-93
    check(
        r##"
        ada online
        ada > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        ada < {"pubAck":{"st":8,"id":"1"}}
        ada > {"pub":{"cn":"#ada","dt":2,"id":"2"}}
        ada < {"pubAck":{"st":8,"id":"2"}}
        ada > {"pub":{"cn":"#ada","dt":3}}
        ada silent
        ada leaves
        ada online
        ada silent
        "##,
    );
}

#[test]
fn a_direct_message_to_oneself_arrives_where_echo_is_on() {
    // J-93
    check_with(
        &["delivery.echo=true"],
        r##"
        ada online
        ada > {"pub":{"cn":"#ada","dt":1}}
        ada < {"push":{"cn":"#ada","dt":1,"cl":"ada"}}
        ada silent
        "##,
    );
}

#[test]
fn a_direct_message_follows_the_client_to_its_new_connection() {
    // J-89, J-37
    check(
        r##"
        ada online
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"#ada","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada' online
        ada' < {"push":{"cn":"#ada","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        bob > {"pub":{"cn":"#ada","dt":2}}
        ada' < {"push":{"cn":"#ada","dt":2,"cl":"bob"}}
        ada closed 1008 or 7
        "##,
    );
}
