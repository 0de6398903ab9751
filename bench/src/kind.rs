//! The kinds of servers that are measured.

/// What kind of server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rialto, spoken to in JMQT unless the workload measures another dialect.
    Rialto,
    /// Rialto again, spoken to in JMQT, where the workload measures another dialect.
    RialtoJmqt,
    /// Rialto with its store in a PostgreSQL database of its own.
    RialtoPostgres,
    /// The same with MariaDB.
    RialtoMariadb,
    /// nats-server without storage.
    Nats,
    /// nats-server with JetStream, its store in the scratch directory. An acknowledgement says that a
    /// message is with the operating system.
    JetStream,
    /// The same with `sync_interval: always`: an acknowledgement says that it is synced to disk.
    JetStreamSynced,
}

impl Kind {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rialto => "rialto",
            Kind::RialtoJmqt => "jmqt",
            Kind::RialtoPostgres => "postgres",
            Kind::RialtoMariadb => "mariadb",
            Kind::Nats => "nats",
            Kind::JetStream => "jetstream",
            Kind::JetStreamSynced => "jetstream-sync",
        }
    }
}
