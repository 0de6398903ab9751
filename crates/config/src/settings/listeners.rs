//! The doors for clients, and the certificates shown at them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use crate::address::ListenAddress;
use crate::choice::{CertificateName, ClientCertificates, Dialect, Pacing, TlsMode};
use crate::secret::OptionalPath;
use crate::section::section;

section! {
    /// A door for clients. A JMQT listener hears by itself whether a client speaks TLS or plain,
    /// WebSocket or plain socket. The names are free: those below are the defaults', and a listener
    /// by another name is added to them.
    pub struct Listener {
        /// IP address or host name, and port, to listen on; port 0 takes any that is free. All
        /// addresses of a host name are listened on: "localhost:8010" is 127.0.0.1 and ::1. A
        /// listener by a name of your own must be given an address.
        address: ListenAddress = "127.0.0.1:0",
        /// Whether the listener is opened at all.
        enabled: bool = "true",
        /// What its clients speak: "jmqt", "coremq" (TCP), "coremq-websocket", "pubsubx",
        /// "memcached" or "http" (the API, the status page and the sample application).
        dialect: Dialect = "jmqt",
        /// What to do about TLS: "off", "allow" (TLS or plain, as the client opens, if there is a
        /// certificate) or "require". The wss listener of the defaults is not opened while there is
        /// no certificate. On a "coremq" listener the server speaks first, so that "allow" means
        /// plain there.
        tls: TlsMode = "allow",
        /// Send whole packets in small paced writes, which the original Python client of JMQT and
        /// the asyncio client of CoreMQ need: "auto" does so on connections to a "jmqt" listener
        /// that write exactly as the former does, true on all, where it slows everybody else, and
        /// false on none. WebSocket is never paced.
        paced: Pacing = "auto",
        /// Most connections on this listener; 0 is as many as limits.connections_max leaves it.
        connections_max: usize = "0" in "0" to "10000000",
        /// Whether its clients come through proxies that put a head of the PROXY protocol, version 1
        /// or 2, before each connection. Only those of access.trusted_proxies may connect then.
        proxy_protocol: bool = "false",
    }
}

section! {
    /// The broker's certificate, both its keys or none ("rialto cert new" makes one for
    /// development), and those of its clients.
    pub struct Tls {
        /// PEM file with the certificate chain, the broker's own first.
        certificate: OptionalPath = "",
        /// PEM file with the private key of the certificate.
        key: OptionalPath = "",
        /// PEM file with the authorities whose client certificates are accepted; empty asks clients
        /// for none.
        client_authority: OptionalPath = "",
        /// Whether a client must show one: "accept" takes clients without, who then need a token,
        /// "require" ends their connection. It means something with tls.client_authority only.
        client_certificates: ClientCertificates = "accept",
        /// Which name in it is the client id: "common-name" of the subject, or the first
        /// "dns-name", "email" or "uri" among the alternative names.
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
