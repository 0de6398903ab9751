//! The form of `coremq.conf` and `load_balancer.conf`, as Python's `ConfigParser` reads it.
//!
//! Our own reader, since the INI crates (rust-ini 0.21, configparser 3.3) do not say on which line a
//! value stands, and take `;` or `#` behind a value for a comment, which `ConfigParser` does not.
//! Left out: interpolation (`%(name)s`), which none of the values we use has.

use crate::error::ConfigError;
use crate::file::File;

use super::entry::{self, Entry};

/// The section whose keys are defaults of all others.
pub(super) const DEFAULTS: &str = "DEFAULT";

/// The keys below one header.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    /// Where the header stands, in bytes.
    pub(super) at: usize,
    /// In the order of the file, names in lower case, each once.
    pub(super) entries: Vec<Entry>,
}

impl Section {
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        entry::find(&self.entries, name)
    }
}

/// Returns the name in a line that is a section's header.
pub(super) fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?;
    name.split_once(']').map(|(name, _)| name).filter(|name| !name.is_empty())
}

/// Says whether a trimmed line says nothing.
pub(super) fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', ';'])
}

/// Reads all sections. Name and value are parted at the first of `delimiters`.
///
/// # Errors
/// For what `ConfigParser` refuses: a line that is neither header nor key, a key before the first
/// header, a section or a key that comes twice.
pub(super) fn read(file: &File, delimiters: &[char]) -> Result<Vec<Section>, ConfigError> {
    let mut sections: Vec<Section> = Vec::new();
    // How far the key above is indented; a line that is indented deeper continues its value.
    let mut indent_of_key = None;
    for (start, line) in file.lines() {
        let text = line.trim();
        if is_comment(text) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let at = start + indent;
        if indent_of_key.is_some_and(|key| key < indent) {
            continue_value(&mut sections, text, at);
        } else if let Some(name) = header(text) {
            open_section(file, &mut sections, name, at)?;
            indent_of_key = None;
        } else {
            let entry = key(text, at, delimiters)
                .ok_or_else(|| error(file, at, "this line is neither a [section] nor a key"))?;
            add_key(file, &mut sections, entry)?;
            indent_of_key = Some(indent);
        }
    }
    inherit(&mut sections);
    Ok(sections)
}

fn key(text: &str, at: usize, delimiters: &[char]) -> Option<Entry> {
    let (name, value) = text.split_once(delimiters)?;
    let name = name.trim_end().to_lowercase();
    let value = value.trim_start();
    let value_at = if value.is_empty() { at } else { at + text.len() - value.len() };
    (!name.is_empty()).then(|| Entry { name, value: value.to_owned(), at, value_at })
}

fn continue_value(sections: &mut [Section], text: &str, at: usize) {
    let entry = sections.last_mut().and_then(|section| section.entries.last_mut());
    let entry = entry.expect("only a key is continued");
    if entry.value.is_empty() {
        entry.value_at = at;
    } else {
        entry.value.push('\n');
    }
    entry.value.push_str(text);
}

fn open_section(
    file: &File,
    sections: &mut Vec<Section>,
    name: &str,
    at: usize,
) -> Result<(), ConfigError> {
    if sections.iter().any(|section| section.name == name) {
        return Err(error(file, at, &format!("section [{name}] comes twice")));
    }
    sections.push(Section { name: name.to_owned(), at, entries: Vec::new() });
    Ok(())
}

fn add_key(file: &File, sections: &mut [Section], entry: Entry) -> Result<(), ConfigError> {
    let Some(section) = sections.last_mut() else {
        return Err(error(file, entry.at, "this key stands before the first [section]"));
    };
    if section.get(&entry.name).is_some() {
        let problem = format!("`{}` comes twice in [{}]", entry.name, section.name);
        return Err(error(file, entry.at, &problem));
    }
    section.entries.push(entry);
    Ok(())
}

/// Gives all sections the keys of `[DEFAULT]` that they do not have, and takes that section out.
fn inherit(sections: &mut Vec<Section>) {
    let Some(index) = sections.iter().position(|section| section.name == DEFAULTS) else { return };
    let defaults = sections.remove(index).entries;
    for section in sections {
        let missing: Vec<Entry> =
            defaults.iter().filter(|entry| section.get(&entry.name).is_none()).cloned().collect();
        section.entries.extend(missing);
    }
}

fn error(file: &File, at: usize, problem: &str) -> ConfigError {
    ConfigError {
        origin: file.origin(at),
        key: String::new(),
        problem: problem.to_owned(),
        hint: String::new(),
    }
}
