//! A look into the store's file, past the broker.

use std::path::Path;

use rusqlite::Connection;

/// Opens the database in a data directory.
pub(crate) fn shell(data_dir: &Path) -> Connection {
    Connection::open(data_dir.join("rialto.db")).unwrap()
}

/// Counts the rows that hold messages.
pub(crate) fn page_count(data_dir: &Path) -> u64 {
    shell(data_dir).query_one("SELECT count(*) FROM page", [], |row| row.get(0)).unwrap()
}
