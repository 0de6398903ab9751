//! From sources to settings: each source's assignments over those before, then the rules.

use std::path::{Path, PathBuf};

use crate::assignment::{self, Assignment, Flag, Read};
use crate::draft::Draft;
use crate::environment;
use crate::error::{ConfigError, ConfigErrors, Origin};
use crate::file::File;
use crate::import::{self, Kind};
use crate::note::Note;
use crate::schema::{self, Place};
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
/// # Ok::<(), rialto_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file to read, in TOML, CoreMQ's `coremq.conf` or JMQT's `load_balancer.conf`. Without it `RIALTO_CONFIG` of `environment` names the file, if it is set.
    pub file: Option<PathBuf>,
    /// Variables and their values. Those that do not start with `RIALTO_` are passed over; of the others, those that have
    /// no two underscores are no settings.
    pub environment: Vec<(String, String)>,
    /// Addresses that replace all listeners, if there are any: `listen-1`, `listen-2` and so on.
    /// Written as in the file.
    pub listen: Vec<String>,
    /// What was set on the command line, the later above the earlier.
    pub flags: Vec<Flag>,
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

/// What became of the sources of settings.
#[derive(Debug)]
pub struct Checked {
    /// The settings, or everything that is wrong with them.
    pub settings: Result<Settings, ConfigErrors>,
    /// What is to be noted about the sources: a file that is CoreMQ's `coremq.conf`, variables that
    /// begin as ours do and are no settings, and settings that are allowed but probably not meant.
    pub notes: Vec<Note>,
}

/// Reads the settings: the defaults, and over them the file, the environment and the flags.
///
/// # Errors
/// [`ConfigErrors`] with everything that is wrong: a file that cannot be read, keys that do not
/// exist, values of the wrong type or out of range, and values that do not go together. Of a file
/// that is not TOML only the first mistake in its syntax can be told.
pub fn load(sources: &Sources) -> Result<Settings, ConfigErrors> {
    check(sources).settings
}

/// Reads the settings as [`load`] does, and what is to be noted about the sources.
///
/// # Errors
/// As [`load`].
pub fn load_with_notes(sources: &Sources) -> Result<(Settings, Vec<Note>), ConfigErrors> {
    let Checked { settings, notes } = check(sources);
    settings.map(|settings| (settings, notes))
}

/// Reads the settings as [`load`] does, and returns what is to be noted about the sources whether
/// or not something is wrong with them.
pub fn check(sources: &Sources) -> Checked {
    let mut draft = Draft::new();
    let mut notes = Vec::new();
    if let Some((path, named_by)) = sources.file() {
        match read_file(&path, named_by) {
            Ok(text) => notes = apply_file(&mut draft, File { path: &path, text: &text }),
            Err(error) => draft.lack(error),
        }
    }
    let (read, left_alone) = environment::read(&sources.environment);
    draft.apply_all(read);
    notes.extend(left_alone);
    draft.replace_listeners(&sources.listen);
    draft.apply_all(assignment::of_flags(&sources.flags));
    let settings = draft.finish().map(|(settings, warnings)| {
        notes.extend(warnings);
        settings
    });
    Checked { settings, notes }
}

/// Reads the text of a file, or says plainly why that cannot be.
fn read_file(path: &Path, named_by: &str) -> Result<String, ConfigError> {
    let unreadable = |line, problem| ConfigError {
        origin: Origin::File { path: path.to_owned(), line, column: usize::from(0 < line) },
        key: String::new(),
        problem,
        hint: format!("it was {named_by}"),
    };
    let bytes = std::fs::read(path).map_err(|error| {
        let problem = match path.is_dir() {
            true => "this is a directory, not a settings file".to_owned(),
            false => format!("the settings file cannot be read: {error}"),
        };
        unreadable(0, problem)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        unreadable(line, "the settings file is not UTF-8 text from this line on".to_owned())
    })
}

/// Lays a file over the draft, ours, a `coremq.conf` or a `load_balancer.conf`, and returns notes on the latter two.
fn apply_file(draft: &mut Draft, file: File) -> Vec<Note> {
    let original = match () {
        () if Kind::is_coremq(file.text) => Some(import::coremq(file)),
        () if Kind::is_balancer(file.text) => Some(import::balancer(file)),
        () => None,
    };
    if let Some(read) = original {
        match read {
            Ok((assignments, notes)) => {
                draft.advise_on_files(import::ADVICE);
                draft.apply_all(assignments.into_iter().map(Ok).collect());
                return notes;
            }
            Err(error) => draft.lack(error),
        }
        return Vec::new();
    }
    match assignment::of_file(&file) {
        // Every line of it would be wrong.
        Ok(read) if is_foreign(file.text, &read) => draft.lack(foreign(&file)),
        Err(_) if Kind::of(file.text).is_some() => draft.lack(foreign(&file)),
        Ok(read) => draft.apply_all(read),
        Err(error) => draft.lack(error),
    }
    Vec::new()
}

/// Says whether a file in TOML is one of the original programs': it has keys of theirs, and some
/// that we have not.
fn is_foreign(text: &str, read: &Read) -> bool {
    let is_unknown = |read: &Result<Assignment, _>| {
        read.as_ref().is_ok_and(|it| matches!(schema::find(&it.path), Place::Unknown { .. }))
    };
    Kind::of(text).is_some() && read.iter().any(is_unknown)
}

fn foreign(file: &File) -> ConfigError {
    ConfigError {
        origin: file.whole(),
        key: String::new(),
        problem: "this is a file of the original programs, not a settings file".to_owned(),
        hint: "`rialto config import FILE` turns it into one".to_owned(),
    }
}
