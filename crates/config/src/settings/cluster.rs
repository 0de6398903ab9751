//! Other brokers.

use crate::quantity::ByteSize;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// Replication: every broker of a cluster sends what its own clients publish to all others,
    /// over their "coremq" listeners.
    pub struct Cluster {
        /// Name of this server for the others; if it is empty, the host name of the machine.
        name: String = "",
        /// All servers of the cluster, each as "host", "host:port" (the default port is 6747) or,
        /// for TLS, "coremqs://host:port". All servers may have the same list: each recognises
        /// itself and leaves itself out.
        nodes: Vec<String> = "[]",
        /// Client ids of servers and gateways that may receive all messages (replicants). They can
        /// read every channel and publish in the name of any client. They must authenticate with a
        /// token, a password or a certificate. With access.mode "tokens" nobody else may. A change
        /// takes effect while the server runs.
        replicants: Vec<String> = "[]",
        /// Further hosts that may receive all messages because of their address, such as that of a
        /// WebSocket gateway, besides the hosts of nodes. With access.mode "tokens" this also
        /// needs replicants_by_address.
        allowed_replicants: Vec<String> = "[]",
        /// Allows these hosts to receive all messages because of their address alone, also with
        /// access.mode "tokens": for original servers and gateways, which have no token. Anybody
        /// who can connect from such an address can then read and publish everything. A change
        /// takes effect while the server runs.
        replicants_by_address: bool = "false",
        /// Client id with which this server opens a session on the others, if they require one.
        client: String = "",
        /// The token or password for that client id.
        token: Secret = "",
        /// PEM file with the authorities that sign the certificates of nodes that are reached over
        /// TLS. A certificate must be for the name or address under which its node is listed.
        authority: OptionalPath = "",
        /// PEM file with the certificate with which this server authenticates to the others, in
        /// place of client and token; if it is empty, none is sent.
        certificate: OptionalPath = "",
        /// PEM file with the private key of that certificate.
        key: OptionalPath = "",
        /// Memory for messages that other servers have not fetched yet because the connection to
        /// them is down. Beyond it the oldest are dropped, and the servers that miss them are told
        /// how many.
        backlog_bytes_max: ByteSize = "16MiB" in "0" to "1024GiB",
        /// Whether this server is ready (/readyz) only while it is connected to all nodes; a node
        /// that is this server itself counts as connected. A change takes effect while the server
        /// runs.
        ready_when_linked: bool = "false",
    }
}
