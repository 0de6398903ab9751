//! Connections and sessions: their begin, takeover and end.

use expect_test::expect;

use super::world::{World, check};
use rialto_domain::{Admission, CloseReason, Reject};

use crate::{Answer, Command, Connect, Format, Issuer, Settings};

#[test]
fn a_session_opens_with_the_heartbeat_timeout() {
    // J-32.
    check(
        "ada: connect",
        expect![[r#"
            ada < connected 15
        "#]],
    );
}

#[test]
fn a_newer_connection_takes_over_and_the_older_is_closed_first() {
    // J-37: closed before the new one gets its acknowledgement, in either order of carriers.
    check(
        "
        ada: connect
        ada/2: connect format=1
        ada/3: connect
        ",
        expect![[r#"
            ada < connected 15
            ada x taken over by a newer connection of the same client
            ada/2 < [1] connected 15
            ada/2 x taken over by a newer connection of the same client
            ada/3 < connected 15
        "#]],
    );
}

#[test]
fn connecting_again_on_the_same_connection_changes_nothing() {
    // J-38. Another client's session does not open there either (J-39 is the dialect's answer).
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub room\nada: connect");
    let ada = world.connection("ada");
    world.round(|world| {
        world.broker.connect(ada, &Connect::stored(&"bob".into(), &Admission::default())).unwrap();
    });
    world.play("bob: connect\nbob: pub room 1");
    expect![[r#"
        ada < connected 15
        ada < subscribed room
        ada < connected 15
        bob < connected 15
        ada < push room 1 by bob
    "#]]
    .assert_eq(&world.take_transcript());
    assert_eq!(world.broker.stats().sessions, 2);
}

#[test]
fn after_a_takeover_only_the_newer_connection_receives() {
    check(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        bob: connect
        ada/2: connect
        bob: pub room 1
        bob: pub vault 2
        ada/2: sub room
        bob: pub room 3
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            ada/2 < push vault 2 by bob
            ada/2 < subscribed room
            ada/2 < push room 3 by bob
        "#]],
    );
}

#[test]
fn the_end_of_a_session_ends_its_temporary_subscriptions_with_their_pushes() {
    // J-103: what was unacknowledged for them is not sent again. J-87: the persistent one stays.
    check(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        bob: connect
        bob: pub room 1 qos1 id=a
        bob: pub vault 2 qos1 id=b
        ada: disconnect
        bob: pub room 3 qos1 id=c
        bob: pub vault 4 qos1 id=d
        ada: connect
        ada: pub $mySubscriptions null id=e
        ",
        expect![[r##"
            ada < connected 15
            ada < subscribed room
            ada < subscribed vault
            bob < connected 15
            bob < published a
            ada < push room 1 by bob id l1
            ada < push vault 2 by bob id 1-1
            bob < published b
            bob < published c
            bob < published d
            ada < connected 15
            ada < push vault 2 by bob id 1-1
            ada < push vault 4 by bob id 1-2
            ada < published e = {"channels":["vault"],"subscriptions":{"#ada":"persistent","vault":"persistent"}}
        "##]],
    );
}

#[test]
fn retained_messages_of_persistent_subscriptions_come_before_stored_ones() {
    // J-82.
    check(
        "
        ada: connect
        ada: sub a persistent
        ada: sub b persistent
        ada: disconnect
        bob: connect
        bob: pub a 1 qos1 id=1
        bob: pub b 2 qos1 retain id=2
        bob: pub a 3 retain
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            ada < subscribed b
            bob < connected 15
            bob < published 1
            bob < published 2
            ada < connected 15
            ada < push a 3 by bob retained
            ada < push b 2 by bob retained
            ada < push a 1 by bob id 1-1
            ada < push b 2 by bob id 2-1
        "#]],
    );
}

#[test]
fn nothing_a_connection_does_before_its_session_has_an_effect() {
    // J-31 and J-40: the answers are the dialect's, the core stays silent.
    check(
        "
        bob: connect
        bob: sub room
        ada: open
        ada: sub room
        ada: unsub room
        ada: pub room 1 qos1 id=1
        ada: pub $time null id=2
        ada: ack 1-1
        ada: disconnect
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
        "#]],
    );
}

#[test]
fn replies_and_deliveries_are_encoded_in_the_format_of_their_connection() {
    check(
        "
        ada: connect
        bob: connect format=1
        eve: connect format=2
        ada: sub room | bob: sub room | eve: sub room persistent
        ada: pub room 1
        bob: pub room 2 qos1 id=1
        eve: disconnect
        bob: pub room 3
        ",
        expect![[r#"
            ada < connected 15
            bob < [1] connected 15
            eve < [2] connected 15
            ada < subscribed room
            bob < [1] subscribed room
            eve < [2] subscribed room
            bob < [1] push room 1 by ada
            eve < [2] push room 1 by ada
            ada < push room 2 by bob id 1-1
            eve < [2] push room 2 by bob id 1-1
            bob < [1] published 1
            ada < push room 3 by bob
        "#]],
    );
}

#[test]
fn commands_for_connections_that_are_gone_do_nothing() {
    // J-104.
    let mut world = World::new(Settings::default());
    world.play("ada: connect | bob: connect | bob: sub room");
    world.take_transcript();
    let gone = world.connection("ada");
    world.play("ada: disconnect");

    let broker = &mut world.broker;
    broker.connect(gone, &Connect::stored(&"ada".into(), &Admission::default())).unwrap();
    let subscribe = Command::Subscribe { channel: "room", persistent: true };
    let unsubscribe = Command::Unsubscribe { channel: "room" };
    for command in [subscribe, unsubscribe] {
        let result = broker.command(Issuer::Client(gone), &command, Answer::To(None));
        assert_eq!(result, Err(Reject::NotAllowed));
    }
    broker.acknowledge(gone, "1-1");
    broker.heard(gone);
    broker.close(gone, CloseReason::Ended);
    broker.disconnect(gone);
    assert_eq!(broker.client_of(gone), None);
    assert_eq!(broker.uncommitted_bytes(gone), 0);
    assert_eq!(broker.take_effects(), []);
    assert_eq!((broker.stats().connections, broker.stats().sessions), (1, 1));
}

#[test]
fn a_connection_that_is_being_closed_opens_no_session() {
    // J-102: else the old end of a takeover could take the session back with what it had pipelined.
    check(
        "
        ada: connect
        ada/2: connect | ada: connect
        ada/2: pub $whoami null id=1
        ",
        expect![[r#"
            ada < connected 15
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            ada/2 < published 1 = {"client":"ada","connected_s":0}
        "#]],
    );
}

#[test]
fn what_a_session_says_itself_stands_in_order_with_everything_else() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect | ada: sub room | bob: connect format=1");
    world.take_transcript();
    let (ada, bob) = (world.connection("ada"), world.connection("bob"));
    world.round(|world| {
        world.command("bob: pub $time null id=1");
        let say = |format: Format, out: &mut Vec<u8>| {
            out.extend_from_slice(format!("own words in format {}\n", format.0).as_bytes());
        };
        world.broker.send(bob, say);
        world.command("bob: pub $time null id=2");
        world.broker.send(ada, say);
        world.broker.disconnect(ada);
        world.broker.send(ada, say);
    });
    expect![[r#"
        bob < [1] published 1 = {"unix_ms":0}
        bob < own words in format 1
        bob < [1] published 2 = {"unix_ms":0}
        ada < own words in format 0
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn a_connection_is_closing_from_the_effect_on_until_it_is_gone() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect | bob: connect");
    let (ada, bob) = (world.connection("ada"), world.connection("bob"));
    assert!(!world.broker.is_closing(ada));
    world.broker.close(ada, CloseReason::Asked);
    assert!(world.broker.is_closing(ada) && !world.broker.is_closing(bob));
    world.broker.disconnect(ada);
    assert!(world.broker.is_closing(ada), "what is gone is not served either");
}

#[test]
fn all_connections_close_at_a_graceful_stop() {
    check(
        "
        ada: connect
        bob: open
        server: close all | server: close all
        ",
        expect![[r#"
            ada < connected 15
            ada x the server is shutting down
            bob x the server is shutting down
        "#]],
    );
}
