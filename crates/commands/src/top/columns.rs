//! The columns of the lists.

use std::time::Duration;

use serde_json::Value;

use crate::amount;
use crate::table::{span, word};

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) heading: &'static str,
    /// What the API calls it.
    key: &'static str,
    kind: Kind,
    pub(super) width: usize,
    /// Whether there is room for it in 80 columns.
    pub(super) is_narrow: bool,
}

/// How a cell is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Of a client: whether it is there.
    State,
    Yes,
    Count,
    Bytes,
    Rate,
    Span,
}

const fn column(heading: &'static str, key: &'static str, kind: Kind, width: usize) -> Column {
    Column { heading, key, kind, width, is_narrow: true }
}

const fn wide(heading: &'static str, key: &'static str, kind: Kind, width: usize) -> Column {
    Column { heading, key, kind, width, is_narrow: false }
}

/// Those of clients. An older broker does not know all of them, which are left out then.
pub(super) const CLIENTS: &[Column] = &[
    column("CLIENT", "id", Kind::Text, 24),
    column("STATE", "online", Kind::State, 8),
    wide("PROTOCOL", "protocol", Kind::Text, 10),
    wide("ADDRESS", "address", Kind::Text, 22),
    column("FOR", "connected_s", Kind::Span, 8),
    column("SUBS", "subscriptions", Kind::Count, 6),
    column("IN/s", "in_rate", Kind::Rate, 8),
    column("OUT/s", "out_rate", Kind::Rate, 8),
    column("LAG", "lag", Kind::Count, 9),
    column("PENDING", "pending_bytes", Kind::Bytes, 10),
    wide("DROPPED", "dropped", Kind::Count, 9),
];

/// Those of channels.
pub(super) const CHANNELS: &[Column] = &[
    column("CHANNEL", "name", Kind::Text, 24),
    column("SUBS", "subscribers", Kind::Count, 7),
    column("PERSIST", "persistent_subscribers", Kind::Count, 8),
    column("IN/s", "in_rate", Kind::Rate, 8),
    column("OUT/s", "out_rate", Kind::Rate, 8),
    column("BACKLOG", "log_messages", Kind::Count, 9),
    column("BYTES", "log_bytes", Kind::Bytes, 10),
    wide("HISTORY", "history", Kind::Count, 8),
    wide("RETAINED", "retained", Kind::Yes, 9),
];

impl Column {
    /// Says whether any of the entries has something to show here.
    pub(super) fn is_known(&self, entries: &[Value]) -> bool {
        entries.is_empty() || entries.iter().any(|entry| !entry[self.key].is_null())
    }

    /// Says whether its cells are numbers, which stand to the right and begin with the largest.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Count | Kind::Bytes | Kind::Rate | Kind::Span)
    }

    pub(super) fn cell(&self, entry: &Value) -> String {
        let value = &entry[self.key];
        match self.kind {
            Kind::Text => value.as_str().map(word),
            Kind::State => Some(state(entry).to_owned()),
            Kind::Yes => Some(if value == true { "yes" } else { "" }.to_owned()),
            Kind::Count => value.as_u64().map(amount::grouped),
            Kind::Bytes => value.as_f64().map(amount::bytes),
            Kind::Rate => value.as_f64().map(amount::rate),
            Kind::Span => value.as_u64().map(|seconds| span(Duration::from_secs(seconds))),
        }
        .unwrap_or_else(|| "-".to_owned())
    }

    /// Returns what the API sorts by for this column, if it does.
    pub(super) fn sort(&self) -> Option<&'static str> {
        (self.is_number() || self.is_name()).then_some(self.key)
    }

    fn is_name(&self) -> bool {
        matches!(self.key, "id" | "name")
    }
}

fn state(client: &Value) -> &'static str {
    match (client["online"].as_bool(), client["lost"].as_bool()) {
        (Some(true), _) => "online",
        (_, Some(true)) => "detached",
        _ => "offline",
    }
}
