//! Writing a file so that a crash leaves the old one or the new one, and nobody else can read it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Replaces what stands in `file`, readable and writable by its owner only.
///
/// # Errors
/// When the directory does not let it; the old content is then still there.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_of(file);
    // One that a crash left may have been made with other permissions.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(content)?;
    out.sync_all()?;
    fs::rename(&draft, file)?;
    sync_directory_of(file)
}

fn draft_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    file.with_file_name(name)
}

/// The new name outlives a power cut only when the directory is on disk too.
fn sync_directory_of(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
