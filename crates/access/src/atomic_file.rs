//! Writing a file so that a crash leaves the old one or the new one, with the permissions it is to
//! have from its first byte on.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The permissions of files that are for their owner only.
pub(crate) const PRIVATE: u32 = 0o600;

/// How many symbolic links are followed from one to the next, as the system does.
const LINKS_MAX: usize = 40;

/// Replaces what stands in `file`, or makes it, with these permissions. A symbolic link stays one:
/// the file it leads to is replaced, or made.
///
/// # Errors
/// When the directory does not let it; the old content is then still there.
pub fn replace_file(file: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let file = &real_path(file)?;
    let draft = beside(file, ".new");
    // One that a crash left may have been made with other permissions.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    out.write_all(content)?;
    out.sync_all()?;
    fs::rename(&draft, file)?;
    sync_directory_of(file)
}

/// Returns the absolute path of the file that a path leads to, be it there or not: where symbolic
/// links end.
///
/// # Errors
/// When links lead to each other, or the working directory is gone.
pub fn real_path(file: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(file)?;
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(target) => path = path.with_file_name(target),
            // No link, or nothing is there yet.
            Err(_) => return Ok(fs::canonicalize(&path).unwrap_or(path)),
        }
    }
    let text = format!("{} leads through too many symbolic links", file.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// Makes a directory, and those above it that are missing, closed to other users. One that is there
/// stays as it is.
///
/// # Errors
/// When the system does not let it.
pub fn make_private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Returns the path of a file in the same directory, whose name has this behind it.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().map_or_else(OsString::new, OsString::from);
    name.push(ending);
    file.with_file_name(name)
}

/// The new name outlives a power cut only when the directory is on disk too.
fn sync_directory_of(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
