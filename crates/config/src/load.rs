//! From sources to settings: each source's assignments over those before, then the rules.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::assignment;
use crate::draft::Draft;
use crate::environment;
use crate::error::{ConfigError, Origin};
use crate::file::File;
use crate::import::{self, Kind};
use crate::note::Note;
use crate::settings::Settings;

/// Where settings are read from, weakest first. Everything is optional.
///
/// # Example
/// ```
/// use rialto_config::{Flag, Sources, load};
///
/// let sources = Sources {
///     flags: vec![Flag::set("limits.packet_bytes_max=64KiB")],
///     ..Sources::default()
/// };
/// assert_eq!(load(&sources)?.limits.packet_bytes_max.get(), 65_536);
/// # Ok::<(), rialto_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file to read, in TOML or CoreMQ's `coremq.conf`. Without it `RIALTO_CONFIG` of `environment` names the file, if it is set.
    pub file: Option<PathBuf>,
    /// Variables and their values. Those that do not start with `RIALTO_` are passed over; of the others, those that have
    /// no two underscores are no settings.
    pub environment: Vec<(String, String)>,
    /// Addresses that replace all listeners, if there are any: `listen-1`, `listen-2` and so on.
    pub listen: Vec<SocketAddr>,
    /// What was set on the command line, the later above the earlier.
    pub flags: Vec<Flag>,
}

/// A setting from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag as messages name it.
    pub(crate) name: String,
    pub(crate) key: String,
    /// Absent if `--set` was given a key only.
    pub(crate) value: Option<String>,
}

impl Flag {
    /// Takes the text behind `--set`, such as `limits.packet_bytes_max=2MiB`.
    pub fn set(text: &str) -> Self {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.to_owned())),
            None => (text.trim(), None),
        };
        Flag { name: format!("--set {key}"), key: key.to_owned(), value }
    }

    /// Takes a flag of its own name, such as `--data-dir`, that stands for `key`.
    pub fn named(name: &str, key: &str, value: &str) -> Self {
        Flag { name: name.to_owned(), key: key.to_owned(), value: Some(value.to_owned()) }
    }
}

impl Sources {
    /// Takes the `RIALTO_…` variables of this process, in the order of their names.
    ///
    /// A value that is not UTF-8 keeps its place with the odd bytes replaced, so that it is
    /// reported as a bad value and not passed over.
    #[must_use]
    pub fn with_process_environment(mut self) -> Self {
        self.environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into(), value.to_string_lossy().into()))
            .collect();
        self.environment.sort();
        self
    }

    fn file(&self) -> Option<(PathBuf, &'static str)> {
        let variable = |(name, value): &(String, String)| {
            (name == "RIALTO_CONFIG" && !value.is_empty()).then(|| PathBuf::from(value))
        };
        match &self.file {
            Some(file) => Some((file.clone(), "named by --config")),
            None => {
                let file = self.environment.iter().find_map(variable)?;
                Some((file, "named by the environment variable RIALTO_CONFIG"))
            }
        }
    }
}

/// Reads the settings: the defaults, and over them the file, the environment and the flags.
///
/// # Errors
/// [`ConfigError`] for the first thing that is wrong: a file that cannot be read, a key that does
/// not exist, a value of the wrong type or out of range, and values that do not go together.
pub fn load(sources: &Sources) -> Result<Settings, ConfigError> {
    load_with_notes(sources).map(|(settings, _)| settings)
}

/// Reads the settings as [`load`] does, and what is to be noted about the sources: a file that is CoreMQ's `coremq.conf`,
/// and variables that begin as ours do and are no settings.
///
/// # Errors
/// As [`load`].
pub fn load_with_notes(sources: &Sources) -> Result<(Settings, Vec<Note>), ConfigError> {
    let mut draft = Draft::new();
    let mut notes = Vec::new();
    if let Some((path, named_by)) = sources.file() {
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError {
            origin: Origin::File { path: path.clone(), line: 0, column: 0 },
            key: String::new(),
            problem: format!("the settings file cannot be read: {error}"),
            hint: format!("it was {named_by}"),
        })?;
        notes = apply_file(&mut draft, File { path: &path, text: &text })?;
    }
    let is_imported = !notes.is_empty();
    let (assignments, left_alone) = environment::read(&sources.environment);
    draft.apply_all(assignments)?;
    notes.extend(left_alone);
    draft.replace_listeners(&sources.listen);
    draft.apply_all(assignment::of_flags(&sources.flags)?)?;
    let settings = draft.finish().map_err(|error| match error.origin {
        Origin::File { .. } if is_imported => import::advise(error),
        _ => error,
    })?;
    Ok((settings, notes))
}

/// Lays a file over the draft, ours or a `coremq.conf`, and returns notes on the latter.
fn apply_file(draft: &mut Draft, file: File) -> Result<Vec<Note>, ConfigError> {
    if Kind::is_coremq(file.text) {
        let (assignments, notes) = import::coremq(file)?;
        draft.apply_all(assignments)?;
        return Ok(notes);
    }
    let applied = assignment::of_file(&file).and_then(|assignments| draft.apply_all(assignments));
    match (applied, Kind::of(file.text)) {
        (Err(error), Some(_)) => Err(ConfigError {
            hint: "this looks like a file of the original programs: `rialto config import FILE` \
                   turns it into TOML"
                .to_owned(),
            ..error
        }),
        (applied, _) => applied.map(|()| Vec::new()),
    }
}
