//! The JavaScript client's own tests, run against this build's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");

#[test]
fn the_core_keeps_its_contract_and_its_types() {
    run(&["connection", "publishing", "receiving", "bounds", "package"]);
}

#[test]
fn every_carrier_works_against_a_broker() {
    run(&["broker"]);
}

#[test]
fn it_works_in_chromium_and_outlives_what_browsers_do_to_pages() {
    run(&["hidden", "browser", "lifecycle"]);
}

#[test]
fn bundles_and_old_pages_work_in_chromium() {
    run(&["bundles", "classic"]);
}

#[test]
fn the_sample_application_the_readings_and_followers_work_in_chromium() {
    run(&["sample", "readings", "follow", "attack"]);
}

#[test]
fn the_console_works_in_chromium() {
    run(&["console-files", "console", "console-kept", "console-people"]);
}

#[test]
fn every_file_of_tests_is_run() {
    let files = directory().join("tests").read_dir().unwrap().filter_map(|it| {
        it.unwrap().file_name().to_str()?.strip_suffix(".test.js").map(str::to_owned)
    });
    let this = include_str!("js_client.rs");
    for name in files {
        assert!(this.contains(&format!("{name:?}")), "{name}.test.js is run by no test here");
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/js")
}

/// Runs files of tests with Node, two at a time, since each waits more than it works.
#[track_caller]
fn run(names: &[&str]) {
    assert!(directory().join("node_modules").is_dir(), "run `cargo xtask setup` first");
    let output = Command::new("node")
        .args(["--test", "--test-concurrency=2", "--test-reporter=spec", "--test-timeout=200000"])
        .args(names.iter().map(|name| format!("tests/{name}.test.js")))
        .env("RIALTO_BINARY", PROGRAM)
        .current_dir(directory())
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
}
