//! The JavaScript client's own tests, run against this build's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");

#[test]
fn the_javascript_client_passes_its_tests() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/js");
    assert!(directory.join("node_modules").is_dir(), "run `cargo xtask setup` first");
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "--test-timeout=60000", "tests/"])
        .env("RIALTO_BINARY", PROGRAM)
        .current_dir(directory)
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
}
