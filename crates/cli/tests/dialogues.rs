//! The scenarios of `spec/dialogues`, played with each client library against this build's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{path::Path, process::Command};

use rialto_testkit::{Suite, Verdict};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Names a test for each client and carrier, so that they run side by side.
macro_rules! clients {
    ($($name:ident: $runner:expr, over $carrier:literal;)*) => {
        $(
            #[test]
            fn $name() {
                play(&$runner, $carrier);
            }
        )*
    };
}

/// What stands before the name of an example, which is built beside the programs.
const EXAMPLE: &str = "example ";

/// Programs and files of the repository; the latter and arguments are told apart by their slashes.
const RUST: [&str; 1] = ["example dialogues"];
const JAVASCRIPT: [&str; 2] = ["node", "clients/js/dialogues/runner.js"];
const PYTHON: [&str; 2] = ["target/python/bin/python", "clients/python/dialogues/runner.py"];
const BLOCKING_PYTHON: [&str; 3] =
    ["target/python/bin/python", "clients/python/dialogues/runner.py", "--blocking"];

clients! {
    rust_keeps_the_contract_over_tcp: RUST, over "tcp";
    rust_keeps_the_contract_over_tls: RUST, over "tls";
    rust_keeps_the_contract_over_websocket: RUST, over "websocket";
    javascript_keeps_the_contract_over_tcp: JAVASCRIPT, over "tcp";
    javascript_keeps_the_contract_over_tls: JAVASCRIPT, over "tls";
    javascript_keeps_the_contract_over_websocket: JAVASCRIPT, over "websocket";
    python_keeps_the_contract_over_tcp: PYTHON, over "tcp";
    python_keeps_the_contract_over_tls: PYTHON, over "tls";
    python_keeps_the_contract_over_websocket: PYTHON, over "websocket";
    blocking_python_keeps_the_contract_over_tcp: BLOCKING_PYTHON, over "tcp";
}

#[test]
fn the_command_of_the_page_plays_a_scenario() {
    let page = std::fs::read_to_string(format!("{ROOT}/docs/clients.md")).unwrap();
    let command =
        page.lines().find_map(|line| line.trim().strip_prefix("$ target/debug/")).unwrap();
    let (options, runner) = command.split_once(" -- ").unwrap();
    let folder = Path::new(PROGRAM).parent().unwrap();
    let mut words = options.split(' ').map(|word| match word.strip_prefix("target/debug/") {
        Some(program) => folder.join(program),
        None => word.into(),
    });
    let output = Command::new(folder.join(words.next().unwrap()))
        .args(words)
        .args(["--carrier", "tcp", "--only", "quickstart", "--"])
        .args(runner.split(' '))
        .current_dir(ROOT)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for server in ["a script", "a broker"] {
        let passed = |line: &str| line.starts_with("passed") && line.ends_with(server);
        assert!(said.lines().any(passed), "{said}");
    }
}

fn play(runner: &[&str], carrier: &str) {
    let in_repository = |word: &&str| match word.strip_prefix(EXAMPLE) {
        Some(name) => built_example(name),
        None if word.contains('/') => format!("{ROOT}/{word}"),
        None => (*word).to_owned(),
    };
    let words: Vec<_> = runner.iter().map(in_repository).collect();
    let command: Vec<_> = words.iter().map(String::as_str).collect();
    let suite = Suite::with(&command).broker(PROGRAM).over(carrier).unwrap();
    let outcomes = suite.run(|outcome| eprintln!("{outcome}")).unwrap();
    let passed = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Passed).count();
    let failed: Vec<_> =
        outcomes.iter().filter(|it| matches!(it.verdict, Verdict::Failed(_))).collect();
    assert!(failed.is_empty(), "{} scenarios failed", failed.len());
    assert!(60 < passed, "only {passed} scenarios were played");
}

/// Returns the path of an example of `crates/client`.
fn built_example(name: &str) -> String {
    let path = Path::new(PROGRAM).with_file_name("examples").join(name);
    assert!(path.exists(), "build it with `cargo build -p rialto-client --examples`");
    path.to_str().unwrap().to_owned()
}
