//! Files as they are to be packed: in their places, with fixed modes and dates.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context;

use super::{
    contents::Item,
    layout::{Layout, Place},
};
use crate::process::run;

const PROGRAM_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

/// Puts all files in their places below a directory.
pub(super) fn lay_out(items: &[Item], layout: Layout, root: &Path) -> anyhow::Result<()> {
    for item in items {
        let path = root.join(layout.directory(item.place)).join(&item.name);
        let mode = if item.is_program { PROGRAM_MODE } else { FILE_MODE };
        write(&path, &item.bytes_in(layout), mode)?;
        if is_compressed(item) {
            // Without name and date of the file, which would differ each time.
            run(Command::new("gzip").args(["-9", "--no-name"]).arg(&path))?;
        }
    }
    Ok(())
}

/// Writes a file of that mode, with its directories.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let directory = path.parent().context("a file is in a directory")?;
    fs::create_dir_all(directory)?;
    fs::write(path, bytes)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok(())
}

/// Gives everything below a directory the same date, and directories their mode.
pub(super) fn settle(root: &Path, date: u64) -> anyhow::Result<()> {
    let mut paths = vec![root.to_owned()];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            fs::set_permissions(&path, Permissions::from_mode(PROGRAM_MODE))?;
            let entries = fs::read_dir(&path)?.collect::<Result<Vec<_>, _>>()?;
            paths.extend(entries.iter().map(fs::DirEntry::path));
        }
        File::open(&path)?.set_modified(UNIX_EPOCH + Duration::from_secs(date))?;
    }
    Ok(())
}

/// Returns all files below a directory, in order, relative to it.
pub(super) fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Says whether it is one of the files that Debian wants compressed; `man` reads them so.
fn is_compressed(item: &Item) -> bool {
    match item.place {
        Place::ManualPages => true,
        Place::Documentation => {
            !item.name.contains('/') && !item.name.ends_with(".md") && item.name != "LICENSE"
        }
        _ => false,
    }
}
