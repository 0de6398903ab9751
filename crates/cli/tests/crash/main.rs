//! The broker, or the database that it stores in, is killed at random moments, over and over, sometimes while it starts;
//! nothing that was acknowledged may be missing.
//!
//! Publishers send numbered QoS 1 messages, some of them retained, and send again what was not
//! acknowledged when the broker died. Persistent subscribers acknowledge at once, late or in no
//! order, drop their connections, join and leave channels, or stay away until the end. Each checks
//! while it receives that numbers come for the first time without a gap and in order, and that
//! one id is one message.
//!
//! Forty rounds by default. `RIALTO_CRASH_ROUNDS=200` runs longer, `RIALTO_CRASH_SEED` takes up the
//! seed of an earlier run; actors of one seed make the same choices, but the machine decides how
//! far they come before each kill.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod publisher;
mod stage;
mod subscriber;

use std::{sync::Arc, thread, time::Duration};

use rialto_testkit::{Broker, Launch, Mariadb, Postgres};

use common::{Command, Dice, PROGRAM, number_from, seed_of_the_moment};
use publisher::Publisher;
use stage::{Event, Stage};
use subscriber::{Manner, Subscriber};

/// Publishers; each publishes to every channel.
const PUBLISHERS: usize = 4;
/// Channels that everybody publishes to; each publisher has one of its own besides.
const SHARED_CHANNELS: [&str; 3] = ["red", "green", "blue"];
/// The one that is away, and reached by direct messages too.
const AWAY: &str = "away";

const ROUNDS: u64 = 40;
/// How often the database is killed, which takes longer to start.
const DATABASE_ROUNDS: u64 = 6;

#[test]
fn nothing_acknowledged_is_lost_however_often_the_broker_is_killed() {
    // J-53, J-63, J-66, J-67, J-73, J-77, J-80, J-85, J-87, J-88, J-91.
    let launch = Launch::of(PROGRAM);
    play(launch, number_from("RIALTO_CRASH_ROUNDS").unwrap_or(ROUNDS), |stage, broker, dice| {
        stage.lower_curtain();
        end_somehow(broker, dice);
        interrupt_a_start(broker, dice);
        broker.restart();
        audit::retained_messages_are_there(stage);
        stage.raise_curtain();
    });
}

#[test]
fn nothing_acknowledged_is_lost_however_often_the_database_is_killed() {
    // J-73, J-87.
    let mut database = Postgres::start_in_memory(&[]);
    let launch = Launch::of(PROGRAM)
        .set("store.kind=postgres")
        .set(&format!("store.url={}", database.url()));
    let rounds = number_from("RIALTO_CRASH_ROUNDS").unwrap_or(DATABASE_ROUNDS);
    play(launch, rounds, |_, _, _| {
        database.kill();
        database.resume();
    });
}

#[test]
fn nothing_acknowledged_is_lost_however_often_mariadb_or_its_broker_is_killed() {
    // J-73, J-87.
    let mut database = Mariadb::start_in_memory(&[]);
    database.sql("CREATE DATABASE rialto");
    let url = database.url().replace("/?", "/rialto?");
    let launch = Launch::of(PROGRAM).set("store.kind=mysql").set(&format!("store.url={url}"));
    let rounds = number_from("RIALTO_CRASH_ROUNDS").unwrap_or(DATABASE_ROUNDS);
    let mut round = 0;
    play(launch, rounds, |stage, broker, _| {
        round += 1;
        if round % 3 == 0 {
            // It waits for the end of its own lease.
            stage.lower_curtain();
            broker.kill();
            broker.restart();
            audit::retained_messages_are_there(stage);
            stage.raise_curtain();
        } else {
            database.kill();
            database.resume();
        }
    });
}

/// Has everybody act while something happens again and again, and checks at the end that nothing is missing.
fn play(launch: Launch, rounds: u64, mut strike: impl FnMut(&Stage, &mut Broker, &mut Dice)) {
    let seed = number_from("RIALTO_CRASH_SEED").unwrap_or_else(seed_of_the_moment);
    eprintln!("{rounds} rounds with RIALTO_CRASH_SEED={seed}");
    let mut dice = Dice::new(seed);

    // Narrow windows make subscribers catch up from the store, wide ones have them follow live.
    let window = *dice.pick(&[4, 64, 10_000]);
    let mut broker =
        launch.without_certificate().set(&format!("limits.unacknowledged_max={window}")).start();
    let stage = Stage::new(broker.address(), window);
    let subscribers: Vec<_> = Manner::ALL
        .into_iter()
        .enumerate()
        .map(|(index, manner)| {
            Subscriber::new(manner, Dice::for_actor(seed, index)).take_part(&stage)
        })
        .collect();
    stage.wait_for("subscribers", Event::Subscribed, subscriber::first_subscription_count());
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|index| Publisher::new(index, Dice::for_actor(seed, 100 + index)).take_part(&stage))
        .collect();

    for _ in 0..rounds {
        let (event, most) = *dice.pick(&[
            (Event::Sent, 1500),
            (Event::Acknowledged, 1500),
            (Event::Pushed, 4000),
            (Event::Subscribed, 10),
        ]);
        stage.wait_for("progress before the next kill", event, dice.within(0..most));
        strike(&stage, &mut broker, &mut dice);
    }

    stage.finish_publishing();
    publishers.into_iter().for_each(stage::join);
    stage.finish_subscribing();
    let records = subscribers.into_iter().map(stage::join).collect::<Vec<_>>();
    audit::every_id_is_one_message(&records);
    audit::messages_sent_once_have_one_id(&records, &stage);
    audit::retained_messages_are_there(&stage);
    eprintln!("{}", stage.summary());
}

/// Mostly kills the broker; now and then stops it gracefully, which loses nothing either.
fn end_somehow(broker: &mut Broker, dice: &mut Dice) {
    if dice.once_in(8) {
        assert!(broker.terminate().0.success());
    } else {
        broker.kill();
    }
}

/// Now and then kills a broker on the same data at some moment of its start.
fn interrupt_a_start(broker: &Broker, dice: &mut Dice) {
    if dice.once_in(4) {
        let data_dir = broker.data_dir();
        let data_dir = data_dir.to_str().unwrap();
        let starting = Command::start(["serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"]);
        // Waits for nothing: a start takes about so long, and any moment of it will do.
        thread::sleep(Duration::from_millis(dice.within(0..40)));
        drop(starting);
    }
}

/// Starts an actor's thread.
fn act<T: Send + 'static>(
    stage: &Arc<Stage>,
    play: impl FnOnce(&Stage) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let stage = stage.clone();
    thread::spawn(move || {
        let fallen = stage.notice_a_fall();
        let result = play(&stage);
        fallen.stands();
        result
    })
}
