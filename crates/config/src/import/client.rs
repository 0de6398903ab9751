//! JMQT's `client.conf`: all of it is for the commands that connect, which have no file.

use crate::error::ConfigError;
use crate::file::File;

use super::entry::{Entry, find};
use super::python;
use super::reading::Reading;
use super::server::{LEVELS, note_repeated};

const KNOWN: [&str; 7] = [
    "REMOTE_HOST",
    "REMOTE_PORT",
    "ENABLE_SSL",
    "SSL_CERT_PATH",
    "SSL_KEY_PATH",
    "LOG_PATH",
    "LOG_MODE",
];

/// Understands a `client.conf`.
pub(super) fn read<'a>(file: File<'a>) -> Result<Reading<'a>, ConfigError> {
    let entries = python::read(&file)?;
    let mut reading = Reading::of(file);
    let has_tls = reading.switch(find(&entries, "ENABLE_SSL"))?.unwrap_or(false);
    note_address(&mut reading, &entries, has_tls)?;
    note_tls_files(&mut reading, &entries, has_tls);
    note_log(&mut reading, &entries)?;
    note_repeated(&mut reading, &entries);
    reading.note_unknown(&entries, &KNOWN);
    Ok(reading)
}

fn note_address(
    reading: &mut Reading,
    entries: &[Entry],
    has_tls: bool,
) -> Result<(), ConfigError> {
    let (scheme, default_port) = if has_tls { ("jmqts", 8011) } else { ("jmqt", 8010) };
    let host = find(entries, "REMOTE_HOST");
    let port = find(entries, "REMOTE_PORT");
    let number = port.map_or(Ok(default_port), |entry| reading.port(entry))?;
    let name = host.map_or("localhost", |entry| entry.value.as_str());
    let names: Vec<String> =
        [host, port, find(entries, "ENABLE_SSL")].into_iter().flatten().map(named).collect();
    let at = host.or(port).map_or(0, |entry| entry.at);
    reading.note(
        at,
        format!(
            "{}: `rialto pub` and `rialto sub` take the broker as `--server \
             {scheme}://{name}:{number}`, or from the environment variable RIALTO_SERVER",
            names.join(", ")
        ),
    );
    Ok(())
}

fn note_tls_files(reading: &mut Reading, entries: &[Entry], has_tls: bool) {
    for (name, flag) in [("SSL_CERT_PATH", "--certificate"), ("SSL_KEY_PATH", "--key")] {
        let Some(entry) = find(entries, name) else { continue };
        let text = match has_tls {
            true => format!(
                "{}: `rialto pub` and `rialto sub` take it as `{flag} {}`; --ca names the \
                 authority to trust, if it is not one of the machine's",
                named(entry),
                entry.value
            ),
            false => format!("{} means nothing unless ENABLE_SSL = 1", named(entry)),
        };
        reading.note(entry.at, text);
    }
}

fn note_log(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    if let Some(entry) = find(entries, "LOG_PATH") {
        let text = format!(
            "{}: `rialto pub` and `rialto sub` talk on standard error; redirect it, as in `2>> {}`",
            named(entry),
            entry.value
        );
        reading.note(entry.at, text);
    }
    if let Some(entry) = find(entries, "LOG_MODE") {
        reading.word(entry, &LEVELS)?;
        let text = format!(
            "{}: `rialto pub` and `rialto sub` have no levels; with --quiet they talk of errors only",
            named(entry)
        );
        reading.note(entry.at, text);
    }
    Ok(())
}

fn named(entry: &Entry) -> String {
    format!("`{}`", entry.name)
}
