//! What `rialto pub` takes for a message, and how `rialto sub` prints one.

use std::fs;
use std::io::Write as _;
use std::process::{Command as Process, Stdio};

use rialto_testkit::Broker;

use crate::common::{Command, Disk, PROGRAM};
use crate::{Outcome, rialto, rialto_in};

/// A broker, and what one subscriber of `room` prints.
struct Stage {
    broker: Broker,
}

impl Stage {
    fn new() -> Self {
        Stage { broker: Broker::start(PROGRAM) }
    }

    fn server(&self) -> String {
        format!("jmqt://{}", self.broker.address())
    }

    /// Starts `rialto sub` on `room`, and waits until it is subscribed.
    fn subscribe(&self, flags: &[&str]) -> Command {
        let command =
            Command::start([&["sub", "--server", &self.server(), "room"], flags].concat());
        command.wait_until_it_says("subscribed to room");
        command
    }

    /// Publishes to `room`.
    fn publish(&self, args: &[&str], stdin: &[u8]) -> Outcome {
        let dir = tempfile::tempdir().unwrap();
        let server = self.server();
        let args = [&["pub", "--server", &server, "room"], args].concat();
        let mut child = Process::new(PROGRAM)
            .args(args)
            .current_dir(dir.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        _ = child.stdin.take().unwrap().write_all(stdin);
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn standard_input_is_one_message_without_the_end_of_its_last_line() {
    let stage = Stage::new();
    let subscriber = stage.subscribe(&["--format", "json", "--count", "6"]);
    let inputs: [&[u8]; 6] = [
        b"two\nlines\n",
        b"{\"a\":\n 1}\r\n",
        b"no end",
        b"",
        b"blank line\n\n",
        b"{\"celsius\": 21.50}",
    ];
    for input in inputs {
        stage.publish(&["-"], input).printed();
    }
    let printed = subscriber.end().printed;
    let payload = |line: &String| {
        let (_, rest) = line.split_once("\"payload\":").unwrap();
        rest.split_once(",\"client\"").unwrap().0.to_owned()
    };
    let expected = [
        r#""two\nlines""#,
        r#"{"a":  1}"#,
        r#""no end""#,
        r#""""#,
        r#""blank line\n""#,
        r#"{"celsius": 21.50}"#,
    ];
    assert_eq!(printed.iter().map(payload).collect::<Vec<_>>(), expected);
    let said = stage.publish(&["-"], b"\xff").failed(2);
    assert_eq!(said, "rialto: standard input is not UTF-8, which a message must be\n");
}

#[test]
fn what_looks_like_broken_json_is_refused_unless_it_is_said_to_be_text() {
    let stage = Stage::new();
    let subscriber = stage.subscribe(&["--raw", "--count", "6"]);
    for payload in [r#"{"a":1"#, "{a:1}", "[1,2", "\"x"] {
        let said = stage.publish(&[payload], b"").failed(2);
        assert!(said.starts_with("rialto: the payload looks like JSON, but is not: "), "{said}");
        assert!(said.contains("\n  in a shell JSON belongs into single quotes"), "{said}");
        stage.publish(&["--text", payload], b"").printed();
    }
    stage.publish(&["plain words"], b"").printed();
    stage.publish(&["--text", "5"], b"").printed();
    let printed = subscriber.end().printed;
    assert_eq!(printed, [r#"{"a":1"#, "{a:1}", "[1,2", "\"x", "plain words", "5"]);
    // A line of a file as well, which is named.
    let args = ["pub", "--server", &stage.server(), "--file", "-", "--channel", "room"];
    let dir = tempfile::tempdir().unwrap();
    let said = rialto_in(dir.path(), &[], &args, "good\n{bad}\n").failed(1);
    assert!(said.contains("standard input:2: the payload looks like JSON"), "{said}");
}

#[test]
fn raw_messages_are_payloads_and_nothing_else() {
    let stage = Stage::new();
    let subscriber = stage.subscribe(&["--raw", "--count", "3"]);
    for payload in ["hello world", r#"{"a": 1.0}"#, "5"] {
        stage.publish(&[payload], b"").printed();
    }
    assert_eq!(subscriber.end().printed, ["hello world", r#"{"a": 1.0}"#, "5"]);
    let said = rialto(&["sub", "room", "--raw", "--format", "json"]).failed(2);
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn a_timestamp_is_in_utc_as_rfc_3339_has_it() {
    let stage = Stage::new();
    let subscriber = stage.subscribe(&["--timestamp", "--count", "1"]);
    stage.publish(&["on"], b"").printed();
    let printed = subscriber.end().printed;
    let (time, rest) = printed[0].split_once(' ').unwrap();
    assert_eq!(rest, "room on");
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{time}");
}

#[test]
fn a_file_is_appended_to() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let file = dir.path().join("room.txt");
    fs::write(&file, "before\n").unwrap();
    for payload in ["one", "two"] {
        let flags = ["--output", file.to_str().unwrap(), "--count", "1"];
        let subscriber = stage.subscribe(&flags);
        stage.publish(&[payload], b"").printed();
        let ended = subscriber.end();
        assert!(ended.status.success(), "{}", ended.said);
        assert_eq!(ended.printed, [""; 0]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\nroom one\nroom two\n");
    let nowhere = ["sub", "room", "--output", "missing/room.txt"];
    let said = rialto(&nowhere).failed(1);
    assert!(said.starts_with("rialto: cannot write to missing/room.txt: No such file"), "{said}");
}

#[test]
fn a_full_disk_ends_it_without_half_a_line_and_what_did_not_fit_comes_again() {
    let Some(disk) = Disk::try_new(1) else { return };
    let stage = Stage::new();
    let file = disk.path().join("room.txt");
    let flags = ["--persistent", "--client", "archive", "--output", file.to_str().unwrap()];
    let subscriber = stage.subscribe(&flags);
    stage.publish(&["first"], b"").printed();
    // Is on disk: whoever reads the file sees it.
    let deadline = std::time::Instant::now() + rialto_testkit::PATIENCE;
    while fs::read_to_string(&file).unwrap() != "room first\n" {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    disk.fill();
    let long = "x".repeat(10_000);
    stage.publish(&["--text", &long], b"").printed();
    let ended = subscriber.end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.said);
    assert!(ended.said.contains("room.txt: No space left on device"), "{}", ended.said);
    assert_eq!(fs::read_to_string(&file).unwrap(), "room first\n");

    disk.make_room();
    let again = stage.subscribe(&[&flags[..], &["--count", "1"]].concat());
    assert!(again.end().status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("room first\nroom {long}\n"));
}

#[test]
fn a_reader_that_has_enough_and_ctrl_c_end_it_well() {
    let stage = Stage::new();
    let subscriber = stage.subscribe(&[]);
    stage.publish(&["one"], b"").printed();
    subscriber.wait_for_lines(1);
    subscriber.interrupt();
    let ended = subscriber.end();
    assert!(ended.status.success(), "{}", ended.said);

    let mut child = Process::new(PROGRAM)
        .args(["sub", "--server", &stage.server(), "--client", "reader", "room"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // It finds out with the first message that it prints, which may come before it is subscribed.
    while child.try_wait().unwrap().is_none() {
        stage.publish(&["two"], b"").printed();
    }
    assert!(child.wait().unwrap().success());
}

#[test]
fn names_that_are_empty_reserved_or_look_like_patterns_are_told_apart() {
    let stage = Stage::new();
    for command in [&["pub", "", "1"][..], &["sub", ""], &["pub", "--file", "-", "--channel", ""]] {
        let said = rialto(command).failed(2);
        assert!(said.starts_with("rialto: the name of the channel is empty"), "{said}");
    }
    let said = rialto(&["sub", "$foo"]).failed(2);
    assert!(said.starts_with("rialto: $foo is a control channel"), "{said}");
    assert!(said.contains("`rialto request '$foo'` asks it"), "{said}");

    let names = ["a/*", "b.>", "+/c", "d/#"];
    let subscriber = stage.subscribe(&names);
    for name in names {
        subscriber.wait_until_it_says(&format!("subscribed to {name}"));
    }
    subscriber.interrupt();
    let said = subscriber.end().said;
    for name in names {
        let note = format!("rialto: {name} is taken literally: channels have no wild");
        assert!(said.contains(&note), "{said}");
    }
    assert!(!said.contains("room is taken"), "{said}");
}
