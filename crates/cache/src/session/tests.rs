use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::{ChangeKind, Settings};

/// 2025-01-01, so that times since the epoch are more than 30 days.
const START: UnixMs = 1_735_689_600_000;

mod dialogues;
mod splits;

fn store() -> Store {
    let settings = Settings {
        bytes_max: 1 << 20,
        item_bytes_max: 100,
        prefixes: vec![b"pub.".to_vec()],
        ..Settings::default()
    };
    Store::new(settings, START)
}

/// Plays a conversation of one client: what it sends line by line, `+3s` for time that passes, and `changes` for what
/// others are told meanwhile.
#[track_caller]
fn check(script: &str, expected: &Expect) {
    let store = store();
    let mut session = Session::new(&store);
    let mut now = START;
    let mut transcript = String::new();
    for line in script.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        transcript += &format!("{line}\n");
        if let Some(seconds) = line.strip_prefix('+') {
            now += seconds.trim_end_matches('s').parse::<UnixMs>().unwrap() * 1000;
        } else if line == "changes" {
            for change in changes(&store).lines() {
                transcript += &format!("    {change}\n");
            }
        } else {
            let mut input = line.strip_prefix("> ").unwrap().as_bytes().to_vec();
            input.extend_from_slice(b"\r\n");
            let (reply, progress) = exchange(&mut session, &store, now, &input);
            for line in reply.lines() {
                transcript += &format!("    {line}\n");
            }
            if progress == Progress::Closed {
                transcript += "    (closed)\n";
            }
        }
    }
    expected.assert_eq(&transcript);
}

fn exchange(
    session: &mut Session,
    store: &Store,
    now: UnixMs,
    mut input: &[u8],
) -> (String, Progress) {
    let mut replies = Vec::new();
    loop {
        let mut reply = Vec::new();
        let progress = session.advance(store, now, &mut input, &mut reply);
        replies.extend_from_slice(&reply);
        if progress != Progress::Full {
            return (String::from_utf8_lossy(&replies).into_owned(), progress);
        }
    }
}

fn changes(store: &Store) -> String {
    let text = |change: crate::Change| {
        let key = change.key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        let key = key.unwrap_or_else(|| "*".to_owned());
        match change.kind {
            ChangeKind::Set(value) => {
                format!("{key} = {:?}\n", String::from_utf8_lossy(&value))
            }
            ChangeKind::Deleted => format!("{key} deleted\n"),
            ChangeKind::Flushed => format!("{key} flushed\n"),
        }
    };
    store.take_changes().into_iter().map(text).collect()
}
