//! Counting all there is in steps, while it comes and goes.

use std::collections::BTreeMap;

use rialto_domain::Load;

use super::{text::TextEncoder, world::World};
use crate::{
    Broker, ChannelCount, ChannelCounting, ClientCount, ClientCounting, Passed, Settings,
    SubscriberCount,
};

/// Returns all clients in memory, by id.
pub(super) fn clients(broker: &Broker<TextEncoder>) -> Vec<ClientCount> {
    let (mut counting, mut counts) = (ClientCounting::default(), Vec::new());
    while broker.count_clients(&mut counting, || true, |count| counts.push(count)) {}
    counts.sort_by(|one, other| one.id.cmp(&other.id));
    counts
}

/// Returns all channels in use, by name.
pub(super) fn channels(broker: &Broker<TextEncoder>) -> Vec<ChannelCount> {
    let (mut counting, mut counts) = (ChannelCounting::default(), Vec::new());
    while broker.count_channels(&mut counting, || true, |count| counts.push(count)) {}
    counts.sort_by(|one, other| one.name.cmp(&other.name));
    counts
}

/// Returns a channel's subscribers in memory, by id, with the number of steps that took.
fn subscribers(broker: &Broker<TextEncoder>, channel: &str) -> (Vec<SubscriberCount>, u32) {
    let mut counting = broker.count_of_subscribers(channel).unwrap();
    let (mut counts, mut steps) = (Vec::new(), 1);
    while broker.count_subscribers(&mut counting, || true, |count| counts.push(count)) {
        steps += 1;
    }
    counts.sort_by(|one, other| one.client.cmp(&other.client));
    (counts, steps)
}

#[test]
fn a_client_is_counted_with_how_far_it_is_behind() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent | ada: sub room | ada: sub cellar persistent
        bob: connect
        bob: pub vault 1 qos1 id=1 | bob: pub cellar 2 qos1 id=2 | bob: pub vault 3 qos1 id=3
        bob: pub room 4 | bob: pub nowhere 5
        ada: ack 1-1
        cleo: listen resume=60
        cleo: disconnect
        +2s
        bob: hear
        +1s
        ",
    );
    let counts = clients(&world.broker);
    let [ada, bob, cleo] = &counts[..] else { panic!("{counts:#?}") };
    assert_eq!((ada.id.as_str(), ada.subscription_count, ada.lag), ("ada", 3, 2));
    assert_eq!((ada.published_count, ada.heard_ago.unwrap().as_secs()), (0, 3));
    assert_eq!((bob.published_count, bob.heard_ago.unwrap().as_secs()), (5, 1));
    assert_eq!(bob.connection, Some(world.connection("bob")));
    assert_eq!((cleo.connection, cleo.is_lost, cleo.last_seen), (None, true, 0));
}

#[test]
fn a_channel_is_counted_with_what_passed() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub vault persistent | ada: sub room
        eve: connect
        eve: sub room | eve: sub vault persistent
        eve: disconnect
        bob: connect
        bob: sub room
        bob: pub room 12 | bob: pub room 3 | bob: pub room 4567 qos1 id=1
        bob: pub vault 89 qos1 id=2 | bob: pub vault 0 qos1 id=3
        +4s
        ",
    );
    let counts = channels(&world.broker);
    let [room, vault] = &counts[..] else { panic!("{counts:#?}") };
    // Who publishes there does not get it back.
    assert_eq!((room.subscriber_count, room.persistent_count), (2, 0));
    assert_eq!(room.received, Passed { count: 3, bytes: 7 });
    assert_eq!(room.sent, Passed { count: 3, bytes: 7 });
    assert_eq!((vault.log_count, vault.log_bytes, vault.oldest_ms), (2, 7, Some(4000)));
    assert_eq!(vault.received, Passed { count: 2, bytes: 3 });
    assert_eq!(vault.sent, Passed { count: 2, bytes: 3 });
    // From the log.
    world.play("eve: connect");
    assert_eq!(world.broker.count_channel("vault").unwrap().sent, Passed { count: 4, bytes: 6 });
}

#[test]
fn what_stays_is_met_whatever_comes_and_goes_between_the_steps() {
    let mut world = World::new(Settings::default());
    for number in 0..1200 {
        world.play(&format!("c{number}: connect\nc{number}: sub room{number}"));
    }
    let (mut counting, mut met) = (ClientCounting::default(), BTreeMap::<String, u32>::new());
    let mut steps = 0;
    while world.broker.count_clients(
        &mut counting,
        || true,
        |count| *met.entry(count.id.to_string()).or_default() += 1,
    ) {
        // One that was met goes, one that was not, and a new one takes a place of theirs.
        let (first, last, new) = (steps * 3, 1199 - steps * 2, 2000 + steps);
        world.play(&format!("server: forget c{first} | server: forget c{last}\nc{new}: connect"));
        steps += 1;
    }
    assert!((4..=8).contains(&steps), "{steps} steps");
    for number in 0..1200 {
        let client = format!("c{number}");
        if world.broker.client_report(&client).is_some() {
            assert_eq!(met.get(&client), Some(&1), "{client}");
        }
    }
}

#[test]
fn a_step_ends_when_there_is_no_time_left_and_a_client_with_many_subscriptions_takes_several() {
    let mut world = World::new(Settings { subscriptions_max: 2000, ..Settings::default() });
    world.play("ada: connect\nbob: connect");
    for number in 0..1500 {
        world.play(&format!("ada: sub vault{number} persistent"));
    }
    for number in 0..10 {
        world.play(&format!("bob: pub vault{} 1 qos1 id={number}", 150 * number));
    }
    let (mut counting, mut counts, mut steps) = (ClientCounting::default(), Vec::new(), 1);
    while world.broker.count_clients(&mut counting, || true, |count| counts.push(count)) {
        steps += 1;
    }
    let found: Vec<_> = counts.iter().map(|it| (it.id.as_str(), it.lag)).collect();
    let (mut counting, mut alone) = (ClientCounting::default(), Vec::new());
    for _ in 0..3 {
        alone.push(world.broker.count_client("ada", &mut counting).unwrap().map(|it| it.lag));
    }
    assert_eq!(alone, [None, None, Some(10)]);
    assert!(world.broker.count_client("eve", &mut counting).is_none());
    assert_eq!((found, steps), (vec![("ada", 10), ("bob", 0)], 3));

    let (mut counting, mut count, mut steps) = (ChannelCounting::default(), 0, 1);
    while world.broker.count_channels(&mut counting, || false, |_| count += 1) {
        steps += 1;
    }
    assert_eq!(count, 1500);
    assert!((80..=100).contains(&steps), "{steps} steps");
}

#[test]
fn subscriptions_are_counted_one_page_after_the_other() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub vault persistent\nserver: push vault 1 qos1");
    for number in 0..600 {
        world.play(&format!("ada: sub room{number}"));
    }
    world.play("server: push #ada 2 qos1");
    let (mut counts, mut after, mut steps) = (Vec::new(), None, 1);
    while let Some(next) =
        world.broker.count_subscriptions("ada", after, |count| counts.push(count)).unwrap()
    {
        (after, steps) = (Some(next), steps + 1);
    }
    assert_eq!((counts.len(), steps), (601, 3));
    let vault = counts.iter().find(|it| it.channel.as_str() == "vault").unwrap();
    assert_eq!((vault.is_persistent, vault.lag, vault.unacknowledged), (true, 1, 1));
    assert_eq!(counts.iter().filter(|it| it.is_persistent).count(), 1);
    assert!(world.broker.count_subscriptions("eve", None, |_| {}).is_none());
}

#[test]
fn subscribers_are_counted_whether_they_are_there_or_lost_or_last() {
    let mut world = World::starting_from(Load::Heads, Settings::default());
    world.play(
        "
        ada: connect
        ada: sub room persistent
        eve: connect
        eve: sub room persistent
        eve: disconnect
        cleo: listen resume=60 give=room
        cleo: disconnect
        bob: connect
        bob: sub room
        bob: pub room 1 qos1 id=1
        ",
    );
    let (counts, steps) = subscribers(&world.broker, "room");
    let found: Vec<_> = counts
        .iter()
        .map(|it| (it.client.as_str(), it.is_online, it.is_persistent, it.lag, it.unacknowledged))
        .collect();
    let expected = [
        ("ada", true, true, 1, 1),
        ("bob", true, false, 0, 0),
        ("cleo", false, false, 0, 0),
        ("eve", false, true, 1, 0),
    ];
    assert_eq!((found, steps), (expected.to_vec(), 1));
    assert_eq!(world.broker.stored_subscriber_count("room"), 0);
    // Who is let go is not lost, but cannot be told one by one.
    world.play("+6s\nada: hear | bob: hear\n+6s");
    assert_eq!(world.broker.stored_subscriber_count("room"), 1);
    assert_eq!(subscribers(&world.broker, "room").0.len(), 3);
    assert!(world.broker.count_of_subscribers("nowhere").is_none());

    for number in 0..500 {
        world.play(&format!("c{number}: connect\nc{number}: sub room"));
    }
    let (counts, steps) = subscribers(&world.broker, "room");
    assert_eq!((counts.len(), steps), (503, 2));
}
