//! Other brokers.

use crate::quantity::ByteSize;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// Other brokers that get what is published here, and the other way round: every node passes on
    /// what its own clients publish to all others, over their "coremq" listeners.
    pub struct Cluster {
        /// Name of this server as others see it; empty is the machine's host name.
        name: String = "",
        /// All servers of the cluster, each "host", "host:port" (6747 if none is given) or, to speak
        /// TLS, "coremqs://host:port". The same list may stand on every server: this one is
        /// recognised and left out.
        nodes: Vec<String> = "[]",
        /// Client ids of servers and gateways that may ask for all messages, and then read every
        /// channel and publish in anybody's name. They have to show a token, a password or a
        /// certificate. With access.mode "tokens" nobody else may. Taken up while the server runs.
        replicants: Vec<String> = "[]",
        /// Further hosts that may ask for all messages by their address, such as that of a WebSocket
        /// gateway. The hosts of nodes may as well. With access.mode "tokens" it takes
        /// replicants_by_address, too.
        allowed_replicants: Vec<String> = "[]",
        /// Lets these hosts have all messages by their address alone, also with access.mode
        /// "tokens": for original servers and gateways, which bring no token. Whoever can connect
        /// from such an address then reads and publishes everything. Taken up while the server runs.
        replicants_by_address: bool = "false",
        /// Client id with which this server opens a session on the others, where they ask for one.
        client: String = "",
        /// The token, or password, for it.
        token: Secret = "",
        /// PEM file with the authorities that sign the certificates of the nodes that are reached
        /// over TLS; a certificate has to have the name, or address, by which its node is listed.
        authority: OptionalPath = "",
        /// PEM file with the certificate that this server shows the others as their client, which
        /// can stand in place of client and token; empty shows none.
        certificate: OptionalPath = "",
        /// PEM file with the private key of that certificate.
        key: OptionalPath = "",
        /// Memory for messages that others have not fetched yet, because the connection to them is
        /// down. Beyond it the oldest are dropped, and those that miss them are told how many.
        backlog_bytes_max: ByteSize = "16MiB" in "0" to "1024GiB",
    }
}
