//! A broker that has of the store in memory what is needed now.

use std::time::Duration;

use expect_test::expect;
use rialto_domain::{Admission, FailureKind, Load, Reject};

use super::{
    count::clients,
    world::{World, transcript},
};
use crate::{Connect, ConnectionProfile, Format, Remembered, Settings};

/// Persistent subscribers that have left, and messages for them.
const LEFT: &str = "
    ada: connect
    ada: sub vault persistent
    eve: connect
    eve: sub vault persistent
    bob: connect
    bob: pub vault 1 qos1 id=1
    ada: ack 1-1
    ada: disconnect
    eve: disconnect
    bob: hear
";

/// So long that who has left is out of memory.
const LONG: &str = "
    +12s
    bob: hear
";

fn world() -> World {
    World::starting_from(Load::Heads, Settings::default())
}

#[test]
fn who_has_left_is_let_go_and_comes_back_to_what_was_stored_meanwhile() {
    let mut world = world();
    world.play(LEFT);
    assert!(world.broker.is_loaded("ada"));
    world.play(LONG);
    assert!(!world.broker.is_loaded("ada") && !world.broker.is_loaded("eve"));
    assert!(world.broker.is_loaded("bob"), "one that is connected stays");
    assert_eq!(world.broker.channel_report("vault").unwrap().persistent_count, 2);
    assert_eq!(clients(&world.broker).len(), 1);

    world.take_transcript();
    world
        .play("bob: pub vault 2 qos1 id=2\nada: connect\nada: pub vault 3 qos1 id=3\neve: connect");
    expect![[r#"
        bob < published 2
        ada < connected 15
        ada < push vault 2 by bob id 1-2
        ada < published 3
        eve < connected 15
        eve < push vault 1 by bob id 1-1
        eve < push vault 2 by bob id 1-2
        eve < push vault 3 by ada id 1-3
    "#]]
    .assert_eq(&world.take_transcript());
    assert_eq!(world.broker.channel_report("vault").unwrap().persistent_count, 2);
}

#[test]
fn a_log_is_trimmed_up_to_the_slowest_reader_in_memory_or_not() {
    let mut world = world();
    world.play(LEFT);
    world.play(LONG);
    world.play("bob: pub vault 2 qos1 id=2\nada: connect\nada: ack 1-2\n+1s");
    let held = |world: &World| world.broker.channel_report("vault").unwrap().log_count;
    assert_eq!(held(&world), 2, "eve has neither");
    world.play("eve: connect\neve: ack 1-1\n+1s");
    assert_eq!(held(&world), 1);
    world.play("eve: ack 1-2\n+1s");
    assert_eq!(held(&world), 0);
}

#[test]
fn a_log_lives_as_long_as_anybody_reads_it_in_memory_or_not() {
    let mut world = world();
    world.play(LEFT);
    world.play(LONG);
    world.play("ada: connect\nada: unsub vault");
    let log = |world: &mut World| world.store.snapshot().logs.len();
    assert_eq!((log(&mut world), world.broker.stats().log_held), (1, 1));
    world.play("server: forget eve");
    assert_eq!((log(&mut world), world.broker.stats().log_held), (0, 0));
    assert_eq!(world.broker.channel_report("vault").unwrap().persistent_count, 0);
}

#[test]
fn a_broker_starts_with_nobody_in_memory() {
    let mut world = world();
    world.play(LEFT);
    world.play("+1s\ncrash");
    assert!(!world.broker.is_loaded("ada"));
    let report = world.broker.channel_report("vault").unwrap();
    assert_eq!((report.persistent_count, report.log_count), (2, 1));
    world.take_transcript();
    world.play("bob: connect\nbob: pub vault 2 qos1 id=2\neve: connect");
    expect![[r#"
        bob < connected 15
        bob < published 2
        eve < connected 15
        eve < push vault 1 by bob id 1-1
        eve < push vault 2 by bob id 1-2
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn what_all_acknowledged_before_a_crash_is_trimmed_after_it() {
    let mut world = world();
    world.play(LEFT);
    world
        .play("store: hold\neve: connect\nstore: read\neve: ack 1-1\n+100ms\nstore: commit\ncrash");
    assert_eq!(world.broker.stats().log_held, 0);
    world.play("store: go\n+100ms");
    assert_eq!(world.store.snapshot().logs[0].extent.trimmed, 1);
}

#[test]
fn a_direct_message_is_stored_for_whoever_the_store_knows() {
    // J-91 and J-92, whoever is in memory.
    let script = format!(
        "{LEFT}{LONG}
        store: show
        bob: pub #ada 5 qos1 id=5
        bob: pub #zoe 6 qos1 id=6
        bob: pub #ada 7 id=7
        ada: connect
        bob: pub #ada 8 qos1 id=8
        zoe: connect"
    );
    let transcript = transcript(Load::Heads, Settings::default(), &script);
    let (_, shown) = transcript.split_once("store <").unwrap();
    expect![[r#"
         append for ada 1
        bob < published 5: ClientOffline
        bob < published 6: ClientOffline
        bob < published 7: ClientOffline
        ada < connected 15
        store < read 1 to 1
        ada < push #ada 5 by bob id 2-1
        store < append #ada 8 by bob
        ada < push #ada 8 by bob id 2-2
        bob < published 8
        zoe < connected 15
    "#]]
    .assert_eq(shown);
}

#[test]
fn a_direct_message_under_way_reaches_a_client_that_comes_meanwhile() {
    // The cursor it brings is not in what is loaded, or is in it before the core hears of it.
    for is_read_first in [true, false] {
        let mut world = world();
        world.play(LEFT);
        world.play(LONG);
        world.take_transcript();
        world.play("store: hold\nbob: pub #ada 5 qos1 id=5");
        if is_read_first {
            world.play("ada: connect\nstore: go");
        } else {
            world.play("store: go\nada: connect");
        }
        let transcript = world.take_transcript();
        assert!(transcript.contains("ada < push #ada 5 by bob id 2-1"), "{transcript}");
        world.play("ada: ack 2-1\n+1s");
        assert_eq!(world.broker.channel_report("#ada").unwrap().persistent_count, 1);
        assert_eq!(world.broker.stats().log_held, 1, "only what eve has not got");
    }
}

#[test]
fn who_is_not_in_memory_does_not_connect() {
    let mut world = world();
    world.play(LEFT);
    world.play(LONG);
    world.round(|world| {
        let connection = world.broker.open(ConnectionProfile::new(Format(0)));
        let result = world
            .broker
            .connect(connection, &Connect::stored(&"ada".into(), &Admission::default()));
        assert_eq!(result, Err(Reject::StoreUnavailable));
        assert!(!world.broker.is_online("ada"));
    });
}

#[test]
fn who_has_nothing_stored_but_a_name_does_not_wait_for_the_store() {
    let mut world = world();
    world.play(LEFT);
    world.play("bob: disconnect");
    world.play("+12s");
    world.round(|world| {
        let broker = &mut world.broker;
        assert!(!broker.is_loaded("ada") && !broker.is_loaded("bob"));
        for (client, remembered, is_here) in [
            ("new", Remembered::Stored, true),
            ("new", Remembered::Session, true),
            ("bob", Remembered::Stored, true),
            // Nobody who is not remembered may have the name of one who is.
            ("bob", Remembered::Session, false),
            ("ada", Remembered::Stored, false),
        ] {
            let claimed = broker.claim_session(client, remembered, 7);
            assert_eq!(claimed, is_here, "{client}, {remembered:?}");
        }
        assert!(broker.claim("new", 8));
    });
    world.play("bob: connect\nbob: sub vault persistent\nada: connect");
    assert_eq!(world.broker.channel_report("vault").unwrap().persistent_count, 3);
}

#[test]
fn what_the_store_knows_is_looked_through_again_if_it_could_not_be_or_has_grown() {
    let mut world = world();
    // Nothing was looked through yet, so that everybody may be known.
    world.broker.on_ids(Err(FailureKind::Transient));
    assert!(!world.broker.is_loaded("new"));
    world.play("+70s");
    assert!(world.broker.is_loaded("new"));

    for number in 0..70_000 {
        world.broker.note_stored(&format!("c{number}"), false);
    }
    assert!(!world.broker.is_loaded("c69999"));
    world.play("+70s");
    assert!(world.broker.is_loaded("c69999"), "the store does not know it");
    world.play(LEFT);
    world.play(LONG);
    assert!(!world.broker.is_loaded("ada"));
}

#[test]
fn whoever_waits_for_a_client_hears_that_the_store_cannot_be_read() {
    let mut world = world();
    world.play(LEFT);
    world.play(LONG);
    world.take_transcript();
    world.round(|world| assert!(!world.broker.claim("ada", 7)));
    world.play("server: memory enough");
    assert!(world.broker.is_loaded("ada"));
    world.play(LONG);
    world.round(|world| {
        assert!(!world.broker.claim("ada", 8) && !world.broker.claim("ada", 9));
        world.broker.on_loaded(&"ada".into(), Err(FailureKind::Permanent));
        assert!(!world.broker.is_loaded("ada"));
    });
    expect![[r#"
        pushed 7
        pushed 8: StoreUnavailable
        pushed 9: StoreUnavailable
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn stored_clients_that_were_not_seen_for_long_are_forgotten() {
    let settings = Settings { forget_after: Duration::from_secs(300), ..Settings::default() };
    let mut world = World::starting_from(Load::Heads, settings);
    for number in 0..250 {
        world.play(&format!("c{number}: connect\nc{number}: disconnect"));
    }
    world.play(LEFT);
    world.play("bob: disconnect\n+20s");
    assert!(clients(&world.broker).is_empty());
    assert_eq!(world.store.snapshot().clients.len(), 253);
    for _ in 0..40 {
        world.play("+10s");
    }
    let left = world.store.snapshot().clients.into_iter().map(|(id, _)| id.to_string());
    assert_eq!(left.collect::<Vec<_>>(), ["ada", "eve"], "those with a subscription");
    assert!(clients(&world.broker).is_empty());
}
