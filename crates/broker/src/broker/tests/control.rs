//! Control channels.

use expect_test::expect;

use super::world::{World, check};
use crate::Settings;

#[test]
fn my_subscriptions_are_listed_with_their_kinds() {
    // J-97, before and after the first direct message and over a restart.
    check(
        "
        ada: connect
        ada: pub $mySubscriptions null id=1
        ada: sub room
        ada: sub vault persistent
        bob: connect
        bob: pub #ada 1 qos1 id=9
        ada: pub $mySubscriptions null id=2
        crash
        ada: connect
        ada: pub $mySubscriptions null id=3
        ",
        expect![[r##"
            ada < connected 15
            ada < published 1 = {"channels":[],"subscriptions":{"#ada":"persistent"}}
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            ada < push #ada 1 by bob id 2-1
            bob < published 9
            ada < published 2 = {"channels":["room","vault"],"subscriptions":{"#ada":"persistent","room":"temp","vault":"persistent"}}
            ada < connected 15
            ada < push #ada 1 by bob id 2-1
            ada < published 3 = {"channels":["vault"],"subscriptions":{"#ada":"persistent","vault":"persistent"}}
        "##]],
    );
}

#[test]
fn questions_are_answered_on_the_acknowledgement_whatever_their_qos() {
    // J-94 and J-98.
    check(
        "
        +5s
        ada: connect
        bob: connect
        bob: sub room
        +2s
        ada: pub $whoami null id=1
        ada: pub $whoami null qos1 id=2
        ada: pub $time null id=3
        ada: pub $limits null id=4
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            bob < subscribed room
            ada < published 1 = {"client":"ada","connected_s":2}
            ada < published 2 = {"client":"ada","connected_s":2}
            ada < published 3 = {"unix_ms":7000}
            ada < published 4 = {"channel_name_bytes_max":255,"heartbeat_timeout_s":15,"json_depth_max":128,"packet_bytes_max":1048576,"subscriptions_max":1000,"unacknowledged_max":10000}
        "#]],
    );
}

#[test]
fn a_question_without_an_id_or_to_nobody_is_refused() {
    // J-95 and J-96.
    check(
        "
        ada: connect
        ada: pub $time null
        ada: pub $time null qos1
        ada: pub $noSuchThing null id=1
        ada: pub $Time null qos1 id=2
        ",
        expect![[r#"
            ada < connected 15
            ada < published -: InvalidPacket
            ada < published -: InvalidPacket
            ada < published 1: InvalidChannel
            ada < published 2: InvalidChannel
        "#]],
    );
}

#[test]
fn a_question_is_not_a_message() {
    // J-86: no retained message comes of it, nobody gets it.
    let mut world = World::new(Settings::default());
    world.play("ada: connect | bob: connect\nada: pub $time null retain id=1");
    assert_eq!(world.broker.stats().channels, 0);
    assert_eq!(world.broker.stats().delivered, 0);
}

#[test]
fn stats_answers_a_json_object_with_every_counter() {
    // J-98.
    let mut world = World::new(Settings::default());
    world.play("ada: connect | ada: sub room | bob: connect | bob: pub room 1");
    world.take_transcript();
    world.play("ada: pub $stats null id=1");
    let transcript = world.take_transcript();
    let answer = transcript.trim().strip_prefix("ada < published 1 = ").unwrap();
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["sessions"], 2);
    assert_eq!(answer["channels"], 1);
    assert_eq!(answer["delivered"], 1);
    let counters = serde_json::to_value(world.broker.stats()).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect();
    let (answered, counted): (Vec<_>, Vec<_>) = (keys(&answer), keys(&counters));
    assert_eq!(answered, counted);
}
