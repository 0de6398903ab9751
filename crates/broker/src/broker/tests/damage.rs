//! Stored pages that are damaged, and logs that cannot be read.

use expect_test::expect;

use super::world::{World, check};
use crate::Settings;

#[test]
fn a_damaged_page_is_passed_over_and_set_aside_once_for_all_subscribers() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent
        eve: connect
        eve: sub vault persistent
        ada: disconnect
        eve: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        bob: pub vault 4 qos1 id=4
        store: damage vault 2
        ",
    );
    world.take_transcript();
    world.play(
        "
        store: show
        store: hold
        ada: connect
        eve: connect
        store: read
        store: read
        store: go
        ada: ack 1-1 | ada: ack 1-4
        eve: ack 1-4 | eve: ack 1-1
        +200ms
        ",
    );
    expect![[r#"
        ada < connected 15
        store < read 1 to 4
        eve < connected 15
        store < read 1 to 4
        ada < push vault 1 by bob id 1-1
        ada < push vault 4 by bob id 1-4
        store < set aside vault 1-3
        eve < push vault 1 by bob id 1-1
        eve < push vault 4 by bob id 1-4
        store < move ada vault 4
        store < move eve vault 4
        store < put ada seen 0
        store < put eve seen 0
        store < put bob seen 0
        store < trim vault 4
    "#]]
    .assert_eq(&world.take_transcript());
    let stats = world.broker.stats();
    assert_eq!((stats.damaged_records, stats.dropped_damaged), (1, 2));
    assert_eq!(world.broker.channel_report("vault").unwrap().log_count, 0);
}

#[test]
fn a_log_whose_last_page_is_damaged_goes_on_behind_it() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        store: damage vault 2
        store: show
        ada: connect
        bob: pub vault 3 qos1 id=3
        +100ms
        ada: ack 1-1 | ada: ack 1-3
        +100ms
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            bob < published 2
            ada < connected 15
            store < read 1 to 2
            ada < push vault 1 by bob id 1-1
            store < set aside vault 1-2
            store < append vault 3 by bob
            ada < push vault 3 by bob id 1-3
            bob < published 3
            store < acknowledge ada vault [(2, 2)]
            store < put ada seen 0
            store < put bob seen 0
            store < move ada vault 3
        "#]],
    );
}

#[test]
fn a_damaged_page_that_the_store_does_not_set_aside_is_passed_over_all_the_same() {
    // What may pass is tried again, what is corrupt is not.
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        +200ms
        store: damage vault 1
        store: show
        store: hold
        ada: connect
        store: read
        store: refuse
        +200ms
        store: refuse corrupt
        +200ms
        store: refuse corrupt
        store: go
        +10s
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            bob < published 2
            ada < connected 15
            store < read 1 to 2
            ada < push vault 2 by bob id 1-2
            store < set aside vault 1-1
            store < set aside vault 1-1
            store < move ada vault 1
            store < set aside vault 1-1
            store < move ada vault 1
            store < trim vault 1
        "#]],
    );
}

#[test]
fn reads_that_fail_are_tried_again_with_growing_pauses() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: hold
        ada: connect
        ",
    );
    let mut pauses = Vec::new();
    for _ in 0..7 {
        world.play("store: fail");
        let mut pause = 0;
        while !world.has_reads() {
            world.play("ada: hear\nbob: hear\n+500ms");
            pause += 500;
        }
        pauses.push(pause);
    }
    assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    world.take_transcript();
    world.play("store: go");
    expect![[r#"
        ada < push vault 1 by bob id 1-1
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn a_log_that_cannot_be_read_is_not_read_again_until_its_subscriber_reconnects() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: show
        store: hold
        ada: connect
        store: fail for good
        bob: pub vault 2 qos1 id=2
        store: commit
        +10s
        store: go
        ada: connect
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            store < read 1 to 1
            store < append vault 2 by bob
            bob < published 2
            store < put ada seen 0
            store < put bob seen 0
            ada < connected 15
        "#]],
    );
}

#[test]
fn one_read_is_under_way_for_a_subscription_however_often_its_client_reconnects() {
    check(
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        store: show
        store: hold
        ada: connect
        ada: disconnect
        ada: connect
        ada: disconnect
        ada: connect
        store: read
        store: go
        ",
        expect![[r#"
            ada < connected 15
            ada < subscribed vault
            bob < connected 15
            bob < published 1
            ada < connected 15
            store < read 1 to 1
            ada < connected 15
            ada < connected 15
            store < read 1 to 1
            ada < push vault 1 by bob id 1-1
        "#]],
    );
}
