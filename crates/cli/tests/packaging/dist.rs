//! The artefacts, made anew of the binary under test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{common::PROGRAM, workspace};

/// An archive and a package, in a directory.
pub(crate) struct Artefacts {
    pub(crate) archive: PathBuf,
    pub(crate) package: PathBuf,
}

impl Artefacts {
    /// Makes both in `directory`, of that revision.
    pub(crate) fn make(directory: &Path, revision: u32) -> Self {
        let revision = revision.to_string();
        let output = Command::new("cargo")
            .args(["xtask", "dist", "--quick", "--binary", PROGRAM, "--revision", &revision])
            .arg("--out")
            .arg(directory)
            .current_dir(workspace())
            // That of the tests' own package, which differs from that of the sources' other packages.
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let only = |ending: &str| {
            let mut paths: Vec<PathBuf> =
                fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.retain(|path| path.to_string_lossy().ends_with(ending));
            assert_eq!(paths.len(), 1, "{paths:?}");
            paths.remove(0)
        };
        Artefacts { archive: only(".tar.gz"), package: only(".deb") }
    }
}
