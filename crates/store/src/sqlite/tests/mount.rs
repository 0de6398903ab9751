//! A file system of its own for a test that wants one full or read-only.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// A small file system in memory, unmounted when dropped.
pub(super) struct Mount {
    directory: TempDir,
}

impl Mount {
    /// Mounts one, or says on standard error that the test runs without.
    pub(super) fn try_new(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], directory.path()) {
            return Some(Mount { directory });
        }
        eprintln!("mounting is not permitted here: this test shows less than it could");
        None
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn mount(arguments: &[&str], directory: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(directory).output();
    output.is_ok_and(|output| output.status.success())
}
