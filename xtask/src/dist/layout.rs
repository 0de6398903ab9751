//! Where things are: in a Debian package below `/usr`, in the archive below a directory that is copied to
//! `/usr/local`.

/// A place for a file, or for all files of a kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Program,
    Settings,
    Unit,
    Account,
    ManualPages,
    Bash,
    Zsh,
    Fish,
    Documentation,
}

/// One of the two layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Debian,
    Archive,
}

impl Layout {
    /// Returns the directory for a place, relative to the root of the package or of the archive.
    pub(super) fn directory(self, place: Place) -> String {
        let below = match (place, self) {
            (Place::Settings, Layout::Debian) => return "etc/rialto".to_owned(),
            (Place::Settings, Layout::Archive) => return "etc".to_owned(),
            (Place::Program, _) => "bin",
            (Place::Unit, _) => "lib/systemd/system",
            (Place::Account, _) => "lib/sysusers.d",
            (Place::ManualPages, _) => "share/man/man1",
            (Place::Bash, _) => "share/bash-completion/completions",
            (Place::Zsh, Layout::Debian) => "share/zsh/vendor-completions",
            (Place::Zsh, Layout::Archive) => "share/zsh/site-functions",
            (Place::Fish, _) => "share/fish/vendor_completions.d",
            (Place::Documentation, _) => "share/doc/rialto",
        };
        match self {
            Layout::Debian => format!("usr/{below}"),
            Layout::Archive => below.to_owned(),
        }
    }

    /// Returns where the program is once it is installed.
    pub(super) fn program(self) -> &'static str {
        match self {
            Layout::Debian => "/usr/bin/rialto",
            Layout::Archive => "/usr/local/bin/rialto",
        }
    }
}
