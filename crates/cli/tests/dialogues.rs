//! The scenarios of `spec/dialogues`, played with each client library against this build's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

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

const JAVASCRIPT: [&str; 2] = ["node", "clients/js/dialogues/runner.js"];

clients! {
    javascript_keeps_the_contract_over_tcp: JAVASCRIPT, over "tcp";
    javascript_keeps_the_contract_over_tls: JAVASCRIPT, over "tls";
    javascript_keeps_the_contract_over_websocket: JAVASCRIPT, over "websocket";
}

fn play(runner: &[&str], carrier: &str) {
    let (program, files) = runner.split_first().unwrap();
    let files: Vec<_> = files.iter().map(|file| format!("{ROOT}/{file}")).collect();
    let command: Vec<_> = [*program].into_iter().chain(files.iter().map(String::as_str)).collect();
    let suite = Suite::with(&command).broker(PROGRAM).over(carrier).unwrap();
    let outcomes = suite.run(|outcome| eprintln!("{outcome}")).unwrap();
    let passed = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Passed).count();
    let failed: Vec<_> =
        outcomes.iter().filter(|it| matches!(it.verdict, Verdict::Failed(_))).collect();
    assert!(failed.is_empty(), "{} scenarios failed", failed.len());
    assert!(40 < passed, "only {passed} scenarios were played");
}
