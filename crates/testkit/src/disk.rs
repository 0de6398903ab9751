//! A file system of its own for a test that wants one full or read-only.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

use tempfile::TempDir;

use crate::left_out::leave_out;

/// A small file system in memory, unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Mounts one, or says on standard error that the test runs without.
    ///
    /// # Panics
    /// When there is no place to mount it at.
    pub fn try_new(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], directory.path()) {
            return Some(Disk { directory });
        }
        leave_out("mounting is not permitted here");
        None
    }

    /// Returns where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Has the system write nothing there any more.
    ///
    /// # Panics
    /// When the system does not permit it.
    pub fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }

    /// Leaves no byte free.
    ///
    /// # Panics
    /// When the disk has more than 256 MiB.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let mut rest = 0..256;
        assert!(rest.any(|_| ballast.write_all(&[0; 1 << 20]).is_err()), "the disk is not small");
    }

    /// Takes back what [`fill`](Self::fill) did.
    ///
    /// # Panics
    /// When it was not full.
    pub fn make_room(&self) {
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
