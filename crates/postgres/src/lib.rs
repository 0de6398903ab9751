//! The store of a server in a PostgreSQL database, which it alone writes to.
//!
//! [`PostgresStore`] is a driver of the store's contract, [`rialto_store::Store`], and decides nothing. What is the same for all
//! databases is in `rialto-database`; here stands how PostgreSQL is reached and looked at, its tables, and its SQL: one
//! statement carries out all changes of a kind.
//!
//! Tested by the contract's conformance suite, and by its own tests, on a real server that they start.

mod address;
mod cause;
mod check;
mod link;
mod node;
mod node_requests;
mod nodes;
mod reads;
mod request;
mod requests;
mod schema;
mod sets;
mod statements;
mod store;
mod transfers;
mod walks;

pub use check::check_connection;
pub use rialto_database::DatabaseSettings as PostgresSettings;
pub use store::{PostgresStore, check_store, open_target, open_walk};
