//! The runner of `spec/dialogues` for this client: actions in, events out, each a line of JSON (see
//! `spec/dialogues/README.md`). Played by `rialto-dialogues` of the testkit.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a runner's panic fails its scenario"
)]

mod runner;

use std::io::BufRead;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use runner::{Stage, settle};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    runner::count_panics();
    // Only `advance` moves the clock: while a blocking task runs, tokio does not move it by itself.
    tokio::time::pause();
    let (lines, mut actions) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                break;
            }
        }
    });
    tokio::spawn(runner::flush());
    settle().await;
    runner::write(&json!({ "runner": 1, "language": "rust", "lacks": {
        "tcp": ["listeners"], "tls": ["listeners"], "websocket": ["listeners"],
    } }));
    let mut stage = Stage::new();
    while let Some(line) = actions.recv().await {
        let action: Value = serde_json::from_str(&line).unwrap();
        let mut answer = match stage.act(&action).await {
            Ok(answer) => answer,
            Err(why) => json!({ "failed": why }),
        };
        settle().await;
        if action["do"] == "left" {
            answer = stage.left();
        }
        answer["n"] = action["n"].clone();
        runner::write(&answer);
    }
    std::process::exit(0);
}
