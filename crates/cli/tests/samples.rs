//! The guide's sample client in each language that has no tests of its own here: what it prints while messages come, and
//! while the broker is killed and comes back. Python's is in `clients/python/tests/test_samples.py`.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    path::{Path, PathBuf},
    process,
};

use rialto_testkit::{Broker, Launch, PATIENCE};

use common::{Command, PROGRAM};

/// Starts the sample that `command` runs, against a broker, plays with it, and returns all that it printed.
fn play(mut command: process::Command, lines: &Expected) -> Vec<String> {
    let mut broker = Launch::of(PROGRAM).start();
    let address = format!("jmqt://{}", broker.address());
    let directory = Path::new(PROGRAM).parent().unwrap().display().to_string();
    command.env("PATH", format!("{directory}:{}", std::env::var("PATH").unwrap()));
    let mut sample = Command::spawn(command, [&address, "sample"]);
    let wait = |sample: &Command, count: usize, text: &str| {
        let has = |lines: &[String]| count <= lines.iter().filter(|it| it.contains(text)).count();
        sample.wait_for_output(text, PATIENCE, has);
    };
    wait(&sample, 1, "published on 'mychannel'");
    publish(&broker, "\"Test Message\"");
    wait(&sample, 1, lines.message);
    broker.restart();
    wait(&sample, lines.online_count, lines.online);
    publish(&broker, "\"again\"");
    wait(&sample, 1, lines.again);
    assert!(sample.is_running());
    sample.interrupt();
    let ended = sample.end();
    assert!(ended.status.success(), "{}", ended.said);
    ended.printed
}

/// What a sample prints.
struct Expected {
    message: &'static str,
    again: &'static str,
    /// What it prints when it is online, and how often once it is so again.
    online: &'static str,
    online_count: usize,
}

fn publish(broker: &Broker, payload: &str) {
    let address = format!("jmqt://{}", broker.address());
    let arguments =
        ["pub", "--server", &address, "--client", "other", "--qos", "1", "mychannel", payload];
    assert!(Command::start(arguments).end().status.success());
}

fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let length = std::fs::read_to_string(&path).unwrap().lines().count();
    assert!(length < 60, "{name} has {length} lines");
    path
}

#[test]
fn javascript() {
    let mut node = process::Command::new("node");
    node.arg(example("sample_client.js"));
    let printed = play(
        node,
        &Expected {
            message: "data on 'mychannel' from other: \"Test Message\" (QoS 1, retained: false)",
            again: "data on 'mychannel' from other: \"again\" (QoS 1, retained: false)",
            online: "online",
            online_count: 2,
        },
    );
    assert!(printed.iter().any(|line| line == "waiting lost"), "{printed:?}");
    assert_eq!(printed.last().map(String::as_str), Some("closed asked"));
}

#[test]
fn rust() {
    example("sample_client.rs");
    let program = Path::new(PROGRAM).with_file_name("examples").join("sample_client");
    assert!(program.exists(), "build it with `cargo build -p rialto-client --examples`");
    let printed = play(
        process::Command::new(program),
        &Expected {
            message: "data on 'mychannel' from other: \"Test Message\" (QoS 1)",
            again: "data on 'mychannel' from other: \"again\" (QoS 1)",
            online: "Online",
            online_count: 2,
        },
    );
    assert!(printed.iter().any(|line| line == "Waiting"), "{printed:?}");
}

#[test]
fn the_shell() {
    let mut shell = process::Command::new("sh");
    shell.arg(example("sample_client.sh"));
    play(
        shell,
        &Expected {
            message: "\"Test Message\"",
            again: "\"again\"",
            online: "published on",
            online_count: 1,
        },
    );
}
