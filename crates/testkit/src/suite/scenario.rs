//! One file of `spec/dialogues`.

use std::{fs, path::Path};

use serde_json::{Map, Value};

use crate::Transport;

/// Who is the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The harness.
    Script,
    /// A real broker behind a proxy.
    Broker,
}

/// A scenario.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) sides: Vec<Side>,
    pub(super) carriers: Vec<Transport>,
    pub(super) needs: Vec<String>,
    pub(super) answers_heartbeats: bool,
    pub(super) is_in_real_time: bool,
    /// Whether an address is one where somebody listens.
    pub(super) addresses: Vec<bool>,
    /// Settings of the real broker.
    pub(super) settings: Vec<String>,
    /// Options of each client by name.
    pub(super) clients: Map<String, Value>,
    pub(super) steps: Vec<Value>,
}

/// The keys that a file may have.
const KEYS: [&str; 13] = [
    "name",
    "shows",
    "clauses",
    "peer",
    "carriers",
    "options",
    "clients",
    "needs",
    "addresses",
    "broker",
    "heartbeats",
    "time",
    "steps",
];

/// The first client, where a step names none.
pub(super) const FIRST: &str = "it";

/// What scenarios call the transports, and the schemes of their addresses.
const TRANSPORTS: [(&str, Transport, &str); 4] = [
    ("tcp", Transport::Tcp, "jmqt"),
    ("tls", Transport::Tls, "jmqts"),
    ("websocket", Transport::WebSocket, "ws"),
    ("websocket-tls", Transport::WebSocketTls, "wss"),
];

/// Returns the transport that scenarios call so.
pub(super) fn transport_named(name: &str) -> Option<Transport> {
    TRANSPORTS.iter().find(|(known, ..)| *known == name).map(|(_, transport, _)| *transport)
}

/// Returns what scenarios call a transport, and the scheme of its addresses.
pub(super) fn words_of(transport: Transport) -> (&'static str, &'static str) {
    let found = TRANSPORTS.iter().find(|(_, known, _)| *known == transport);
    found.map(|(name, _, scheme)| (*name, *scheme)).expect("all are listed")
}

impl Scenario {
    /// Reads all files of a folder, in the order of their names.
    pub(super) fn read_all(folder: &Path) -> Result<Vec<Self>, String> {
        let entries = fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
        let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Result<Self, String> {
        let about = |why: String| format!("{}: {why}", file.display());
        let text = fs::read_to_string(file).map_err(|error| about(error.to_string()))?;
        let value = serde_json::from_str(&text).map_err(|error| about(error.to_string()))?;
        let scenario = Self::parse(&value).map_err(about)?;
        let is_named_so = file.file_stem().is_some_and(|stem| *stem == *scenario.name);
        is_named_so.then_some(scenario).ok_or_else(|| about("has another name".to_owned()))
    }

    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let Value::Object(keys) = value else { return Err("not an object".to_owned()) };
        if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("unknown key {key}"));
        }
        for key in ["shows", "clauses"] {
            if keys.get(key).is_none_or(|value| *value == Value::Array(Vec::new())) {
                return Err(format!("no {key}"));
            }
        }
        let sides = texts(&value["peer"]).into_iter().map(|side| match side.as_str() {
            "script" => Ok(Side::Script),
            "broker" => Ok(Side::Broker),
            other => Err(format!("no peer {other}")),
        });
        let carriers = texts(&value["carriers"]);
        let carriers = carriers
            .iter()
            .map(|name| transport_named(name).ok_or_else(|| format!("no carrier {name}")));
        let mut carriers: Vec<_> = carriers.collect::<Result<_, _>>()?;
        if carriers.is_empty() {
            carriers.extend([Transport::Tcp, Transport::Tls, Transport::WebSocket]);
        }
        let mut addresses: Vec<_> =
            texts(&value["addresses"]).iter().map(|address| address == "peer").collect();
        if addresses.is_empty() {
            addresses.push(true);
        }
        let mut clients = value["clients"].as_object().cloned().unwrap_or_default();
        clients.insert(FIRST.to_owned(), value["options"].clone());
        let steps = value["steps"].as_array().ok_or("no steps")?;
        Ok(Scenario {
            name: value["name"].as_str().ok_or("no name")?.to_owned(),
            sides: sides.collect::<Result<_, _>>()?,
            carriers,
            needs: texts(&value["needs"]),
            answers_heartbeats: value["heartbeats"] != "scripted",
            is_in_real_time: value["time"] == "real",
            addresses,
            settings: texts(&value["broker"]),
            clients,
            steps: steps.clone(),
        })
    }
}

/// Returns the texts of a list, or the one text.
fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(list.map(str::to_owned)).collect()
}
