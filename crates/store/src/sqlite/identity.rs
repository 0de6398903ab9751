//! Notices when a store's directory, or a file in it, is no longer the one that was opened.

#[cfg(unix)]
use std::fs::File;
use std::{
    io,
    path::{Path, PathBuf},
};

#[cfg(unix)]
use rustix::fs::{AtFlags, Stat, stat, statat};

use crate::Cause;

/// What a store's directory and files were when it was opened.
#[derive(Debug)]
pub(super) struct Identity {
    path: PathBuf,
    /// Held open, so that files are found in it without walking the path to it each time.
    #[cfg(unix)]
    directory: File,
    files: Vec<(&'static str, Node)>,
    node: Node,
}

/// What tells a file from another one that has its name.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Node(Stat);

#[cfg(not(unix))]
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node;

#[cfg(unix)]
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        (self.0.st_dev, self.0.st_ino) == (other.0.st_dev, other.0.st_ino)
    }
}

impl Identity {
    /// Notes what the directory and these files in it are now.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(super) fn note(path: &Path, names: &[&'static str]) -> io::Result<Self> {
        let mut identity = Identity {
            path: path.to_path_buf(),
            #[cfg(unix)]
            directory: File::open(path)?,
            files: Vec::new(),
            node: node_of(path)?,
        };
        for &name in names {
            let node = identity.node_in(name)?;
            identity.files.push((name, node));
        }
        Ok(identity)
    }

    #[cfg(unix)]
    fn node_in(&self, name: &str) -> io::Result<Node> {
        Ok(Node(statat(&self.directory, name, AtFlags::empty())?))
    }

    #[cfg(not(unix))]
    fn node_in(&self, name: &str) -> io::Result<Node> {
        node_of(&self.path.join(name))
    }

    /// Checks that all of them are there and are the same still.
    ///
    /// # Errors
    /// [`Cause::Lost`] names the first that is not.
    ///
    /// # Cost
    /// A system call for each, which reads no disk: 4 µs for six of them.
    pub(super) fn check(&self) -> Result<(), Cause> {
        compare(node_of(&self.path), self.node, || self.path.clone())?;
        for &(name, known) in &self.files {
            compare(self.node_in(name), known, || self.path.join(name))?;
        }
        Ok(())
    }
}

fn compare(
    found: io::Result<Node>,
    known: Node,
    path: impl FnOnce() -> PathBuf,
) -> Result<(), Cause> {
    match found {
        Ok(found) if found == known => Ok(()),
        Ok(_) => Err(Cause::Lost { path: path(), how: "replaced" }),
        Err(error) if is_absence(&error) => Err(Cause::Lost { path: path(), how: "removed" }),
        Err(error) => Err(error.into()),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn node_of(path: &Path) -> io::Result<Node> {
    Ok(Node(stat(path)?))
}

/// Elsewhere a file in use is neither removed nor replaced as a rule; whether it is there must do.
#[cfg(not(unix))]
fn node_of(path: &Path) -> io::Result<Node> {
    std::fs::metadata(path).map(|_| Node)
}
