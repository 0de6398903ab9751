//! Where messages are printed to: standard output, or a file that grows.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::output;

/// Where lines go.
#[derive(Debug)]
pub(super) enum Target {
    Stdout,
    File { path: PathBuf, file: File },
}

/// Whether anybody has what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Present,
    /// Nobody reads any more, which is no error.
    Gone,
}

impl Target {
    /// Opens the file to append to, if one is named.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Target::Stdout) };
        let opened = OpenOptions::new().append(true).create(true).open(path);
        let file = opened.map_err(|error| cannot_write(path, &error))?;
        Ok(Target::File { path: path.to_owned(), file })
    }

    /// Returns whether people see what is written, with what a terminal obeys.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Target::Stdout) && io::stdout().is_terminal()
    }

    /// Hands whole lines to the system, all or, where a file does not take them, none of them.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<Reader, Failure> {
        let written = match self {
            Target::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(lines).and_then(|()| stdout.flush())
            }
            Target::File { file, .. } => append(file, lines),
        };
        match (written, &self) {
            (Ok(()), _) => Ok(Reader::Present),
            (Err(error), _) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
            (Err(error), Target::Stdout) => Err(output::failed(&error)),
            (Err(error), Target::File { path, .. }) => Err(cannot_write(path, &error)),
        }
    }
}

/// Appends all of `lines`; what a full disk took of them is taken back.
fn append(mut file: &File, lines: &[u8]) -> io::Result<()> {
    let metadata = file.metadata()?;
    let written = file.write_all(lines);
    if written.is_err() && metadata.is_file() {
        // Half a line would spoil the next one. If that fails too, the first error says more.
        let _ = file.set_len(metadata.len());
    }
    written
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let text = format!("cannot write to {}: {error}", path.display());
    Failure::new(Exit::Failed, text)
}
