//! A key with its value, as an original file has it.

use crate::node::Node;

/// One `name = value`, whatever the form of the file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The value without quotes; the lines of a longer one are parted by newlines.
    pub(super) value: String,
    /// Where the name stands, in bytes.
    pub(super) at: usize,
    /// Where the value stands; at the name if the value is empty.
    pub(super) value_at: usize,
}

/// Returns the entry that holds for `name`: the last one, if a form allows several.
pub(super) fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().rfind(|entry| entry.name == name)
}

/// Parts a value at commas, leaving out what is empty.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Says whether this is "host" or "host:port".
pub(super) fn is_node(text: &str) -> bool {
    text.parse().is_ok_and(|node: Node| !node.has_tls)
}
