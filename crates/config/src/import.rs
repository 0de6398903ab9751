//! The configuration of the original programs, in our words.
//!
//! Pure: texts in; assignments like those of any other source, and notes on what has no counterpart,
//! out. Reads no files. `kind` tells which file a text is; `ini` and `python` are the two forms;
//! each file has a module that knows what its keys mean; `output` writes the result.

mod entry;
mod ini;
mod kind;
mod output;
mod python;
mod reading;

mod balancer;
mod client;
mod coremq;
mod server;

use std::path::PathBuf;

use crate::assignment::{self, Assignment, Flag};
use crate::draft::Draft;
use crate::error::{ConfigError, ConfigErrors};
use crate::file::File;
use crate::note::Note;
use crate::scalar::Given;

pub(crate) use kind::Kind;
use output::Change;
use reading::{Found, Reading};

/// A configuration file of an original program.
#[derive(Debug, Clone)]
pub struct OriginalFile {
    /// Its name, for messages.
    pub path: PathBuf,
    /// Its content, which also tells what it is.
    pub text: String,
}

/// Original files as settings of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// A settings file that [`load()`](crate::load()) accepts, with the notes at its top.
    pub toml: String,
    /// How many settings it has.
    pub change_count: usize,
    /// What has no counterpart, or a different one.
    pub notes: Vec<Note>,
}

/// Turns `files`, in any number and order, into one settings file.
///
/// Takes CoreMQ's `coremq.conf` and JMQT's `server.conf`, `client.conf` and `load_balancer.conf`,
/// told by their content. What `flags` set stands above the files, and in the result.
///
/// # Errors
/// [`ConfigErrors`] for a file that is none of these or is malformed, for a value that cannot be, for
/// files that contradict each other, and for settings that do not go together.
pub fn import(files: &[OriginalFile], flags: &[Flag]) -> Result<Import, ConfigErrors> {
    let flags = assignment::of_flags(flags).into_iter().collect::<Result<Vec<_>, _>>()?;
    let readings: Vec<Reading> = files.iter().map(read).collect::<Result<_, _>>()?;
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for reading in readings {
        found.extend(reading.found);
        notes.extend(reading.notes);
    }
    found.retain(|found| flags.iter().all(|flag| flag.path != found.assignment.path));
    refuse_contradictions(&found)?;
    let changes = changes(&found, &flags)?;
    let names: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    let change_count = changes.len();
    Ok(Import { toml: output::toml(&names, &notes, changes), change_count, notes })
}

/// Said of settings which a rule refuses: they cannot be set right in a file that does not have our
/// keys.
pub(crate) const ADVICE: &str = "such keys go on the command line, as --set KEY=VALUE";

/// Reads a `coremq.conf` that takes the place of a settings file, and notes what then holds besides.
pub(crate) fn coremq(file: File) -> Result<(Vec<Assignment>, Vec<Note>), ConfigError> {
    let mut reading = coremq::read(file)?;
    reading.note_of_file(
        "it says nothing of JMQT; the JMQT listeners stay at their defaults, and each can be turned \
         off, as with --set listeners.tcp.enabled=false",
    );
    let assignments = reading.found.into_iter().map(|found| found.assignment).collect();
    Ok((assignments, reading.notes))
}

/// Reads a `load_balancer.conf` that takes the place of a settings file.
pub(crate) fn balancer(file: File) -> Result<(Vec<Assignment>, Vec<Note>), ConfigError> {
    let reading = balancer::read(file)?;
    let assignments = reading.found.into_iter().map(|found| found.assignment).collect();
    Ok((assignments, reading.notes))
}

fn read(file: &OriginalFile) -> Result<Reading<'_>, ConfigError> {
    let kind = Kind::of(&file.text);
    let file = File { path: &file.path, text: &file.text };
    match kind {
        Some(Kind::Coremq) => coremq::read(file),
        Some(Kind::Server) => server::read(file),
        Some(Kind::Client) => client::read(file),
        Some(Kind::Balancer) => balancer::read(file),
        None => Err(ConfigError {
            origin: file.whole(),
            key: String::new(),
            problem: "this is none of the files that can be imported".to_owned(),
            hint: "coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has \
                   [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such \
                   as REMOTE_HOST = \"localhost\""
                .to_owned(),
        }),
    }
}

/// Refuses two files that set the same key differently: nobody could say which holds.
fn refuse_contradictions(found: &[Found]) -> Result<(), ConfigError> {
    for (index, Found { assignment: later, .. }) in found.iter().enumerate() {
        let same_key = |earlier: &&Found| earlier.assignment.path == later.path;
        let Some(earlier) = found[..index].iter().find(same_key) else { continue };
        let (value, earlier_value) = (text(&later.given), text(&earlier.assignment.given));
        if value != earlier_value {
            let key = later.path.join(".");
            return Err(ConfigError {
                origin: later.origin.clone(),
                problem: format!(
                    "`{key}` would be {value} here and {earlier_value} at {}",
                    earlier.assignment.origin
                ),
                hint: format!("take one out, or decide with --set {key}=VALUE"),
                key,
            });
        }
    }
    Ok(())
}

/// Lays everything over the defaults, checks it, and returns what differs from them then.
fn changes(found: &[Found], flags: &[Assignment]) -> Result<Vec<Change>, ConfigErrors> {
    let of_files: Vec<Assignment> = found.iter().map(|found| found.assignment.clone()).collect();
    let defaults = Draft::new();
    let mut draft = Draft::new();
    draft.advise_on_files(ADVICE);
    draft.apply_all(of_files.into_iter().map(Ok).collect());
    draft.apply_all(flags.iter().cloned().map(Ok).collect());

    let sourced = found.iter().map(|Found { assignment, keys }| {
        (&assignment.path, format!("{}: {keys}", assignment.origin))
    });
    let flagged = flags.iter().map(|flag| (&flag.path, flag.origin.to_string()));
    let mut changes: Vec<Change> = Vec::new();
    for (path, source) in sourced.chain(flagged) {
        // One that was not accepted is told of in the end.
        let Some(value) = draft.value(path) else { continue };
        let is_known = changes.iter().any(|change| &change.path == path);
        if !is_known && defaults.value(path) != Some(value) {
            changes.push(Change { path: path.clone(), value: value.clone(), source });
        }
    }
    draft.finish()?;
    Ok(changes)
}

fn text(given: &Given) -> String {
    match given {
        Given::Toml(value) => value.to_string(),
        Given::Text(text) => text.clone(),
    }
}
