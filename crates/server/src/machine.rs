//! The machine as the server finds it: how much memory there is for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is assumed where the system does not say.
const UNKNOWN_BYTES: u64 = 1 << 30;

/// Returns the memory that this process may use, in bytes: the machine's, or less where a control
/// group allows less.
pub(crate) fn memory_bytes() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_bytes(&text));
    let group = fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|text| group_path(&text).map(str::to_owned))
        .and_then(|path| group_bytes(Path::new("/sys/fs/cgroup"), &path));
    let known = [machine, group].into_iter().flatten().min();
    known.unwrap_or(UNKNOWN_BYTES)
}

/// Returns the memory that this process takes, in bytes; `None` where the system does not say.
pub(crate) fn resident_bytes() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// How full a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    /// What the files of a directory take.
    pub(crate) used_bytes: u64,
    /// What is left on its disk for this process.
    pub(crate) free_bytes: u64,
}

/// Returns what the files right in a directory take, and what is left; `None` where there is none.
pub(crate) fn disk(directory: &Path) -> Option<Disk> {
    let files = fs::read_dir(directory).ok()?.filter_map(|entry| entry.ok()?.metadata().ok());
    let used_bytes = files.filter(|it| it.is_file()).map(|it| it.len()).sum();
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(Disk { used_bytes, free_bytes: disk.f_bavail * disk.f_frsize })
}

/// Reads the machine's memory from `/proc/meminfo`.
fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Reads the path of the control group, version 2, from `/proc/self/cgroup`.
fn group_path(cgroup: &str) -> Option<&str> {
    cgroup.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// Returns the least that a control group or one around it allows.
fn group_bytes(root: &Path, path: &str) -> Option<u64> {
    let group: PathBuf = root.join(path);
    let groups = group.ancestors().take_while(|group| group.starts_with(root));
    groups
        .filter_map(|group| fs::read_to_string(group.join("memory.max")).ok())
        .filter_map(
            // `max` where there is no limit.
            |text| text.trim().parse().ok(),
        )
        .min()
}

#[cfg(test)]
mod tests;
