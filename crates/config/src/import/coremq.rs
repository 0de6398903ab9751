//! CoreMQ's `coremq.conf`: `[CoreMQ]` is the queue server, `[CoreWS]` its WebSocket gateway.

use std::net::SocketAddr;

use crate::address::ListenAddress;
use crate::error::ConfigError;
use crate::file::File;
use crate::settings::Listener;

use super::ini::{self, Section};
use super::reading::Reading;

/// The sections, and the listener of ours that stands for each.
const LISTENERS: [(&str, &str); 2] = [("CoreMQ", "coremq"), ("CoreWS", "coremq-websocket")];

/// Keys of both sections.
const COMMON: [&str; 4] = ["address", "port", "log_file", "log_level"];
const CLUSTER: [&str; 2] = ["cluster_nodes", "allowed_replicants"];

const LEVELS: [(&str, &str); 4] =
    [("DEBUG", "debug"), ("INFO", "info"), ("WARN", "warn"), ("ERROR", "error")];

/// Understands a `coremq.conf`.
pub(crate) fn read<'a>(file: File<'a>) -> Result<Reading<'a>, ConfigError> {
    let sections = ini::read(&file, &['=', ':'])?;
    let mut reading = Reading::of(file);
    for (name, listener) in LISTENERS {
        match sections.iter().find(|section| section.name == name) {
            Some(section) => listen(&mut reading, section, listener)?,
            None => {
                let address = default_address(listener);
                reading.note_of_file(format!(
                    "there is no [{name}]; `listeners.{listener}` stays at its default, {address}"
                ));
            }
        }
    }
    for section in &sections {
        match section.name.as_str() {
            "CoreMQ" => queue_server(&mut reading, section)?,
            "CoreWS" => gateway(&mut reading, section),
            other => reading.note(section.at, format!("[{other}] is not known and was left out")),
        }
    }
    Ok(reading)
}

/// Takes address and port of a section for a listener of ours.
///
/// An address that the file does not state is not the original's 0.0.0.0 but ours: nobody is to be
/// reachable by the whole network, without authentication, for having said nothing.
fn listen(reading: &mut Reading, section: &Section, listener: &str) -> Result<(), ConfigError> {
    let default = default_address(listener);
    let (address, port) = (section.get("address"), section.get("port"));
    let stated: Vec<_> = address.into_iter().chain(port).collect();
    let socket = SocketAddr::new(
        address.map_or(Ok(default.ip()), |entry| reading.ip(entry))?,
        port.map_or(Ok(default.port()), |entry| reading.port(entry))?,
    );
    if !stated.is_empty() {
        reading.set(&format!("listeners.{listener}.address"), socket.to_string(), &stated);
    }
    if address.is_none() {
        reading.note(
            section.at,
            format!(
                "[{}] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on {}, for \
                 this machine only; to be reached from others, state one, and set access.mode = \
                 \"tokens\" or access.open_beyond_loopback = true",
                section.name,
                default.ip()
            ),
        );
    }
    Ok(())
}

fn queue_server(reading: &mut Reading, section: &Section) -> Result<(), ConfigError> {
    for name in CLUSTER {
        if let Some(entry) = section.get(name) {
            let key = if name == "cluster_nodes" { "nodes" } else { name };
            reading.set(&format!("cluster.{key}"), reading.nodes(entry)?, &[entry]);
        }
    }
    if let Some(entry) = section.get("log_level") {
        reading.set("log.level", reading.word(entry, &LEVELS)?, &[entry]);
    }
    if let Some(entry) = section.get("log_file").filter(|entry| entry.value != "stdout") {
        let text = format!(
            "`log_file` has no counterpart: Rialto logs to standard error; redirect it, as in \
             `rialto serve … 2>> {}`",
            entry.value
        );
        reading.note(entry.at, text);
    }
    reading.note_unknown(&section.entries, &[&COMMON[..], &CLUSTER].concat());
    Ok(())
}

fn gateway(reading: &mut Reading, section: &Section) {
    for name in ["log_file", "log_level"] {
        if let Some(entry) = section.get(name) {
            let text = format!(
                "`{name}` of [CoreWS] was left out: the gateway takes that of [CoreMQ], in CoreMQ \
                 as in Rialto"
            );
            reading.note(entry.at, text);
        }
    }
    reading.note_unknown(&section.entries, &COMMON);
}

fn default_address(listener: &str) -> SocketAddr {
    match Listener::defaults()[listener].address {
        ListenAddress::Socket(socket) => socket,
        ListenAddress::Name { .. } => unreachable!("the defaults are addresses of loopback"),
    }
}
