//! JMQT's `load_balancer.conf`, for which this version has no counterpart.

use crate::error::ConfigError;
use crate::file::File;

use super::entry::{Entry, is_node};
use super::ini;
use super::reading::Reading;

/// Understands a `load_balancer.conf`.
pub(super) fn read<'a>(file: File<'a>) -> Result<Reading<'a>, ConfigError> {
    // A colon belongs to the address that a mapping begins with.
    let sections = ini::read(&file, &['='])?;
    let mut reading = Reading::of(file);
    reading.note_of_file(
        "this version has no load balancer; a TCP balancer such as HAProxy or nginx can stand in \
         its place, with these mappings",
    );
    for section in &sections {
        match section.name.as_str() {
            "options" => note_options(&mut reading, &section.entries)?,
            "mappings" => note_mappings(&mut reading, &section.entries)?,
            other => reading.note(section.at, format!("[{other}] is not known and was left out")),
        }
    }
    Ok(reading)
}

fn note_options(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    for entry in entries.iter().filter(|entry| entry.name == "buffer_size") {
        if entry.value.parse::<u64>().is_err() {
            return Err(reading.refuse(entry, "a number of bytes"));
        }
        reading.note(entry.at, "`buffer_size` has no counterpart and was left out");
    }
    reading.note_unknown(entries, &["buffer_size"]);
    Ok(())
}

fn note_mappings(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    for entry in entries {
        let is_place =
            entry.name.parse::<u16>().is_ok() || (entry.name.contains(':') && is_node(&entry.name));
        if !is_place {
            reading.note_unknown(std::slice::from_ref(entry), &[]);
            continue;
        }
        let nodes = reading.nodes(entry)?;
        if nodes.is_empty() || !nodes.iter().all(|node| node.contains(':')) {
            return Err(reading.refuse(entry, "host:port, several with commas between"));
        }
        reading.note(entry.at, format!("mapping of {} to {}", entry.name, nodes.join(", ")));
    }
    Ok(())
}
