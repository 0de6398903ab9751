//! JMQT's `load_balancer.conf`.

use toml::{Table, Value};

use crate::error::ConfigError;
use crate::file::File;

use super::entry::{Entry, is_node};
use super::ini;
use super::reading::Reading;

/// Understands a `load_balancer.conf`.
pub(crate) fn read<'a>(file: File<'a>) -> Result<Reading<'a>, ConfigError> {
    // A colon belongs to the address that a mapping begins with.
    let sections = ini::read(&file, &['='])?;
    let mut reading = Reading::of(file);
    for section in &sections {
        match section.name.as_str() {
            "options" => note_options(&mut reading, &section.entries)?,
            "mappings" => read_mappings(&mut reading, &section.entries)?,
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
        reading.note(
            entry.at,
            "`buffer_size` has no counterpart and was left out: an idle connection has no buffer, and \
             those of one that waits for its peer are bounded",
        );
    }
    reading.note_unknown(entries, &["buffer_size"]);
    Ok(())
}

/// Makes a route of each mapping.
fn read_mappings(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    let (mut routes, mut used) = (Vec::new(), Vec::new());
    for entry in entries {
        let Some(listen) = listen(&entry.name) else {
            reading.note_unknown(std::slice::from_ref(entry), &[]);
            continue;
        };
        let servers = reading.nodes(entry)?;
        if servers.is_empty() || !servers.iter().all(|server| server.contains(':')) {
            return Err(reading.refuse(entry, "host:port, several with commas between"));
        }
        let servers = servers.into_iter().map(Value::String).collect();
        routes.push(Value::Table(Table::from_iter([
            ("listen".to_owned(), Value::String(listen)),
            ("servers".to_owned(), Value::Array(servers)),
        ])));
        used.push(entry);
    }
    if let Some(first) = used.first() {
        reading.note(
            first.at,
            "the original gives each connection to a server drawn at random; here it goes to the one with the \
             fewest connections, unless a route has another `policy`",
        );
        reading.set("balancer.routes", Value::Array(routes), &used);
    }
    Ok(())
}

/// Returns where a mapping listens: on all addresses if it names a port only, as the original does.
fn listen(name: &str) -> Option<String> {
    match name.parse::<u16>() {
        Ok(port) => Some(format!("0.0.0.0:{port}")),
        Err(_) if name.contains(':') && is_node(name) => Some(name.to_owned()),
        Err(_) => None,
    }
}
