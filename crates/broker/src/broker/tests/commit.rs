//! The way through the store.

use expect_test::expect;
use rialto_domain::Change;

use super::world::{World, check};
use crate::Settings;

#[test]
fn a_round_is_handed_over_as_one_batch() {
    check(
        "
        ada: connect
        ada: sub a persistent
        bob: connect
        store: show
        store: hold
        bob: pub a 1 qos1 id=1 | bob: pub a 2 qos1 id=2 | ada: sub b persistent | bob: pub b 3 qos1 id=3
        store: commit
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            bob < connected 15
            store < append a 1 2 by bob
            store < subscribe ada b
            ada < push a 1 by bob id 1-1
            ada < push a 2 by bob id 1-2
            bob < published 1
            bob < published 2
            ada < subscribed b
            ada < push b 3 by bob id l1
            bob < published 3
        "#]],
    );
}

#[test]
fn batches_are_completed_in_the_order_they_were_made() {
    check(
        "
        ada: connect
        ada: sub a persistent
        bob: connect
        store: hold
        bob: pub a 1 qos1 id=1
        bob: pub a 2 qos1 id=2
        bob: pub a 3 qos1 id=3
        store: commit
        store: refuse
        store: commit
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            bob < connected 15
            ada < push a 1 by bob id 1-1
            bob < published 1
            bob < published 2: StoreUnavailable
            ada < push a 3 by bob id 1-2
            bob < published 3
        "#]],
    );
}

#[test]
fn a_message_behind_one_under_way_waits_for_it_though_it_need_not_be_stored() {
    // J-67: the last persistent subscriber leaves between the two.
    check(
        "
        ada: connect
        ada: sub a persistent
        eve: connect
        eve: sub a
        bob: connect
        store: hold
        bob: pub a 1 qos1 id=1
        ada: unsub a
        bob: pub a 2 qos1 id=2
        store: go
        bob: pub a 3 qos1 id=3
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed a
            eve < connected 15
            eve < subscribed a
            bob < connected 15
            ada < push a 1 by bob id 1-1
            eve < push a 1 by bob id 1-1
            bob < published 1
            ada < unsubscribed a
            eve < push a 2 by bob id 2-1
            bob < published 2
            bob < published 3
            eve < push a 3 by bob id l1
        "#]],
    );
}

#[test]
fn a_log_that_nobody_reads_does_not_stay_in_the_store() {
    // The message is behind the last unsubscribe, for which the store makes a log anew. A refusal
    // and a restart come before it is cleared away.
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        store: hold
        ada: unsub vault
        bob: pub vault 1 qos1 id=1
        store: commit
        store: commit
        +100ms
        store: refuse
        ",
    );
    assert_eq!(world.store.snapshot().logs.len(), 1);
    world.play("+100ms\nstore: go");
    assert_eq!(world.store.snapshot().logs, []);

    world.play(
        "
        ada: sub vault persistent
        store: hold
        ada: unsub vault
        bob: pub vault 2 qos1 id=2
        store: commit
        store: commit
        crash
        store: go
        ",
    );
    assert_eq!(world.store.snapshot().logs.len(), 1);
    world.play("+100ms");
    assert_eq!(world.store.snapshot().logs, []);
    assert_eq!(world.broker.stats().channels, 0);
}

#[test]
fn publishers_know_how_many_of_their_bytes_are_uncommitted() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub vault persistent\nbob: connect\nstore: hold");
    let bob = world.connection("bob");
    assert_eq!(world.broker.uncommitted_bytes(bob), 0);
    world.play("bob: pub vault 123 qos1 id=1");
    let one = world.broker.uncommitted_bytes(bob);
    assert!(0 < one);
    world.play("bob: pub vault 123 qos1 id=1");
    assert_eq!(world.broker.uncommitted_bytes(bob), 2 * one);
    world.play("store: refuse");
    assert_eq!(world.broker.uncommitted_bytes(bob), one);
    world.play("store: go");
    assert_eq!(world.broker.uncommitted_bytes(bob), 0);
    assert!(!world.broker.is_committing());
}

#[test]
fn payloads_ids_and_retained_copies_count_as_uncommitted() {
    let bytes_of = |publish: &str| {
        let mut world = World::new(Settings::default());
        world.play("ada: connect\nada: sub vault persistent\nbob: connect\nstore: hold");
        world.play(&format!("bob: pub vault {publish}"));
        world.broker.uncommitted_bytes_total()
    };
    let least = bytes_of("1 qos1 id=1");
    let long = "1".repeat(500);
    assert!(least + 480 < bytes_of(&format!("{long} qos1 id=1")));
    assert!(least + 480 < bytes_of(&format!("1 qos1 id={long}")));
    assert!(least < bytes_of("1 qos1 id=1 retain"));
    assert!(least + 960 < bytes_of(&format!("{long} qos1 id=1 retain")));
}

#[test]
fn uncommitted_bytes_are_counted_in_all_also_when_their_publisher_has_gone() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub vault persistent\nbob: connect\nstore: hold");
    world.play("bob: pub vault 123 qos1 id=1 | ada: pub vault 123 qos1 id=1");
    let both = world.broker.uncommitted_bytes_total();
    assert_eq!(both, 2 * world.broker.uncommitted_bytes(world.connection("bob")));
    world.play("bob: disconnect");
    assert_eq!(world.broker.uncommitted_bytes_total(), both);
    world.play("store: refuse");
    assert_eq!(world.broker.uncommitted_bytes_total(), 0);
}

#[test]
fn pages_and_runs_take_a_thousand_messages_and_a_few() {
    // So that receivers start early and no buffer grows with the length of a round.
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub vault persistent\nbob: connect");
    let messages = |options: &str| {
        let commands: Vec<String> =
            (0..1025).map(|number| format!("bob: pub vault {number}{options}")).collect();
        commands.join(" | ")
    };
    world.play(&messages(""));
    assert_eq!(world.sends_of_last_round(), 2);
    world.play(&messages(" qos1 id=x"));
    let log = world.store.snapshot().logs.remove(0);
    let firsts: Vec<_> = world.store.pages(log.log).iter().map(|page| page.first).collect();
    assert_eq!((firsts, log.last), (vec![1, 1025], 1025));
}

#[test]
fn a_completion_in_the_same_round_as_a_publish_comes_behind_it() {
    // A retained publish to a new channel, gathered while the one before it is refused: the
    // channel must not be dropped under it.
    let mut world = World::new(Settings::default());
    world.play("bob: connect\nstore: hold\nbob: pub room 1 qos1 retain id=1");
    world.play("bob: pub room 2 qos1 retain id=2 | store: refuse\nstore: go");
    expect![[r#"
        bob < connected 15
        bob < published 1: StoreUnavailable
        bob < published 2
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn a_subscriber_of_another_format_joins_while_messages_gather() {
    // The run was begun before anybody needed its format.
    let mut world = World::new(Settings::default());
    world.play("ada: connect format=1\neve: connect\neve: sub room\nbob: connect\nstore: hold");
    world.play("ada: sub room persistent");
    world.play("bob: pub room 1 retain | store: commit | bob: pub room 2");
    expect![[r#"
        ada < [1] connected 15
        eve < connected 15
        eve < subscribed room
        bob < connected 15
        eve < push room 1 by bob
        ada < [1] subscribed room
        ada < [1] push room 1 by bob retained
        ada < [1] push room 2 by bob
        eve < push room 2 by bob
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn a_message_and_that_it_is_retained_take_effect_together_or_not_at_all() {
    let mut world = World::new(Settings::default());
    world.play(
        "ada: connect
        ada: sub vault persistent
        store: hold
        ada: pub vault 1 qos1 id=1
        ada: pub vault 2 qos1 retain id=2",
    );
    let groups: Vec<&[Change]> = world
        .waiting_commits()
        .flat_map(|commit| commit.together.iter().map(|place| &commit.changes[place.clone()]))
        .collect();
    let [[Change::Retain(retained, _), Change::Append(page)]] = groups[..] else {
        panic!("other groups: {groups:?}");
    };
    assert_eq!((retained.as_str(), page.channel.as_str(), page.count), ("vault", "vault", 1));
    world.play("store: go");
}

#[test]
fn each_batch_of_a_run_has_the_next_number() {
    let mut world = World::new(Settings::default());
    world.play("store: hold\nada: connect\nada: sub vault persistent\nada: pub vault 1 qos1 id=1");
    let numbers: Vec<u64> =
        world.waiting_commits().map(|commit| commit.id.expect("it has one").number).collect();
    let first = numbers[0];
    assert!(1 < numbers.len());
    assert_eq!(numbers, (first..first + numbers.len() as u64).collect::<Vec<_>>());
    world.play("store: go");
}
