//! What the makers of the archive and of the package have in common.

use std::path::Path;

/// The version of everything in the workspace.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where to make them, and how.
pub(super) struct Making<'a> {
    pub(super) out: &'a Path,
    /// For what is there only meanwhile.
    pub(super) work: &'a Path,
    /// The date of all files, in seconds since the Unix epoch.
    pub(super) date: u64,
    pub(super) quick: bool,
}
