//! JMQT's `server.conf`.

use crate::error::ConfigError;
use crate::file::File;

use super::entry::{Entry, find};
use super::python;
use super::reading::Reading;

/// Keys for plain ports, and the listeners of ours that stand for them.
const PLAIN_PORTS: [(&str, &str); 2] =
    [("SOCKET_PORT", "listeners.tcp.address"), ("WEBSOCKET_PORT", "listeners.websocket.address")];
const TLS_PORTS: [(&str, &str); 2] =
    [("SSL_SOCKET_PORT", "listeners.tls.address"), ("SSL_WEBSOCKET_PORT", "listeners.wss.address")];
const TLS_FILES: [(&str, &str); 2] =
    [("SSL_CERT_PATH", "tls.certificate"), ("SSL_KEY_PATH", "tls.key")];

const REDIS: [&str; 4] = ["REDIS_HOST", "REDIS_PORT", "REDIS_DB_INDEX", "REDIS_PASSWORD"];
const MYSQL: [&str; 5] = ["MYSQL_DB", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PSWD"];
const OTHERS: [&str; 6] =
    ["LOG_PATH", "LOG_MODE", "TIMEOUT_SECONDS", "ENABLE_SSL", "ENABLE_REDIS", "ENABLE_MYSQL"];

pub(super) const LEVELS: [(&str, &str); 5] =
    [("DBG", "debug"), ("INF", "info"), ("WRN", "warn"), ("ERR", "error"), ("DISABLED", "off")];

/// Understands a `server.conf`.
pub(super) fn read<'a>(file: File<'a>) -> Result<Reading<'a>, ConfigError> {
    let entries = python::read(&file)?;
    let mut reading = Reading::of(file);
    reading.note_of_file(
        "JMQT listens on all addresses, Rialto on 127.0.0.1, for this machine only; to be reached \
         from others, give the listeners other addresses, and set access.mode = \"tokens\" or \
         access.open_beyond_loopback = true",
    );
    take_ports(&mut reading, &entries, &PLAIN_PORTS)?;
    take_tls(&mut reading, &entries)?;
    take_timeout(&mut reading, &entries)?;
    take_log(&mut reading, &entries)?;
    take_redis(&mut reading, &entries)?;
    take_mysql(&mut reading, &entries)?;
    note_repeated(&mut reading, &entries);
    reading.note_unknown(&entries, &known());
    Ok(reading)
}

fn take_ports(
    reading: &mut Reading,
    entries: &[Entry],
    ports: &[(&str, &str)],
) -> Result<(), ConfigError> {
    for (name, key) in ports {
        if let Some(entry) = find(entries, name) {
            let port = reading.port(entry)?;
            reading.set(key, format!("127.0.0.1:{port}"), &[entry]);
        }
    }
    Ok(())
}

fn take_tls(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    let switch = find(entries, "ENABLE_SSL");
    match (switch, reading.switch(switch)?) {
        (Some(switch), Some(true)) => {
            take_ports(reading, entries, &TLS_PORTS)?;
            take_tls_files(reading, entries, switch)?;
            // A JMQT server's port for TLS takes nothing else; that of our defaults would.
            reading.set("listeners.tls.tls", "require", &[switch]);
        }
        (switch, _) => {
            if let Some(switch) = switch {
                reading.set("listeners.tls.enabled", false, &[switch]);
            }
            let names = TLS_PORTS.iter().chain(&TLS_FILES).map(|(name, _)| *name);
            note_unused(reading, entries, "ENABLE_SSL", names);
        }
    }
    Ok(())
}

fn take_tls_files(
    reading: &mut Reading,
    entries: &[Entry],
    switch: &Entry,
) -> Result<(), ConfigError> {
    for (name, key) in TLS_FILES {
        let Some(entry) = find(entries, name) else {
            return Err(ConfigError {
                origin: reading.file.origin(switch.value_at),
                key: name.to_owned(),
                problem: format!("`ENABLE_SSL` is 1 and there is no `{name}`"),
                hint: "name the PEM files with certificate and key, or set ENABLE_SSL = 0"
                    .to_owned(),
            });
        };
        reading.set(key, entry.value.clone(), &[entry]);
    }
    Ok(())
}

fn take_timeout(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    let Some(entry) = find(entries, "TIMEOUT_SECONDS") else { return Ok(()) };
    let seconds: f64 =
        entry.value.parse().map_err(|_| reading.refuse(entry, "a number of seconds"))?;
    let period = match seconds.fract() == 0.0 {
        true => format!("{seconds}s"),
        false => format!("{}ms", (seconds * 1000.0).round()),
    };
    reading.set("session.heartbeat_timeout", period, &[entry]);
    Ok(())
}

fn take_log(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    if let Some(entry) = find(entries, "LOG_MODE") {
        reading.set("log.level", reading.word(entry, &LEVELS)?, &[entry]);
    }
    if let Some(entry) = find(entries, "LOG_PATH") {
        let text = format!(
            "`LOG_PATH` has no counterpart: Rialto logs to standard error; redirect it, as in \
             `rialto serve … 2>> {}`",
            entry.value
        );
        reading.note(entry.at, text);
    }
    Ok(())
}

/// Takes the database over, but for the password, which settings should not show.
fn take_mysql(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    let switch = find(entries, "ENABLE_MYSQL");
    let (Some(switch), Some(true)) = (switch, reading.switch(switch)?) else {
        note_unused(reading, entries, "ENABLE_MYSQL", MYSQL.into_iter());
        return Ok(());
    };
    let value = |name| find(entries, name).map(|entry| entry.value.as_str());
    let port = find(entries, "MYSQL_PORT").map(|entry| reading.port(entry)).transpose()?;
    let user = value("MYSQL_USER").map(|user| format!("{}@", encoded(user)));
    let url = format!(
        "mysql://{}{}:{}/{}",
        user.unwrap_or_default(),
        value("MYSQL_HOST").unwrap_or("localhost"),
        port.unwrap_or(3306),
        encoded(value("MYSQL_DB").unwrap_or("jmqt_core"))
    );
    reading.set("store.kind", "mysql", &[switch]);
    reading.set("store.url", url, &[switch]);
    reading.note(
        switch.at,
        "Rialto makes tables of its own in the database of MYSQL_DB, and leaves those of JMQT as they are",
    );
    if let Some(password) = find(entries, "MYSQL_PSWD") {
        reading.note(
            password.at,
            "`MYSQL_PSWD` is a secret and was left out: give it to the broker in the environment as \
             MYSQL_PWD, or as a part of the URL in a file that store.url_file names",
        );
    }
    Ok(())
}

/// Notes the bus, but for the password: settings with one would be refused as long as no database is shared.
fn take_redis(reading: &mut Reading, entries: &[Entry]) -> Result<(), ConfigError> {
    let switch = find(entries, "ENABLE_REDIS");
    let (Some(switch), Some(true)) = (switch, reading.switch(switch)?) else {
        note_unused(reading, entries, "ENABLE_REDIS", REDIS.into_iter());
        return Ok(());
    };
    let value = |name| find(entries, name).map(|entry| entry.value.as_str());
    let port = find(entries, "REDIS_PORT").map(|entry| reading.port(entry)).transpose()?;
    let (host, port) = (value("REDIS_HOST").unwrap_or("localhost"), port.unwrap_or(6379));
    reading.note(
        switch.at,
        format!(
            "several brokers share a database, and Redis only carries what they tell each other: set store.shared = true with \
             a PostgreSQL database, and bus.kind = \"redis\", bus.urls = \"redis://{host}:{port}\""
        ),
    );
    if let Some(index) = find(entries, "REDIS_DB_INDEX") {
        reading.note(
            index.at,
            "`REDIS_DB_INDEX` has no counterpart: what Redis carries is in no database of it",
        );
    }
    if let Some(password) = find(entries, "REDIS_PASSWORD") {
        reading.note(
            password.at,
            "`REDIS_PASSWORD` is a secret and was left out: give it to the broker as a part of the URL, \
             redis://:password@host:port, in a file that bus.url_file names",
        );
    }
    Ok(())
}

/// Returns a text as a part of a URL.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Notes those of `names` that say something while their switch is off.
fn note_unused<'n>(
    reading: &mut Reading,
    entries: &[Entry],
    switch: &str,
    names: impl Iterator<Item = &'n str>,
) {
    for entry in names.filter_map(|name| find(entries, name)) {
        let text = format!("`{}` means nothing unless {switch} = 1, and was left out", entry.name);
        reading.note(entry.at, text);
    }
}

/// Notes each entry that a later one of the same name replaces, as in Python.
pub(super) fn note_repeated(reading: &mut Reading, entries: &[Entry]) {
    for entry in entries {
        if let Some(last) = find(entries, &entry.name).filter(|last| last.at != entry.at) {
            let place = reading.file.origin(last.at);
            reading.note(entry.at, format!("`{}` is set again at {place}, which holds", last.name));
        }
    }
}

fn known() -> Vec<&'static str> {
    let pairs = PLAIN_PORTS.iter().chain(&TLS_PORTS).chain(&TLS_FILES).map(|(name, _)| *name);
    pairs.chain(REDIS).chain(MYSQL).chain(OTHERS).collect()
}
