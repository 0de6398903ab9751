//! The HTTP API against its own document: schemathesis, from PyPI, makes requests that the document
//! allows and others that it does not, and looks at every answer.
//!
//! `RIALTO_SCHEMATHESIS_EXAMPLES=200` makes more than the usual requests a route,
//! `RIALTO_SCHEMATHESIS_SEED` others.

use std::{path::Path, process::Command};

use super::{online, start};

/// What `cargo xtask setup` makes.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/schemathesis");
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/own_server/schemathesis.toml");

/// Nobody guesses here, so nobody is slowed down; and whoever shows nothing may nothing.
const KEYS: &str = r#"
[access]
mode = "tokens"
tokens = [{ client = "ada", token = "token-of-ada" }]
attempt_delay_max = "0s"

[[api.keys]]
name = "app"
key = "the-key-of-the-application"
"#;

/// Requests of each kind for each route, and the seed that they are made from.
const EXAMPLES: &str = "5";
const SEED: &str = "1";

fn given(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

#[test]
fn every_answer_is_as_the_document_says() {
    assert!(
        Path::new(PROGRAM).exists(),
        "there is no schemathesis at {PROGRAM}: run `cargo xtask setup`"
    );
    let broker = start(KEYS);
    // So that something is there to be found.
    let mut ada = online(&broker, "ada");
    ada.subscribe("room");
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args(["--config-file", SETTINGS, "run"])
        .arg(format!("http://{}/openapi.json", broker.address_of("http")))
        .args(["--header", "Authorization: Bearer the-key-of-the-application"])
        .args(["--checks", "all", "--phases", "coverage,fuzzing,stateful"])
        .args(["--max-examples", &given("RIALTO_SCHEMATHESIS_EXAMPLES", EXAMPLES)])
        .args(["--seed", &given("RIALTO_SCHEMATHESIS_SEED", SEED)])
        .args(["--request-timeout", "20", "--continue-on-failure", "--no-color"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // It ends well, too, where it finds no route.
    let tested = ["Tested: 0", "Tested: 1\n"];
    assert!(said.contains("Tested: ") && !tested.iter().any(|it| said.contains(it)), "{said}");
}
