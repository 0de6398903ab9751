//! One connection to a database.

use crate::{cause::Trouble, row::Row, statement::Statement};

/// One connection to a database; it ends when this is dropped.
pub trait Link: Send {
    /// What statements return.
    type Row: Row;

    /// Says whether the connection is known to have ended.
    fn is_closed(&self) -> bool;

    /// Returns how many bytes of pages one statement may append; a page that is longer goes alone.
    fn append_bytes_max(&self) -> usize;

    /// Gets ready for the statements of commits; the tables are there.
    ///
    /// # Errors
    /// Why it could not.
    fn prepare(&mut self) -> impl Future<Output = Result<(), Trouble>>;

    /// Carries out statements, one behind the other, in as few writes as it can, and returns the rows of each.
    ///
    /// # Errors
    /// Why one of them failed; a transaction that they are part of is of no use any more.
    fn all(
        &mut self,
        statements: Vec<Statement<'_>>,
    ) -> impl Future<Output = Result<Vec<Vec<Self::Row>>, Trouble>>;

    /// Gets out of a transaction that failed.
    ///
    /// # Errors
    /// Why it could not.
    fn roll_back(&mut self) -> impl Future<Output = Result<(), Trouble>>;

    /// Carries out one statement and returns its rows.
    ///
    /// # Errors
    /// Why it failed.
    fn ask<'a>(
        &mut self,
        statement: impl Into<Statement<'a>>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Trouble>> {
        let statement = statement.into();
        async move { Ok(self.all(vec![statement]).await?.pop().unwrap_or_default()) }
    }
}
