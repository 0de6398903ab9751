//! Other brokers.

use crate::quantity::ByteSize;
use crate::secret::Secret;
use crate::section::section;

section! {
    /// Other brokers that get what is published here, and the other way round: every node passes on
    /// what its own clients publish to all others, over their "coremq" listeners.
    pub struct Cluster {
        /// Name of this server as others see it; empty is the machine's host name.
        name: String = "",
        /// All servers of the cluster, each "host" or "host:port" (6747 if none is given). The same
        /// list may stand on every server: this one is recognised and left out.
        nodes: Vec<String> = "[]",
        /// Further hosts that may ask for all messages, such as that of a WebSocket gateway. The
        /// hosts of nodes may as well.
        allowed_replicants: Vec<String> = "[]",
        /// Client id with which this server opens a session on the others, where they ask for one.
        client: String = "",
        /// The token for it.
        token: Secret = "",
        /// Memory for messages that others have not fetched yet, because the connection to them is
        /// down. Beyond it the oldest are dropped, and those that miss them are told how many.
        backlog_bytes_max: ByteSize = "16MiB" in "0" to "1024GiB",
    }
}
