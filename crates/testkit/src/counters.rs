//! What a running broker has counted.

use serde_json::Value;

use crate::{Broker, Peer, Transport};

impl Broker {
    /// Returns the counters that `$stats` answers.
    #[must_use]
    pub fn stats(&self) -> Value {
        let mut peer = Peer::online(self, Transport::Tcp, "stats-reader");
        let mut answer = peer.ask(r#"{"pub":{"cn":"$stats","id":"stats"}}"#);
        peer.leave();
        answer["pubAck"]["dt"].take()
    }

    /// Returns one counter of `$stats`.
    #[must_use]
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.stats();
        stats[name].as_u64().unwrap_or_else(|| panic!("no counter {name} in {stats}"))
    }
}
