//! The store of a server in a PostgreSQL database, which it alone writes to.
//!
//! [`PostgresStore`] is a driver of the store's contract, [`rialto_store::Store`], and decides nothing. A commit is one
//! transaction: a plan sorts the changes into stages, a batch carries them out in a few statements,
//! all sent at once, and a row of the journal says that it was committed, should the answer be lost. A *node*
//! is one run of a server, which may write as long as no other has taken its lease.
//!
//! Tested by the contract's conformance suite, and by its own tests, on a real server that they start.

mod address;
mod batch;
mod cause;
mod check;
mod clients;
mod damaged;
mod link;
mod load;
mod logs;
mod names;
mod node;
mod plan;
mod reader;
mod records;
mod schema;
mod segment;
mod settings;
mod statements;
mod store;
mod sweep;
mod trim;
mod wait;
mod walk;
mod writer;

pub use check::{Found, check_connection};
pub use settings::PostgresSettings;
pub use store::PostgresStore;
pub use walk::{PostgresWalk, check_store};
