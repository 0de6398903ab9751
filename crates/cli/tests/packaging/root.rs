//! Another root than that of this system, into which packages are installed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// What the package depends on, as if it were installed.
const DEPENDENCIES: [&str; 3] = ["libc6", "libgcc-s1", "systemd"];

/// A root with nothing in it but a database of packages.
pub(crate) struct Root(TempDir);

impl Root {
    pub(crate) fn new() -> Self {
        let root = Root(tempfile::tempdir().unwrap());
        // The broker is somebody else.
        fs::set_permissions(root.0.path(), Permissions::from_mode(0o755)).unwrap();
        for directory in
            ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc"]
        {
            fs::create_dir_all(root.path(directory)).unwrap();
        }
        let architecture = Command::new("dpkg").arg("--print-architecture").output().unwrap();
        let architecture = String::from_utf8(architecture.stdout).unwrap();
        let stanza = |name| {
            format!(
                "Package: {name}\nStatus: install ok installed\nVersion: 1000\n\
                 Architecture: {architecture}Maintainer: nobody <nobody@localhost>\n\
                 Description: of a test\n\n"
            )
        };
        fs::write(root.path("var/lib/dpkg/status"), DEPENDENCIES.map(stanza).concat()).unwrap();
        for name in DEPENDENCIES {
            // Directories of theirs, which are not ours to remove.
            fs::write(root.path(&format!("var/lib/dpkg/info/{name}.list")), "/.\n/etc\n").unwrap();
        }
        fs::write(root.path("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        fs::write(root.path("etc/group"), "root:x:0:\n").unwrap();
        root
    }

    /// Returns where a path of that root is, with or without a slash before it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// Runs dpkg on it, which must succeed without a word on standard error; returns what it prints.
    #[track_caller]
    pub(crate) fn dpkg(&self, action: &str, what: impl AsRef<Path>) -> String {
        let output = Command::new("dpkg")
            .arg(format!("--root={}", self.0.path().display()))
            .args(["--force-script-chrootless", "--log=/dev/null", action])
            .arg(what.as_ref())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .unwrap();
        let (printed, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "dpkg {action}:\n{printed}{said}");
        assert_eq!(said, "", "dpkg {action}");
        printed.into_owned()
    }

    /// Returns the numbers of a user and its group.
    pub(crate) fn account(&self, name: &str) -> (u32, u32) {
        let accounts = fs::read_to_string(self.path("etc/passwd")).unwrap();
        let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
        let fields: Vec<&str> = line.split(':').collect();
        (fields[2].parse().unwrap(), fields[3].parse().unwrap())
    }

    /// Returns mode, owner and group of a file.
    pub(crate) fn rights(&self, path: &str) -> (u32, u32, u32) {
        let data = fs::metadata(self.path(path)).unwrap();
        (data.mode() & 0o7777, data.uid(), data.gid())
    }
}
