//! An ordinary client of memcached: pymemcache, from PyPI.

use std::{path::Path, process::Command};

use crate::{LISTENER, start};

/// What `cargo xtask setup` makes.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/memcached/pymemcache_client.py");

#[test]
fn pymemcache_is_served() {
    assert!(
        Path::new(PYTHON).exists(),
        "there is no Python environment with pymemcache at {PYTHON}: run `cargo xtask setup`"
    );
    let broker = start(&[]);
    let output = Command::new(PYTHON)
        .arg(SCRIPT)
        .arg(broker.address_of(LISTENER).port().to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
