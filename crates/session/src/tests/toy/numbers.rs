//! The numbers that messages have on one connection.

use std::collections::BTreeMap;

use rialto_domain::PacketId;

/// Stands between what all receivers share of a message and the id by which it is acknowledged.
const SEPARATOR: char = '\u{1F}';

/// How many messages a connection was sent, and which of them it is to acknowledge.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: u64,
    owed: BTreeMap<u64, PacketId>,
}

/// Returns what all receivers share of a message.
pub(crate) fn shared(text: &str, id: Option<PacketId>) -> String {
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    format!("{text}{SEPARATOR}{id}\n")
}

impl Numbers {
    /// Numbers messages in the order in which they are sent.
    pub(crate) fn address(&mut self, shared: &str) -> String {
        let number = |line: &str| {
            let (text, id) = line.split_once(SEPARATOR).unwrap();
            self.last += 1;
            self.owed.extend(PacketId::parse(id).map(|id| (self.last, id)));
            format!("{} {text}\n", self.last)
        };
        shared.lines().map(number).collect()
    }

    /// Takes what is acknowledged by a number.
    pub(crate) fn resolve(&mut self, number: &str) -> Option<PacketId> {
        self.owed.remove(&number.parse().ok()?)
    }
}
