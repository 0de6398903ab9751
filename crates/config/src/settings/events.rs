//! What happens, told on channels.

use crate::choice::EventKind;
use crate::section::section;

section! {
    /// Channels on which the broker publishes what happens: "$events/connected" and so on. See
    /// docs/events.md.
    pub struct Events {
        /// Kinds of events that are published: "connected", "disconnected", "subscribed",
        /// "refused", "slow-consumer" and "store". A change takes effect while the server runs;
        /// for connections that are open already, "connected" and "disconnected" may be left out.
        publish: Vec<EventKind> = "[]",
        /// Names of the clients (of users and tokens, as rules name them) that may subscribe to
        /// these channels, and read their history, where the rules in access let them; "*" is
        /// everybody. Without any nobody may.
        readers: Vec<String> = "[]",
    }
}
