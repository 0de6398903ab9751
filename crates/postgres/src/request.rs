//! A statement in SQL with its values.

use rialto_domain::{ChannelName, ClientId};
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

/// A statement and its values.
pub(crate) type Asked = (&'static str, Vec<Value>);

/// A list of values, as an array.
pub(crate) fn array<T, U>(all: impl IntoIterator<Item = T>, value: impl FnMut(T) -> U) -> Value
where
    Vec<U>: ToSql + Sync + Send + 'static,
{
    Box::new(all.into_iter().map(value).collect::<Vec<U>>())
}

/// Returns a name as the database has it.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

/// Returns names of channels.
pub(crate) fn channels(names: &[&ChannelName]) -> Value {
    array(names, |name| bytes(name.as_str()))
}

/// Returns ids of clients.
pub(crate) fn clients(names: &[&ClientId]) -> Value {
    array(names, |name| bytes(name.as_str()))
}
