//! Plays the dialogues of `spec/dialogues` with the client behind a runner.
#![allow(clippy::print_stdout, reason = "this is a program's output")]

use std::process::ExitCode;

use rialto_testkit::{Suite, Verdict};

const USAGE: &str = "usage: rialto-dialogues [--rialto PROGRAM] [--carrier tcp|tls|websocket] \
     [--only PART]... [--trace] -- RUNNER [ARGUMENT]...";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let run = suite(&arguments).and_then(|suite| suite.run(|outcome| println!("{outcome}")));
    let outcomes = match run {
        Ok(outcomes) => outcomes,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let failed = outcomes.iter().filter(|it| matches!(it.verdict, Verdict::Failed(_))).count();
    println!("{} scenarios, {failed} failed", outcomes.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn suite(arguments: &[String]) -> Result<Suite, String> {
    let mut options = arguments.split(|argument| argument == "--");
    let (mut words, runner) = (options.next().unwrap_or_default().iter(), options.next());
    let runner = runner.filter(|runner| !runner.is_empty()).ok_or(USAGE)?;
    let runner: Vec<_> = runner.iter().map(String::as_str).collect();
    let mut suite = Suite::with(&runner);
    while let Some(word) = words.next() {
        if word == "--trace" {
            suite = suite.traced();
            continue;
        }
        let value = words.next().ok_or(USAGE)?;
        suite = match word.as_str() {
            "--rialto" => suite.broker(value),
            "--only" => suite.only(value),
            "--carrier" => suite.over(value).ok_or(USAGE)?,
            _ => return Err(USAGE.to_owned()),
        };
    }
    Ok(suite)
}
