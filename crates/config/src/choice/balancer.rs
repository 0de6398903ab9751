//! What the load balancer does with the connections of a route.

use serde::{Deserialize, Serialize};

choice! {
    /// In which dialect the clients of a route are told that no server is left.
    pub enum BalancedDialect {
        /// In none: the connection is closed without a word.
        Any = "any",
        /// JMQT: a `connAck` with status 5, or the close code 1013 on a WebSocket.
        Jmqt = "jmqt",
        /// CoreMQ, over TCP or WebSocket.
        Coremq = "coremq",
        /// PubSubX.
        Pubsubx = "pubsubx",
        /// HTTP: a response with status 503.
        Http = "http",
    }
}

choice! {
    /// Which server of a route a connection gets.
    pub enum BalancingPolicy {
        /// The one with the fewest open connections for its weight.
        LeastConnections = "least-connections",
        /// One after the other, by weight.
        RoundRobin = "round-robin",
        /// The one with fewer connections of two that are drawn.
        RandomOfTwo = "random-of-two",
        /// The same one for the same address, as long as it is there.
        HashAddress = "hash-address",
        /// The same one for the same client id, as long as it is there.
        HashClient = "hash-client",
    }
}

choice! {
    /// What a route does about TLS of its clients.
    pub enum RouteTls {
        /// Passes it on as it is.
        Pass = "pass",
        /// Ends it; clients without TLS are not let in.
        End = "end",
    }
}

choice! {
    /// How the servers of a route are checked.
    pub enum HealthCheck {
        /// By connecting, and with server_tls by shaking hands.
        Connect = "connect",
        /// By asking for a path over HTTP, which has to be answered with a status of 200 to 299.
        Http = "http",
        /// Not at all; what becomes of connections still counts.
        Off = "off",
    }
}
