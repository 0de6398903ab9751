//! The artefacts: what `cargo xtask dist` makes of the binary under test, installed, started, upgraded, removed.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod archive;
mod container;
mod dist;
mod installed;
mod life;
mod root;
mod scripts;
mod system;
mod systemd;
mod unit;

use std::path::{Path, PathBuf};

use rialto_testkit::leave_out;

/// Returns where the workspace is.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns a file of the sources.
fn source(name: &str) -> String {
    std::fs::read_to_string(workspace().join(name)).unwrap()
}

/// Says whether this process may do what only root may; says so on standard error if not.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        leave_out("it is not run as root and shows less than it could");
    }
    is_root
}
