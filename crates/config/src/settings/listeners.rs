//! The doors for clients, and the certificates shown at them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use crate::address::ListenAddress;
use crate::choice::{CertificateName, ClientCertificates, Dialect, Pacing, TlsMode};
use crate::secret::OptionalPath;
use crate::section::section;

section! {
    /// A listener for clients. A JMQT listener recognises from the first bytes whether a client
    /// uses TLS or not, and WebSocket or a plain socket. You may choose the names: those below are
    /// the default listeners, and a listener with another name is added to them.
    pub struct Listener {
        /// IP address or host name, and port, to listen on; port 0 takes any free port. A host
        /// name stands for all of its addresses: "localhost:8010" is 127.0.0.1 and ::1. A listener
        /// with a name of your own must have an address.
        address: ListenAddress = "127.0.0.1:0",
        /// Whether the listener is opened at all.
        enabled: bool = "true",
        /// The protocol of its clients: "jmqt", "coremq" (TCP), "coremq-websocket", "pubsubx",
        /// "memcached" or "http" (the API, the console, the status page and the sample application).
        dialect: Dialect = "jmqt",
        /// How TLS is handled: "off", "allow" (the client chooses, if there is a certificate) or
        /// "require". The default listener wss is not opened without a certificate. On a "coremq"
        /// listener the server speaks first, so that "allow" means no TLS there.
        tls: TlsMode = "allow",
        /// Whether the server sends small writes of whole packets with pauses between them, which
        /// the original Python client of JMQT and the asyncio client of CoreMQ need. "auto" paces
        /// connections to a "jmqt" listener that write exactly as the original Python client does,
        /// true paces all connections, which slows other clients down, and false none. WebSocket
        /// is never paced.
        paced: Pacing = "auto",
        /// Most connections on this listener at the same time; 0 sets no limit besides
        /// limits.connections_max.
        connections_max: usize = "0" in "0" to "10000000",
        /// Whether the clients of this listener connect through proxies that begin each connection
        /// with a header of the PROXY protocol, version 1 or 2. Then only the networks in
        /// access.trusted_proxies may connect.
        proxy_protocol: bool = "false",
    }
}

section! {
    /// The certificate and key of the broker, either both or neither ("rialto cert new" makes them
    /// for development), and certificates of clients.
    pub struct Tls {
        /// PEM file with the certificate chain, beginning with the certificate of the broker.
        certificate: OptionalPath = "",
        /// PEM file with the private key of the certificate.
        key: OptionalPath = "",
        /// PEM file with the authorities whose client certificates are accepted; if it is empty,
        /// clients are not asked for a certificate.
        client_authority: OptionalPath = "",
        /// Whether clients must have a certificate: "accept" also accepts clients without one,
        /// which then need a token; "require" closes their connections. It has an effect only if
        /// tls.client_authority is set.
        client_certificates: ClientCertificates = "accept",
        /// Which name in a client certificate is the client id: the "common-name" of the subject,
        /// or the first "dns-name", "email" or "uri" of the alternative names.
        client_id: CertificateName = "common-name",
    }
}

impl Listener {
    /// Makes an enabled listener on `address` with the other settings at their defaults.
    pub fn on(address: SocketAddr) -> Self {
        Listener { address: address.into(), ..Listener::default() }
    }

    /// Returns the listeners of the defaults, on the ports the original clients expect.
    pub(crate) fn defaults() -> BTreeMap<String, Listener> {
        let on_port = |port: u16| Listener::on(SocketAddr::from(([127, 0, 0, 1], port)));
        let speaking = |dialect, port| Listener { dialect, ..on_port(port) };
        let disabled = |listener| Listener { enabled: false, ..listener };
        BTreeMap::from([
            ("coremq".to_owned(), speaking(Dialect::Coremq, 6747)),
            ("coremq-websocket".to_owned(), speaking(Dialect::CoremqWebsocket, 9000)),
            ("http".to_owned(), speaking(Dialect::Http, 8080)),
            ("pubsubx".to_owned(), speaking(Dialect::Pubsubx, 12000)),
            ("memcached".to_owned(), disabled(speaking(Dialect::Memcached, 11211))),
            ("tcp".to_owned(), on_port(8010)),
            ("tls".to_owned(), on_port(8011)),
            ("websocket".to_owned(), on_port(8012)),
            ("wss".to_owned(), Listener { tls: TlsMode::Require, ..on_port(8013) }),
        ])
    }
}

impl Tls {
    /// Returns the paths of certificate and key, if both are set.
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.get().zip(self.key.get())
    }
}
