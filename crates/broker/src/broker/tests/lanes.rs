//! What is written lazily waits for the store.

use expect_test::expect;

use super::world::{World, check};
use crate::{HistorySettings, Settings};

#[test]
fn while_the_store_hangs_no_more_is_handed_over_than_one_tick_writes() {
    let history = HistorySettings { count_max: 5, persistent: true, ..HistorySettings::default() };
    let mut world = World::new(Settings {
        history,
        presence_channel: Some("presence".into()),
        ..Settings::default()
    });
    world.play("ada: connect\nada: sub vault persistent\nbob: connect");
    for number in 1..=40 {
        world.play(&format!("bob: pub vault {number} qos1 id=x"));
    }
    world.play("+1s\nstore: hold");
    for number in 0..20 {
        let acknowledged = (2 * number + 2, 2 * number + 1);
        world.play(&format!(
            "
            ada: ack 1-{} | bob: pub room {number} | bob: pub lamp {number} retain
            +200ms
            ada: ack 1-{} | c{number}: connect
            +200ms
            ",
            acknowledged.0, acknowledged.1
        ));
        assert!(world.commits_waiting() <= 4, "{} batches", world.commits_waiting());
    }
    assert_eq!(world.broker.stats().store_queue, world.commits_waiting() as u64);
    assert_eq!(world.broker.stats().store_wait_ms, 7_900);
    world.take_transcript();

    // All of it is still marked as changed.
    world.play("store: show\nstore: go\n+300ms");
    let transcript = world.take_transcript();
    let written = |what: &str| transcript.lines().filter(|line| line.contains(what)).count();
    assert_eq!(transcript.lines().next(), Some("store < trim vault 2"));
    assert_eq!(transcript.lines().nth(1), Some("store < move ada vault 40"));
    assert_eq!((written("trim vault 40"), written("retain lamp 19")), (1, 1));
    assert_eq!((written("keep 5 of room 15 16 17 18 19"), written("keep 5 of ")), (1, 3));
    assert_eq!((written("put c"), written("open c")), (20, 20));
    assert_eq!((world.broker.stats().store_queue, world.broker.stats().store_wait_ms), (0, 0));
}

#[test]
fn what_the_store_refuses_is_tried_again_after_a_pause_that_grows() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        +1s
        store: hold
        ada: ack 1-1
        +100ms
        ",
    );
    let mut pauses = Vec::new();
    for _ in 0..9 {
        assert_eq!(world.commits_waiting(), 1);
        world.play("store: refuse");
        let mut pause = 0;
        while world.commits_waiting() == 0 {
            world.play("ada: hear\nbob: hear\n+100ms");
            pause += 100;
        }
        pauses.push(pause);
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    world.play("store: commit\nada: hear");
    world.take_transcript();
    world.play("bob: pub vault 2 qos1 id=2\nstore: commit\nada: ack 1-2\nstore: show\n+100ms");
    expect![[r#"
        ada < push vault 2 by bob id 1-2
        bob < published 2
        store < trim vault 1
        store < move ada vault 2
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn what_will_never_be_stored_does_not_keep_back_what_will() {
    // One of three cursors stands on a damaged place.
    check(
        "
        ada: connect
        ada: sub vault persistent
        eve: connect
        eve: sub vault persistent
        zoe: connect
        zoe: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        +1s
        store: hold
        store: show
        ada: ack 1-1 | eve: ack 1-1 | zoe: ack 1-1
        +100ms
        store: refuse corrupt
        +200ms
        store: commit
        store: refuse corrupt
        store: commit
        +15s
        ada: hear | eve: hear | zoe: hear | bob: hear
        bob: pub vault 2 qos1 id=2
        store: commit
        ada: ack 1-2 | eve: ack 1-2 | zoe: ack 1-2
        +100ms
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            eve < connected 15
            eve < subscribed vault
            zoe < connected 15
            zoe < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            eve < push vault 1 by bob id 1-1
            zoe < push vault 1 by bob id 1-1
            bob < published 1
            store < move ada vault 1
            store < move eve vault 1
            store < move zoe vault 1
            store < move ada vault 1
            store < move eve vault 1
            store < move zoe vault 1
            store < append vault 2 by bob
            ada < push vault 2 by bob id 1-2
            eve < push vault 2 by bob id 1-2
            zoe < push vault 2 by bob id 1-2
            bob < published 2
            store < move ada vault 2
            store < move eve vault 2
            store < move zoe vault 2
        "#]],
    );
}

#[test]
fn a_stop_writes_everything_whatever_is_under_way() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        bob: pub vault 3 qos1 id=3
        +1s
        store: show
        store: hold
        ada: ack 1-1
        +200ms
        ada: ack 1-3
        +200ms
        server: write all
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < push vault 2 by bob id 1-2
            bob < published 2
            ada < push vault 3 by bob id 1-3
            bob < published 3
            store < move ada vault 1
            store < acknowledge ada vault [(3, 3)]
        "#]],
    );
}

#[test]
fn subscriptions_under_way_count_as_uncommitted() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nstore: hold");
    let ada = world.connection("ada");
    assert_eq!(world.broker.uncommitted_bytes(ada), 0);
    let mut before = 0;
    for command in ["sub vault persistent", "unsub vault", "sub vault", "unsub vault"] {
        world.play(&format!("ada: {command}"));
        let bytes = world.broker.uncommitted_bytes(ada);
        assert!(before + 300 < bytes, "{command}: {bytes}");
        assert_eq!(world.broker.uncommitted_bytes_total(), bytes);
        before = bytes;
    }
    world.play("store: commit");
    assert!(world.broker.uncommitted_bytes(ada) < before);
    world.play("store: refuse\nada: disconnect\nstore: go");
    assert_eq!(world.broker.uncommitted_bytes_total(), 0);
}
