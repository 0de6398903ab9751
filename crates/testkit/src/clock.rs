//! A wall clock that a test steps while a process runs, by libfaketime.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What says how far the clock is ahead.
const FILE: &str = "clock";

/// Gives a process the clock of a directory, which must have been [stepped](step) once.
///
/// # Panics
/// When libfaketime is not installed.
pub fn give(command: &mut Command, directory: &Path) {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", directory.join(FILE))
        .env("FAKETIME_NO_CACHE", "1")
        // Two names of one setting, of older and of newer releases.
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// Steps the clock of a directory to so many seconds ahead of the true time, or behind it.
///
/// # Panics
/// When the directory cannot be written to.
pub fn step(directory: &Path, ahead_s: i64) {
    // At once, so that nobody reads half of it.
    let new = directory.join("clock.new");
    fs::write(&new, format!("{ahead_s:+}\n")).unwrap();
    fs::rename(new, directory.join(FILE)).unwrap();
}

/// Finds the library where Debian has it.
fn library() -> PathBuf {
    let systems = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = systems.map(|system| system.path().join("faketime/libfaketimeMT.so.1"));
    found
        .find(|library| library.exists())
        .expect("libfaketime is installed: `cargo xtask setup`, or the Debian package faketime")
}
