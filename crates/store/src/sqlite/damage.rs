//! Records that are not what was written: each is kept apart, and all else is served.
//!
//! A row that cannot be understood, or does not match its checksum, goes to the table `damaged`, with
//! all that can be read of it, and out of the way. What can be put right without guessing is: a cursor
//! that stands nowhere goes back to the oldest message that is there, so that messages come again
//! rather than not at all.

use rusqlite::{
    Connection, Error as SqliteError, Row, ToSql, TransactionBehavior, params, params_from_iter,
    types::{Value, ValueRef},
};

use crate::Cause;

/// Records that are logged one by one; of more only the number is.
const LOGGED_MAX: usize = 100;

/// A table, and what tells its rows apart.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// An expression. Of a name it is the bytes, since these may be no text.
    pub(super) key: &'static str,
}

pub(super) const ACKNOWLEDGED: Table = Table { name: "acknowledged", key: "id" };
pub(super) const CLIENT: Table = Table { name: "client", key: "CAST(name AS BLOB)" };
pub(super) const CLOCK: Table = Table { name: "clock", key: "row" };
pub(super) const CURSOR: Table = Table { name: "cursor", key: "id" };
pub(super) const HISTORY: Table = Table { name: "history", key: "row" };
pub(super) const LEFTOVER: Table = Table { name: "leftover", key: "log" };
pub(super) const LOG: Table = Table { name: "log", key: "id" };
pub(super) const PAGE: Table = Table { name: "page", key: "id" };
pub(super) const RETAINED: Table = Table { name: "retained", key: "rowid" };
pub(super) const STRETCH: Table = Table { name: "stretch", key: "id" };
pub(super) const SESSION: Table = Table { name: "session", key: "CAST(client AS BLOB)" };

/// Why a row gives nothing.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The row is damaged, for this reason.
    Row(String),
    /// The file cannot be read.
    File(Cause),
}

/// A damaged record.
#[derive(Debug)]
pub(super) struct Damage {
    table: &'static Table,
    key: Value,
    reason: String,
    remedy: Remedy,
}

/// What can be read of a damaged record.
#[derive(Debug)]
pub(super) struct Record {
    /// Its columns, but for the payload.
    pub(super) text: String,
    pub(super) content: Option<Vec<u8>>,
}

/// What is done about a damaged record, besides that it is kept.
#[derive(Debug)]
enum Remedy {
    Remove,
    /// It stays where it is, hidden, since other records depend on it.
    Hide,
    /// A statement, whose first parameter is the key, puts it right with these values.
    Correct(&'static str, Vec<i64>),
}

/// A record that was set aside, as the log tells of it.
#[derive(Debug)]
pub(super) struct SetAside {
    table: &'static str,
    record: String,
    reason: String,
}

impl Unreadable {
    pub(super) fn checksum() -> Self {
        Unreadable::Row("its checksum does not match".to_owned())
    }
}

impl From<SqliteError> for Unreadable {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::FromSqlConversionFailure(..)
            | SqliteError::IntegralValueOutOfRange(..)
            | SqliteError::InvalidColumnType(..)
            | SqliteError::Utf8Error(..) => Unreadable::Row(error.to_string()),
            _ => Unreadable::File(error.into()),
        }
    }
}

impl Damage {
    pub(super) fn new(table: &'static Table, key: impl Into<Value>, reason: &str) -> Self {
        Damage { table, key: key.into(), reason: reason.to_owned(), remedy: Remedy::Remove }
    }

    /// Returns the number of its row, if that is what tells it apart.
    pub(super) fn row_id(&self) -> Option<u64> {
        match self.key {
            Value::Integer(id) => u64::try_from(id).ok(),
            _ => None,
        }
    }

    /// Has the record stay where it is.
    pub(super) fn hidden(self) -> Self {
        Damage { remedy: Remedy::Hide, ..self }
    }

    /// Has the record put right.
    pub(super) fn corrected(self, sql: &'static str, values: Vec<i64>) -> Self {
        Damage { remedy: Remedy::Correct(sql, values), ..self }
    }

    /// Keeps the record apart; returns what is to be told, unless that was told before.
    pub(super) fn set_aside(&self, connection: &Connection) -> Result<Option<SetAside>, Cause> {
        match self.read(connection)? {
            Some(record) => self.keep(connection, &record),
            None => Ok(None),
        }
    }

    /// Keeps apart what was read of the record; returns what is to be told, unless that was told
    /// before.
    pub(super) fn keep(
        &self,
        connection: &Connection,
        record: &Record,
    ) -> Result<Option<SetAside>, Cause> {
        let Damage { table, reason, .. } = self;
        let Record { text, content } = record;
        let sql = "INSERT INTO damaged (origin, record, reason, content) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (origin, record) DO NOTHING";
        let is_new = connection.execute(sql, params![table.name, text, reason, content])? > 0;
        self.cure(connection)?;
        let (record, reason) = (text.clone(), reason.clone());
        Ok(is_new.then_some(SetAside { table: table.name, record, reason }))
    }

    /// Reads the record; there is none if it has gone.
    pub(super) fn read(&self, connection: &Connection) -> Result<Option<Record>, Cause> {
        let Table { name, key } = self.table;
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {name} WHERE {key} = ?1"))?;
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([&self.key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut fields = Vec::new();
        let mut content = None;
        for (index, name) in names.iter().enumerate() {
            match row.get_ref(index)? {
                ValueRef::Blob(payload) if name.starts_with("payload") => {
                    content = Some(payload.to_vec());
                }
                value => fields.push(format!("{name}={}", in_words(value))),
            }
        }
        Ok(Some(Record { text: fields.join(" "), content }))
    }

    fn cure(&self, connection: &Connection) -> Result<(), Cause> {
        let Table { name, key } = self.table;
        match &self.remedy {
            Remedy::Hide => {}
            Remedy::Remove => {
                let sql = format!("DELETE FROM {name} WHERE {key} = ?1");
                connection.execute(&sql, [&self.key])?;
            }
            Remedy::Correct(sql, values) => {
                let values = values.iter().map(|value| value as &dyn ToSql);
                let all = std::iter::once(&self.key as &dyn ToSql).chain(values);
                connection.execute(sql, params_from_iter(all))?;
            }
        }
        Ok(())
    }
}

/// Runs a query on a table, whose first column must be the table's key, and makes something of each
/// row; those that are damaged are added to `damaged`.
pub(super) fn sound_rows<T>(
    connection: &Connection,
    table: &'static Table,
    columns_and_order: (&str, &str),
    damaged: &mut Vec<Damage>,
    make: impl Fn(&Row<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Cause> {
    let (columns, order) = columns_and_order;
    let sql = format!("SELECT {}, {columns} FROM {} ORDER BY {order}", table.key, table.name);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut made = Vec::new();
    while let Some(row) = rows.next()? {
        match make(row) {
            Ok(one) => made.push(one),
            Err(Unreadable::Row(reason)) => {
                damaged.push(Damage::new(table, row.get::<_, Value>(0)?, &reason));
            }
            Err(Unreadable::File(cause)) => return Err(cause),
        }
    }
    Ok(made)
}

/// Sets damaged records aside, best effort: they are left out either way.
pub(super) fn set_aside_all(connection: &mut Connection, damaged: &[Damage]) {
    if damaged.is_empty() {
        return;
    }
    match try_set_aside_all(connection, damaged) {
        Ok(set_aside) => tell(&set_aside),
        Err(cause) => {
            let records = damaged.len();
            tracing::error!(records, %cause, "damaged records are skipped, but could not be set aside");
        }
    }
}

fn try_set_aside_all(
    connection: &mut Connection,
    damaged: &[Damage],
) -> Result<Vec<SetAside>, Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut set_aside = Vec::new();
    for damage in damaged {
        set_aside.extend(damage.set_aside(&transaction)?);
    }
    transaction.commit()?;
    Ok(set_aside)
}

/// Tells of what was set aside, once it is committed.
pub(super) fn tell(set_aside: &[SetAside]) {
    for SetAside { table, record, reason } in set_aside.iter().take(LOGGED_MAX) {
        tracing::error!(
            table,
            record,
            reason,
            "a stored record is damaged: it was set aside in the table `damaged`, all else is served"
        );
    }
    if LOGGED_MAX < set_aside.len() {
        let records = set_aside.len() - LOGGED_MAX;
        tracing::error!(records, "more stored records are damaged and were set aside");
    }
}

/// Returns a value so that it can be read, whatever it is.
fn in_words(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("{text:?}"),
            Err(_) => in_hexadecimal(bytes),
        },
        ValueRef::Blob(bytes) => in_hexadecimal(bytes),
    }
}

fn in_hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("x'{digits}'")
}
