//! A file system of its own for a test that wants one full or read-only.

use std::{fs, path::Path, process::Command};

use rialto_testkit::leave_out;
use tempfile::TempDir;

/// A small file system in memory, unmounted when dropped.
pub(crate) struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Mounts one, or says on standard error that the test runs without.
    pub(crate) fn try_new(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], directory.path()) {
            return Some(Disk { directory });
        }
        leave_out("mounting is not permitted here");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let whole = vec![0; 64 << 20];
        fs::write(self.ballast(), whole).expect_err("the disk is smaller than that");
    }

    /// Takes back what [`fill`](Self::fill) did.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn mount(arguments: &[&str], directory: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(directory).output();
    output.is_ok_and(|output| output.status.success())
}
