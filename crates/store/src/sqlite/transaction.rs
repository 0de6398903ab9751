//! A transaction that writes, whose first and last statement SQLite does not compile anew each time.

use std::ops::Deref;

use rusqlite::Connection;

use crate::Cause;

/// A transaction; dropped before it was [committed](Self::commit), it never was.
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    is_open: bool,
}

impl<'a> Transaction<'a> {
    /// Begins one, on a connection that has none.
    pub(super) fn begin(connection: &'a mut Connection) -> Result<Self, Cause> {
        // IMMEDIATE: a lock that another program holds is met here, not halfway.
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Transaction { connection, is_open: true })
    }

    /// Makes it last.
    pub(super) fn commit(mut self) -> Result<(), Cause> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.is_open = false;
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Some errors make SQLite roll back by itself.
        if self.is_open
            && !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
    }
}
