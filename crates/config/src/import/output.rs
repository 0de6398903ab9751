//! What was imported, written as a TOML file.

use std::fmt::Write as _;

use toml::Value;

use crate::schema::SECTIONS;

use crate::note::Note;

/// A key of ours whose value is not the default.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: Vec<String>,
    pub(super) value: Value,
    /// Which keys of which file it comes from.
    pub(super) source: String,
}

/// Writes `changes`, of which no two are of the same key, with `notes` above them.
pub(super) fn toml(names: &[String], notes: &[Note], mut changes: Vec<Change>) -> String {
    let mut text = String::new();
    write_comment(&mut text, &format!("Settings of Rialto, imported from {}.", names.join(", ")));
    write_comment(&mut text, "What is not here is at its default; see `rialto config default`.");
    if !notes.is_empty() {
        text.push_str("#\n");
        write_comment(&mut text, "Notes:");
    }
    for note in notes {
        write_comment(&mut text, &format!("- {note}"));
    }
    changes.sort_by(|one, other| place(&one.path).cmp(&place(&other.path)));
    let mut table: &[String] = &[];
    for Change { path, value, source } in &changes {
        let (name, outer) = path.split_last().expect("a key has a name");
        if outer != table {
            let _ = writeln!(text, "\n[{}]", outer.join("."));
            table = outer;
        }
        write_comment(&mut text, source);
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// Returns what orders keys as the default file does: section, listener, key.
fn place(path: &[String]) -> (usize, &[String], usize) {
    let (name, tables) = path.split_last().expect("a key has a name");
    let is_section = |(section, _): &(&str, _)| tables.first().is_some_and(|it| it == section);
    let section = SECTIONS.iter().position(is_section).expect("the schema knows the key");
    let keys = SECTIONS[section].1.keys;
    let key = keys.iter().position(|key| key.name == name).expect("the schema knows the key");
    (section, tables, key)
}

/// Writes one line; file names and values may have characters that TOML's comments may not.
fn write_comment(text: &mut String, line: &str) {
    let line: String = line.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let _ = writeln!(text, "# {line}");
}
