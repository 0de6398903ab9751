//! Limits of logs and of unacknowledged live pushes.

use std::time::Duration;

use expect_test::expect;

use super::world::{World, check_with};
use crate::{LogLimits, Settings};

fn with_log(log: LogLimits) -> Settings {
    Settings { log, heartbeat_timeout: Duration::from_secs(3600), ..Settings::default() }
}

#[test]
fn a_full_log_refuses_until_its_subscribers_have_caught_up() {
    check_with(
        with_log(LogLimits { messages_max: 2, ..LogLimits::default() }),
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        bob: pub vault 3 qos1 id=3
        bob: pub vault 4
        ada: ack 1-1
        +100ms
        bob: pub vault 5 qos1 id=5
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed vault
            bob < connected 3600
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < push vault 2 by bob id 1-2
            bob < published 2
            bob < published 3: LogFull
            ada < push vault 4 by bob
            ada < push vault 5 by bob id 1-3
            bob < published 5
        "#]],
    );
}

#[test]
fn a_full_log_counts_bytes_too() {
    // Each message takes three bytes in a page of its own.
    check_with(
        with_log(LogLimits { bytes_max: 6, ..LogLimits::default() }),
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        bob: pub vault 3 qos1 id=3
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed vault
            bob < connected 3600
            ada < push vault 1 by bob id 1-1
            bob < published 1
            ada < push vault 2 by bob id 1-2
            bob < published 2
            bob < published 3: LogFull
        "#]],
    );
}

#[test]
fn a_restart_counts_only_what_is_still_held() {
    // Messages that were acknowledged and trimmed long ago do not fill the log.
    check_with(
        with_log(LogLimits { messages_max: 2, ..LogLimits::default() }),
        "
        ada: connect
        ada: sub vault persistent
        bob: connect
        bob: pub vault 1 qos1 id=1 | bob: pub vault 2 qos1 id=2
        ada: ack 1-1 | ada: ack 1-2
        +100ms
        bob: pub vault 3 qos1 id=3
        crash
        ada: connect
        bob: connect
        bob: pub vault 4 qos1 id=4
        bob: pub vault 5 qos1 id=5
        ada: ack 1-3 | ada: ack 1-4
        +100ms
        crash
        bob: connect
        bob: pub vault 6 qos1 id=6
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed vault
            bob < connected 3600
            ada < push vault 1 by bob id 1-1
            ada < push vault 2 by bob id 1-2
            bob < published 1
            bob < published 2
            ada < push vault 3 by bob id 1-3
            bob < published 3
            ada < connected 3600
            ada < push vault 3 by bob id 1-3
            bob < connected 3600
            ada < push vault 4 by bob id 1-4
            bob < published 4
            bob < published 5: LogFull
            bob < connected 3600
            bob < published 6
        "#]],
    );
}

#[test]
fn a_full_log_drops_the_oldest_where_configured() {
    check_with(
        with_log(LogLimits { messages_max: 2, drop_oldest: true, ..LogLimits::default() }),
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        bob: pub vault 2 qos1 id=2
        store: show
        bob: pub vault 3 qos1 id=3
        bob: pub vault 4 qos1 id=4
        ada: connect
        ada: ack 1-3 | ada: ack 1-4
        +100ms
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed vault
            bob < connected 3600
            bob < published 1
            bob < published 2
            store < trim vault to 1 messages
            store < append vault 3 by bob
            bob < published 3
            store < trim vault to 1 messages
            store < append vault 4 by bob
            bob < published 4
            ada < connected 3600
            store < read 1 to 4
            ada < push vault 3 by bob id 1-3
            ada < push vault 4 by bob id 1-4
            store < move ada vault 4
            store < put ada seen 0
            store < put bob seen 0
        "#]],
    );
}

#[test]
fn old_messages_are_dropped_by_age() {
    check_with(
        with_log(LogLimits { age_max: Duration::from_secs(10), ..LogLimits::default() }),
        "
        ada: connect
        ada: sub vault persistent
        ada: disconnect
        bob: connect
        bob: pub vault 1 qos1 id=1
        +6s
        bob: pub vault 2 qos1 id=2
        store: show
        +5s
        ada: connect
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed vault
            bob < connected 3600
            bob < published 1
            bob < published 2
            store < trim vault of before 500
            ada < connected 3600
            store < read 1 to 2
            ada < push vault 2 by bob id 1-2
        "#]],
    );
}

#[test]
fn a_subscriber_that_never_acknowledges_live_pushes_is_closed() {
    // At the window, but never below a thousand, since live pushes come in bursts.
    let mut world = World::new(Settings { unacknowledged_max: 10, ..Settings::default() });
    world.play("ada: connect | ada: sub room | bob: connect");
    for _ in 0..1000 {
        world.play("bob: pub room 1 qos1 id=1");
    }
    assert!(!world.take_transcript().contains(" x "));
    world.play("ada: ack l1 | bob: pub room 2 qos1 id=2");
    assert!(!world.take_transcript().contains(" x "));
    world.play("bob: pub room 3 qos1 id=3");
    expect![[r#"
        bob < published 3
        ada < push room 3 by bob id l1002
        ada x 1000 pushes are unacknowledged
    "#]]
    .assert_eq(&world.take_transcript());
    assert_eq!(world.broker.stats().closed_limit, 1);
}
