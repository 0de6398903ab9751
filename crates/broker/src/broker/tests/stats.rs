//! The counters.

use std::time::Duration;

use super::world::World;
use crate::{LogLimits, Settings, Stats};

#[test]
fn each_counter_counts_what_it_says() {
    let log = LogLimits { messages_max: 2, drop_oldest: true, ..LogLimits::default() };
    let mut world = World::new(Settings { log, ..Settings::default() });
    world.play(
        "
        ada: connect
        ada: sub room
        ada: sub vault persistent
        ada: sub # | ada: sub $x
        bob: connect
        bob/2: connect
        bob/2: pub room 1 | bob/2: pub room 2
        bob/2: pub nowhere 3
        bob/2: pub vault 4 qos1 id=4
        bob/2: pub vault 5 qos1 id=5
        ada: ack 1-1 | ada: ack 1-1
        bob/2: pub vault 6 qos1 id=6
        store: hold
        bob/2: pub vault 7 qos1 id=7
        store: refuse
        ",
    );
    let stats = world.broker.stats();
    assert_eq!(
        stats,
        Stats {
            connections: 2,
            sessions: 2,
            channels: 3,
            sessions_opened: 3,
            sessions_taken_over: 1,
            received: 7,
            published: 6,
            publish_refused: 1,
            routed: 5,
            deliveries: 5,
            delivered: 5,
            stored: 3,
            log_held: 2,
            log_bytes: 6,
            discarded: 1,
            acknowledged: 1,
            rejected: 3,
            // The store refused to drop one more, with the message that was to take its place.
            dropped_log: 1,
            store_failures: 1,
            ..Stats::default()
        }
    );
}

#[test]
fn closing_is_counted_by_its_cause() {
    let settings = Settings { heartbeat_timeout: Duration::from_secs(4), ..Settings::default() };
    let mut world = World::new(settings);
    world.play("ada: connect | bob: open | eve: connect\neve: disconnect\n+30s");
    let stats = world.broker.stats();
    assert_eq!((stats.connections, stats.sessions, stats.closed_silent), (0, 0, 2));
}

#[test]
fn what_only_the_owner_sees_is_counted_up_by_it() {
    let mut world = World::new(Settings::default());
    world.broker.stats_mut().malformed += 3;
    world.broker.stats_mut().dropped_slow += 2;
    let stats = world.broker.stats();
    assert_eq!((stats.malformed, stats.dropped_slow), (3, 2));
}
