//! The main job on real input: every sensor reading through the broker, complete and in order.
//!
//! The input is `../shared/data/readings.jsonl` beside the repository; `RIALTO_READINGS` may name
//! another file. Publisher and subscribers are the real `rialto pub` and `rialto sub`.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rialto_testkit::{Broker, Launch};
use serde_json::Value;

use common::{Command, Ended, PROGRAM};

/// How many lines the readings have.
const READING_COUNT: usize = 33_994;
/// Long enough for all of them on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);
/// What `rialto pub` has unacknowledged at most, and so sends again at most.
const REPEATED_MAX: usize = 256;

/// The lines to be published, and by channel.
struct Readings {
    file: PathBuf,
    by_channel: BTreeMap<String, Vec<String>>,
}

#[test]
fn live_subscribers_get_every_reading_once_and_in_order() {
    // J-9, J-67: over every transport, and without a persistent subscriber.
    let readings = Readings::load();
    let broker = Launch::of(PROGRAM).start();
    let subscribers = ["jmqt", "ws", "jmqts", "wss"].map(|scheme| {
        let name = format!("live-{scheme}");
        readings.subscribe(&broker, scheme, &name, &["--count", &READING_COUNT.to_string()])
    });
    end_well(readings.publish(&broker));
    for subscriber in subscribers {
        let lines = end_well(subscriber).printed;
        assert_eq!(lines.len(), READING_COUNT);
        assert_eq!(by_channel(&lines), readings.by_channel);
    }
}

#[test]
fn a_subscriber_that_was_offline_gets_every_reading_once_and_in_order() {
    // J-77.
    let readings = Readings::load();
    let broker = Launch::of(PROGRAM).start();
    readings.subscribe_for_later(&broker, "archive");
    end_well(readings.publish(&broker));
    let count = READING_COUNT.to_string();
    let archive =
        readings.subscribe(&broker, "jmqt", "archive", &["--persistent", "--count", &count]);
    let lines = end_well(archive).printed;
    assert_eq!(by_channel(&lines), readings.by_channel);
}

#[test]
fn every_reading_arrives_although_the_broker_is_killed_in_the_middle() {
    // J-63, J-73, J-77, J-87: two persistent subscribers that are there, one that is away. Nothing
    // is missing, and what comes for the first time comes in order; only what the publisher had
    // not been acknowledged, and therefore sent again, may come twice.
    let readings = Readings::load();
    let mut broker = Launch::of(PROGRAM).start();
    readings.subscribe_for_later(&broker, "archive");
    let live = ["jmqt", "ws"].map(|scheme| {
        readings.subscribe(&broker, scheme, &format!("live-{scheme}"), &["--persistent"])
    });
    let mut publisher = readings.publish(&broker);
    for subscriber in &live {
        subscriber.wait_for_lines(READING_COUNT / 3);
    }
    broker.kill();
    assert!(publisher.is_running(), "the broker was killed in the middle");
    broker.restart();

    let said = end_well(publisher).said;
    assert!(said.contains("connected again"), "{said}");
    let archive = readings.subscribe(&broker, "jmqt", "archive", &["--persistent"]);
    for subscriber in live.into_iter().chain([archive]) {
        subscriber.wait_for_output("every reading", PATIENCE, |lines| {
            READING_COUNT <= lines.len()
                && READING_COUNT <= lines.iter().collect::<BTreeSet<_>>().len()
        });
        subscriber.interrupt();
        let lines = end_well(subscriber).printed;
        assert_eq!(first_arrivals(&lines), readings.by_channel);
        let repeated_count = lines.len() - READING_COUNT;
        assert!(repeated_count <= REPEATED_MAX, "{repeated_count} came twice");
    }
}

impl Readings {
    fn load() -> Self {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
        let file = env::var_os("RIALTO_READINGS")
            .map_or_else(|| beside.join("readings.jsonl"), PathBuf::from);
        let text = fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "the readings are not at {}: {error}; set RIALTO_READINGS to where they are",
                file.display()
            )
        });
        let mut by_channel: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines() {
            let reading: Value = serde_json::from_str(line).unwrap();
            let channel = reading["channel"].as_str().unwrap().to_owned();
            by_channel.entry(channel).or_default().push(line.to_owned());
        }
        let count: usize = by_channel.values().map(Vec::len).sum();
        assert_eq!(count, READING_COUNT, "the readings are not those that were given");
        Readings { file, by_channel }
    }

    fn publish(&self, broker: &Broker) -> Command {
        let server = format!("jmqt://{}", broker.address());
        let file = self.file.to_str().unwrap();
        Command::start([
            "pub",
            "--server",
            &server,
            "--file",
            file,
            "--channel-field",
            "channel",
            "--qos",
            "1",
        ])
    }

    /// Starts a subscriber to all channels; it is subscribed when this returns.
    fn subscribe(
        &self,
        broker: &Broker,
        scheme: &str,
        client: &str,
        arguments: &[&str],
    ) -> Command {
        let server = format!("{scheme}://{}", broker.address());
        let certificate = broker.certificate_file().to_str().unwrap();
        let connection = ["sub", "--server", &server, "--ca", certificate, "--client", client];
        let channels = self.by_channel.keys().map(String::as_str);
        let arguments = connection.into_iter().chain(arguments.iter().copied()).chain(channels);
        let subscriber = Command::start(arguments);
        for channel in self.by_channel.keys() {
            subscriber.wait_until_it_says(&format!("subscribed to {channel}"));
        }
        subscriber
    }

    /// Makes a persistent subscriber that is away.
    fn subscribe_for_later(&self, broker: &Broker, client: &str) {
        let subscriber = self.subscribe(broker, "jmqt", client, &["--persistent"]);
        subscriber.interrupt();
        end_well(subscriber);
    }
}

fn end_well(command: Command) -> Ended {
    let ended = command.end_within(PATIENCE);
    assert!(ended.status.success(), "{}: {}", ended.status, ended.said);
    ended
}

/// Returns what was printed, by channel, in the order it came.
fn by_channel<'a>(lines: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, Vec<String>> {
    let mut by_channel: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let (channel, reading) = line.split_once(' ').expect("channel and payload");
        by_channel.entry(channel.to_owned()).or_default().push(reading.to_owned());
    }
    by_channel
}

/// Returns what was printed for the first time, by channel, in the order it came.
fn first_arrivals(lines: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeSet::new();
    by_channel(lines.iter().filter(|line| known.insert(*line)))
}
