//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// Defines an enum whose variants are written as the given words, in files and in messages.
macro_rules! choice {
    (
        $(#[doc = $about:literal])*
        pub enum $name:ident {
            $(#[doc = $first_doc:literal])* $first:ident = $first_word:literal,
            $( $(#[doc = $doc:literal])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $first_doc])*
            #[serde(rename = $first_word)]
            $first,
            $(
                $(#[doc = $doc])*
                #[serde(rename = $word)]
                $variant,
            )*
        }

        impl crate::scalar::Scalar for $name {
            const EXPECTED: &'static str =
                concat!("\"", $first_word, "\"" $(, " or \"", $word, "\"")*);
        }

        impl $name {
            /// Returns the word that stands for this choice in the settings.
            pub fn as_str(self) -> &'static str {
                match self {
                    $name::$first => $first_word,
                    $( $name::$variant => $word, )*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

mod access;
mod application;
mod automatic;
mod balancer;
mod drain;
mod events;

pub use access::{
    AccessAction, AccessMode, CertificateName, ClientCertificates, ForwardedHeader, JwtAlgorithm,
    Unmatched,
};
pub use application::{ApiRight, SamplePage, WebhookEvent, WhenDown};
pub use automatic::{ConsoleServed, Pacing};
pub use balancer::{BalancedDialect, BalancingPolicy, HealthCheck, RouteTls};
pub use drain::DrainTime;
pub use events::EventKind;

choice! {
    /// What a listener does about TLS.
    pub enum TlsMode {
        /// Speaks plain text only; a TLS hello closes the connection.
        Off = "off",
        /// Speaks both: TLS to a peer that opens with it, if a certificate is configured.
        Allow = "allow",
        /// Speaks TLS only; a peer that opens with anything else is closed.
        Require = "require",
    }
}

choice! {
    /// What a listener's clients speak.
    pub enum Dialect {
        /// JMQT 1.0, over plain sockets and WebSocket alike.
        Jmqt = "jmqt",
        /// CoreMQ over TCP, for clients and for servers that replicate.
        Coremq = "coremq",
        /// CoreMQ's WebSocket gateway.
        CoremqWebsocket = "coremq-websocket",
        /// PubSubX: text messages over TCP.
        Pubsubx = "pubsubx",
        /// HTTP: the API, the console and the status page.
        Http = "http",
        /// memcached's text protocol: the cache.
        Memcached = "memcached",
    }
}

choice! {
    /// What happens to a client that does not read and whose outbox is full.
    pub enum SlowConsumer {
        /// Further QoS 0 packets to it are dropped and counted until it reads again.
        Drop = "drop",
        /// Its connection is closed.
        Close = "close",
    }
}

choice! {
    /// Where what must outlive a restart is kept.
    pub enum StoreKind {
        /// In a SQLite file in the data directory.
        Sqlite = "sqlite",
        /// In memory only: a restart loses everything. For tests and throw-away brokers.
        Memory = "memory",
        /// In a PostgreSQL database.
        Postgres = "postgres",
        /// In a MySQL or MariaDB database.
        Mysql = "mysql",
    }
}

choice! {
    /// What nodes that share a store tell each other over.
    pub enum BusKind {
        /// Nothing: they find in the database what the others did.
        None = "none",
        /// Redis.
        Redis = "redis",
        /// NATS.
        Nats = "nats",
    }
}

choice! {
    /// When a stored message counts as safe.
    pub enum Durability {
        /// When the disk has confirmed it: survives a power cut.
        Fsync = "fsync",
        /// When the operating system has it: survives a crash of the broker, not of the machine.
        Os = "os",
    }
}

choice! {
    /// What a publisher sees when the log of a channel is full.
    pub enum LogFull {
        /// The message is refused with status 5; nothing stored is lost.
        Refuse = "refuse",
        /// The oldest stored message is dropped, acknowledged by its readers or not.
        DropOldest = "drop-oldest",
    }
}

choice! {
    /// What happens when a lost client has as much waiting for it as it may.
    pub enum ResumeFull {
        /// The oldest message that waits is dropped.
        DropOldest = "drop-oldest",
        /// The new message is dropped.
        DropNewest = "drop-newest",
    }
}

choice! {
    /// How log lines look.
    pub enum LogFormat {
        /// One line for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}
