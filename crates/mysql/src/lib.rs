//! The store of a server in a MySQL or MariaDB database, which it alone writes to.
//!
//! [`MysqlStore`] is a driver of the store's contract, [`rialto_store::Store`], and decides nothing. What is the same for all
//! databases is in `rialto-database`; here stands how MySQL and MariaDB are reached and looked at, their tables, and their
//! SQL: plain statements without procedures, many in one packet, since the protocol sends nothing before the
//! last answer has come.
//!
//! Tested by the contract's conformance suite, and by its own tests, on a real server that they start.

mod address;
mod cause;
mod check;
mod link;
mod node;
mod reads;
mod records;
mod schema;
mod script;
mod sets;
mod statements;
mod store;
mod transfers;

pub use check::check_connection;
pub use rialto_database::DatabaseSettings as MysqlSettings;
pub use store::{MysqlStore, check_store, open_target, open_walk};
