//! A statement in SQL with its values.

use tokio_postgres::types::ToSql;

/// A value that a statement is given.
pub(crate) type Value = Box<dyn ToSql + Sync + Send>;

/// A statement on its way to the database.
pub(crate) struct Request {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
}

impl Request {
    pub(crate) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Request { sql, values }
    }
}
