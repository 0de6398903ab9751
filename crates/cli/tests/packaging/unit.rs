//! The unit is one that systemd takes, and fits the broker.

use std::{fs, path::Path, process::Command};

use crate::{common::PROGRAM, source};

/// A unit file, as far as the tests read it.
pub(crate) struct Unit(String);

impl Unit {
    pub(crate) fn read(path: &Path) -> Self {
        Unit(fs::read_to_string(path).unwrap())
    }

    /// Returns the first value of a key.
    #[track_caller]
    pub(crate) fn value(&self, key: &str) -> &str {
        let mut lines = self.0.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(name, _)| *name == key);
        found.unwrap_or_else(|| panic!("the unit has no {key}")).1
    }
}

#[test]
fn systemd_takes_the_unit_and_finds_it_well_guarded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rialto.service");
    fs::write(&path, source("packaging/rialto.service").replace("@BINARY@", PROGRAM)).unwrap();
    let verified =
        Command::new("systemd-analyze").args(["--man=no", "verify"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains("rialto")).collect();
    assert!(verified.status.success() && of_ours.is_empty(), "{said}");

    // From 0, what may do nothing, to 10, what may do all; those of most servers have 9.
    let security = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(&path)
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "{report}");
}

#[test]
fn the_unit_allows_as_many_files_as_connections_need() {
    let unit = Unit(source("packaging/rialto.service"));
    let files: u64 = unit.value("LimitNOFILE").parse().unwrap();
    let defaults = Command::new(PROGRAM).args(["config", "show"]).output().unwrap().stdout;
    let defaults = String::from_utf8(defaults).unwrap();
    let connections = defaults.lines().find_map(|line| line.strip_prefix("connections_max = "));
    let connections: u64 = connections.unwrap().parse().unwrap();
    // The broker itself needs less than a thousand.
    assert!(connections + 1000 < files, "{connections} connections, {files} files");
}

#[test]
fn the_unit_restarts_what_a_restart_helps() {
    let unit = Unit(source("packaging/rialto.service"));
    let refused = Command::new(PROGRAM).args(["serve", "--set", "limits=1"]).output().unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("rialto.db"), "no database".repeat(1000)).unwrap();
    let data_dir = files.path().to_str().unwrap();
    let unusable = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir])
        .output()
        .unwrap();
    let codes = [refused, unusable].map(|ended| ended.status.code().unwrap().to_string());
    assert_eq!(unit.value("RestartPreventExitStatus"), codes.join(" "));
}
