//! What a settings error says: where it stands, which key, what is wrong, what to write instead.

use std::fmt;
use std::path::PathBuf;

/// Longest value quoted in a message, in characters.
const QUOTE_CHARS_MAX: usize = 60;

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the built-in default.
    Default,
    /// In a file. Line and column count from 1, the column in characters; 0 is the whole file.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In an environment variable of this name.
    Environment(String),
    /// In a flag, written as on the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("defaults"),
            Origin::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Origin::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// A source of settings that cannot be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {problem}{}", Hint(.hint))]
pub struct ConfigError {
    /// Where the mistake stands.
    pub origin: Origin,
    /// The key it is about, such as `limits.packet_bytes_max`; empty if about none.
    pub key: String,
    /// What is wrong, naming the key.
    pub problem: String,
    /// What would be right; empty if the problem says it all.
    pub hint: String,
}

/// The second half of an error's text, which some errors lack.
struct Hint<'a>(&'a str);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

/// Everything that is wrong with the sources of settings; one mistake at least.
///
/// In the order of the file, then of the environment and the flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Takes what was found; `None` if that is nothing.
    pub(crate) fn of(mut errors: Vec<ConfigError>) -> Option<Self> {
        errors.sort_by_key(|error| place(&error.origin));
        errors.dedup();
        (!errors.is_empty()).then_some(ConfigErrors(errors))
    }

    /// Returns the mistakes in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        ConfigErrors(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    /// Writes a line for each mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Returns what orders mistakes as whoever corrects them goes: through the file, then the others.
fn place(origin: &Origin) -> (u8, usize, usize) {
    match origin {
        Origin::File { line, column, .. } => (0, *line, *column),
        Origin::Environment(_) => (1, 0, 0),
        Origin::Flag(_) => (2, 0, 0),
        Origin::Default => (3, 0, 0),
    }
}

/// Cuts a text to a length that is readable in a message.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
