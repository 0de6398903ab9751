//! What is wrong with a database server, or with how it is used.

use rialto_domain::FailureKind;

/// What is wrong with a database server.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseCause {
    /// It cannot be reached, or the connection broke.
    #[error("the database cannot be reached: {0}; it is tried again")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("the database did not answer within {seconds} s; it is tried again")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// It refused something, for a reason that may pass.
    #[error("the database says: {0}")]
    Busy(String),
    /// It refused something that it will refuse again.
    #[error("the database says: {0}")]
    Refused(String),
    /// What it stores is damaged.
    #[error("the database is damaged: {0}; restore it from a backup (docs/stores.md)")]
    Damaged(String),
    /// Its address cannot be used.
    #[error("the database's address cannot be used: {0}")]
    Address(String),
    /// It is not set up as a store needs it.
    #[error("{0}")]
    Unfit(String),
    /// Another server uses it.
    #[error(
        "the database is in use by another Rialto ({name}): stop that one, or give this one a \
         database of its own"
    )]
    InUse {
        /// That server's name.
        name: String,
    },
    /// Another server has taken it over.
    #[error(
        "another Rialto has taken the database over, and this one may not write any more: stop \
         one of the two"
    )]
    TakenOver,
    /// Other nodes have taken this one for dead.
    #[error(
        "this node did not renew its lease in time, so that the others have taken it for dead: it ends, and is \
         to be started again"
    )]
    Dead,
    /// A later release made the tables.
    #[error(
        "the tables have schema version {found}, this release knows versions up to {known}: run \
         the release that made them, or a later one"
    )]
    SchemaNewer {
        /// Their version.
        found: i32,
        /// The latest version this release knows.
        known: i32,
    },
}

impl DatabaseCause {
    /// Says what the caller may do about it.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            DatabaseCause::Unreachable(_)
            | DatabaseCause::Silent { .. }
            | DatabaseCause::Busy(_) => FailureKind::Transient,
            DatabaseCause::Damaged(_) => FailureKind::Corrupt,
            DatabaseCause::Refused(_)
            | DatabaseCause::Address(_)
            | DatabaseCause::Unfit(_)
            | DatabaseCause::InUse { .. }
            | DatabaseCause::TakenOver
            | DatabaseCause::Dead
            | DatabaseCause::SchemaNewer { .. } => FailureKind::Permanent,
        }
    }
}
