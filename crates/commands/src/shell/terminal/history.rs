//! The lines of before, in a file that only its owner reads.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rialto_access::{make_private_directory, replace_file};

/// Lines that are kept.
pub(super) const ENTRIES_MAX: usize = 1_000;
/// Bytes of a line that is kept.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Bytes that are read of a file: all that such lines can have.
const FILE_BYTES_MAX: u64 = 2 * (ENTRIES_MAX * LINE_BYTES_MAX) as u64;

/// The permissions of the file.
const PRIVATE: u32 = 0o600;

/// Words by which a line may say a secret.
const SECRET_WORDS: [&str; 4] = ["token", "password", "passwd", "secret"];
/// What every JWT begins with.
const JWT: &str = "eyJ";

/// The file with the lines of before, and what must not be in it.
#[derive(Debug, Default)]
pub(in super::super) struct HistoryFile {
    path: Option<PathBuf>,
    /// Secrets that are known.
    secrets: Vec<String>,
}

impl HistoryFile {
    /// Keeps lines where the environment says, by the XDG base directory specification; none with one
    /// of the secrets.
    pub(in super::super) fn find(secrets: Vec<String>) -> Self {
        let absolute = |name| {
            // The specification has relative paths passed over.
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let directory = absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        HistoryFile { path: directory.map(|it| it.join("rialto/shell_history")), secrets }
    }

    /// Keeps lines for this run only.
    pub(in super::super) fn nowhere(secrets: Vec<String>) -> Self {
        HistoryFile { path: None, secrets }
    }

    /// Returns the lines of before, and makes room for new ones. A file that cannot be used is left
    /// alone, and nothing is kept.
    pub(super) fn load(&mut self) -> Vec<String> {
        let Some(path) = self.path.take() else { return Vec::new() };
        match load(&path) {
            Ok(lines) => {
                self.path = Some(path);
                lines
            }
            Err(_) => Vec::new(),
        }
    }

    /// Keeps a line, unless it is blank or may say a secret; returns whether it is kept for this run.
    pub(super) fn keep(&self, line: &str) -> bool {
        if line.trim().is_empty() || LINE_BYTES_MAX < line.len() || self.is_secret(line) {
            return false;
        }
        if let Some(path) = &self.path {
            // It is no more than a convenience.
            let _ = append(path, line);
        }
        true
    }

    fn is_secret(&self, line: &str) -> bool {
        let lower = line.to_lowercase();
        let is_address_with_user = lower.trim_start().starts_with("connect") && line.contains('@');
        line.starts_with(char::is_whitespace)
            || is_address_with_user
            || line.contains(JWT)
            || SECRET_WORDS.iter().any(|word| lower.contains(word))
            || self.secrets.iter().any(|secret| !secret.is_empty() && line.contains(secret))
    }
}

fn load(path: &Path) -> io::Result<Vec<String>> {
    let directory = path.parent().ok_or(io::ErrorKind::NotFound)?;
    make_private_directory(directory)?;
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = VecDeque::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty() && line.len() <= LINE_BYTES_MAX) {
        count += 1;
        lines.push_back(line.to_owned());
        if ENTRIES_MAX < lines.len() {
            lines.pop_front();
        }
    }
    if lines.len() < count {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        replace_file(path, text.as_bytes(), PRIVATE)?;
    }
    Ok(lines.into())
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    open(path)?.write_all(format!("{line}\n").as_bytes())
}

/// Opens the file, and takes from others what rights they have to it.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(PRIVATE).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if metadata.permissions().mode() & 0o77 != 0 {
        fs::set_permissions(path, Permissions::from_mode(PRIVATE))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[&str]) -> Vec<bool> {
        let history = HistoryFile::nowhere(vec!["s3cret-of-ada".to_owned(), String::new()]);
        lines.iter().map(|line| history.keep(line)).collect()
    }

    #[test]
    fn lines_that_may_say_a_secret_are_not_kept() {
        let harmless = ["publish room hello", "connect 8010 ada", "request time"];
        assert_eq!(kept(&harmless), [true; 3]);
        let secret = [
            "publish login {\"Password\": \"x\"}",
            "request check {\"token\":\"x\"}",
            "connect jmqt://ada:x@host",
            "publish room s3cret-of-ada",
            "send bob eyJhbGciOi",
            " publish room hello",
            "",
            "  ",
        ];
        assert_eq!(kept(&secret), [false; 8]);
        assert_eq!(kept(&["x".repeat(LINE_BYTES_MAX + 1).as_str()]), [false]);
    }
}
