//! Environment variables, and which of them are settings.
//!
//! Others have reasons of their own to set variables that begin with our name: Kubernetes sets `RIALTO_PORT` and
//! `RIALTO_SERVICE_HOST` in every container beside a Service named `rialto`. Every setting is a key in a section, and two
//! underscores stand between them; so a variable without two underscores is no setting, and is left alone unless it looks
//! like one that was misspelt.

use crate::assignment::{Assignment, Read};
use crate::error::Origin;
use crate::note::Note;
use crate::scalar::Given;
use crate::schema;

/// What an environment variable must start with to be a setting.
const PREFIX: &str = "RIALTO_";
/// What stands for the dot of a setting's path.
const DOT: &str = "__";

/// Variables that are not settings of the broker: the file to read, the level of the log, and what
/// the client commands take.
const RESERVED: [&str; 8] = [
    "RIALTO_API",
    "RIALTO_API_KEY",
    "RIALTO_CONFIG",
    "RIALTO_CONTEXT",
    "RIALTO_LOG",
    "RIALTO_PASSWORD",
    "RIALTO_SERVER",
    "RIALTO_TOKEN",
];

/// Reads the variables that are settings, and notes those that only look as if they were ours.
///
/// `RIALTO_LISTENERS__TCP__ADDRESS` is `listeners.tcp.address`.
pub(crate) fn read(variables: &[(String, String)]) -> (Read, Vec<Note>) {
    let (mut assignments, mut notes) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let path = path.to_lowercase();
        if RESERVED.contains(&name.as_str()) {
            continue;
        }
        let origin = Origin::Environment(name.clone());
        if path.contains(DOT) || schema::resembles_setting(&path) {
            let path = path.split(DOT).map(str::to_owned).collect();
            let given = Given::Text(value.clone());
            assignments.push(Ok(Assignment { path, given, origin, entries: Vec::new() }));
        } else {
            let text = "this is not a setting, and is left alone: a setting has two underscores \
                        between its section and its key, as in RIALTO_LOG__LEVEL";
            notes.push(Note { origin, text: text.to_owned() });
        }
    }
    (assignments, notes)
}
