//! Quality of service (J-72 to J-78).

use rialto_testkit::{Dialogue, Peer, Transport};
use serde_json::json;

use crate::{check, check_with, start};

#[test]
fn a_message_of_quality_0_is_for_those_who_are_there() {
    // J-72: with q 0 or none; neither acknowledged nor kept, not even for persistent subscribers.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1}}
        bob > {"pub":{"cn":"log","dt":2,"q":0}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob"}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob"}}
        ada leaves
        bob > {"pub":{"cn":"log","dt":3}}
        bob > {"pub":{"cn":"log","dt":4,"q":0}}
        bob silent
        ada online
        ada silent
        eve online
        eve > {"sub":{"cn":"log"}}
        eve < {"subAck":{"st":1,"cn":"log"}}
        eve silent
        "#,
    );
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    // J-73: for persistent subscribers, and as the retained message.
    check_with(
        &["store.durability=fsync"],
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada leaves
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"room","dt":2,"q":1,"rt":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        broker killed
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":2,"cl":"bob","rt":1}}
        ada silent
        "#,
    );
}

#[test]
fn a_message_is_pushed_no_earlier_than_it_is_stored() {
    // J-73: so what a subscriber has seen, it sees again after a crash at that moment.
    for transport in Transport::ALL {
        let mut broker = start(&["store.durability=fsync"]);
        let mut dialogue = Dialogue::new(&mut broker, transport);
        dialogue.play(
            r#"
            ada online
            ada > {"sub":{"cn":"log","pr":1}}
            ada < {"subAck":{"st":1,"cn":"log"}}
            bob online
            "#,
        );
        for n in 0..5 {
            dialogue.play(&format!(
                r#"
                bob > {{"pub":{{"cn":"log","dt":{n},"q":1,"id":"{n}"}}}}
                ada < {{"push":{{"cn":"log","dt":{n},"cl":"bob","q":1,"id":"<m{n}>"}}}}
                broker killed
                ada online
                ada < {{"push":{{"cn":"log","dt":{n},"cl":"bob","q":1,"id":"<m{n}>"}}}}
                ada > {{"pushAck":{{"id":"<m{n}>"}}}}
                ada leaves
                broker stopped
                ada online
                ada silent
                bob online
                "#
            ));
        }
    }
}

#[test]
fn a_message_that_cannot_be_stored_is_refused_and_not_distributed() {
    // J-74: neither to persistent nor to other subscribers, nor retained; quality 0 goes on.
    check_with(
        &["store.log_messages_max=2"],
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada leaves
        eve online
        eve > {"sub":{"cn":"log"}}
        eve < {"subAck":{"st":1,"cn":"log"}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"rt":1,"id":"3"}}
        bob < {"pubAck":{"st":5,"id":"3"}}
        bob > {"pub":{"cn":"log","dt":4}}
        eve < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        eve < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        eve < {"push":{"cn":"log","dt":4,"cl":"bob"}}
        eve > {"sub":{"cn":"log"}}
        eve < {"subAck":{"st":1,"cn":"log"}}
        eve silent
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada silent
        "#,
    );
}

#[test]
fn a_message_that_nobody_needs_later_is_not_stored() {
    // J-75, J-76: without persistent subscribers it is still pushed with an id; without any it is
    // dropped, and acknowledged all the same.
    for transport in Transport::ALL {
        let mut broker = start(&[]);
        Dialogue::new(&mut broker, transport).play(
            r#"
            ada online
            bob online
            bob > {"pub":{"cn":"room","dt":0,"q":1,"id":"0"}}
            bob < {"pubAck":{"st":1,"id":"0"}}
            ada > {"sub":{"cn":"room"}}
            ada < {"subAck":{"st":1,"cn":"room"}}
            ada silent
            bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            bob < {"pubAck":{"st":1,"id":"1"}}
            ada < {"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
            ada leaves
            ada online
            ada > {"sub":{"cn":"room","pr":1}}
            ada < {"subAck":{"st":1,"cn":"room"}}
            ada silent
            "#,
        );
        assert_eq!(broker.stat("stored"), 0);
    }
}

#[test]
fn what_was_not_acknowledged_comes_again_in_order_under_the_same_ids() {
    // J-77: sent before, published while the client was offline, after a crash; acknowledgements
    // out of order leave the others.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada < {"push":{"cn":"log","dt":3,"cl":"bob","q":1,"id":"<m3>"}}
        ada > {"pushAck":{"id":"<m2>"}}
        ada drops
        bob > {"pub":{"cn":"log","dt":4,"q":1,"id":"4"}}
        bob < {"pubAck":{"st":1,"id":"4"}}
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":3,"cl":"bob","q":1,"id":"<m3>"}}
        ada < {"push":{"cn":"log","dt":4,"cl":"bob","q":1,"id":"<m4>"}}
        bob > {"pub":{"cn":"log","dt":5,"q":1,"id":"5"}}
        bob < {"pubAck":{"st":1,"id":"5"}}
        ada < {"push":{"cn":"log","dt":5,"cl":"bob","q":1,"id":"<m5>"}}
        ada silent
        ada > {"pushAck":{"id":"<m3>"}}
        ada leaves
        broker stopped
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":4,"cl":"bob","q":1,"id":"<m4>"}}
        ada < {"push":{"cn":"log","dt":5,"cl":"bob","q":1,"id":"<m5>"}}
        ada silent
        ada > {"pushAck":{"id":"<m4>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada > {"pushAck":{"id":"<m5>"}}
        ada leaves
        broker stopped
        ada online
        ada silent
        "#,
    );
}

#[test]
fn a_client_that_is_taken_over_gets_its_messages_on_the_new_connection() {
    // J-77, J-37
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada' online
        ada' < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada closed 1008 or 7
        ada' > {"pushAck":{"id":"<m1>"}}
        ada' silent
        ada'' online
        ada'' silent
        "#,
    );
}

#[test]
fn only_so_many_unacknowledged_pushes_are_under_way() {
    // J-78: the next ones follow the acknowledgements, in order.
    const WINDOW: usize = 4;
    const COUNT: usize = 40;
    let setting = format!("limits.unacknowledged_max={WINDOW}");
    let broker = start(&[&setting]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.subscribe_for_good("log");
        ada.leave();
        let mut bob = Peer::online(&broker, transport, "bob");
        for n in 0..COUNT {
            bob.send(json!({"pub": {"cn": "log", "dt": n, "q": 1, "id": "1"}}));
            bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
        }

        let mut ada = Peer::online(&broker, transport, "ada");
        let mut taken = 0;
        let mut widest = 0;
        while taken < COUNT {
            // All that is under way comes before the answer.
            ada.send(r#"{"hb":{}}"#);
            let mut under_way = Vec::new();
            while let mut packet = ada.recv()
                && packet.get("hbAck").is_none()
            {
                under_way.push(packet["push"].take());
            }
            widest = widest.max(under_way.len());
            for push in under_way {
                assert_eq!(push["dt"], taken);
                ada.send(json!({"pushAck": {"id": push["id"]}}));
                taken += 1;
            }
        }
        assert_eq!(widest, WINDOW);
        ada.expect_silence();
        ada.send(r#"{"unsub":{"cn":"log"}}"#);
        ada.expect(r#"{"unsubAck":{"st":1,"cn":"log"}}"#);
        ada.leave();
    }
}
