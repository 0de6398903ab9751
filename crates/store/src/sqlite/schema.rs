//! Whose file it is and how its tables came about.

use rusqlite::{Connection, TransactionBehavior};

use crate::Cause;

/// Marks a database file as Rialto's: "Rial" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x5269_616C;

/// Marks one that is a copy of another store and not whole yet: "RiaC".
const COPY_ID: i32 = 0x5269_6143;

/// What makes each version of the schema of the one before; the first starts from nothing.
///
/// Scripts that were released are never changed: a new one is added.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

/// Refuses files that are not ours, or of a release later than this one, before they are touched.
pub(super) fn check_owner(connection: &Connection, migrations: &[&str]) -> Result<(), Cause> {
    let application: i32 = pragma(connection, "application_id")?;
    let found: u32 = pragma(connection, "user_version")?;
    let known = version_after(migrations);
    match application {
        APPLICATION_ID if known < found => Err(Cause::SchemaNewer { found, known }),
        APPLICATION_ID => Ok(()),
        COPY_ID => Err(Cause::Unfinished { origin: copied_from(connection)? }),
        0 if found == 0 && is_empty(connection)? => Ok(()),
        _ => Err(Cause::Foreign),
    }
}

/// Refuses a file whose tables are not of the latest version, for whoever does not bring them there.
pub(super) fn require_latest(connection: &Connection, migrations: &[&str]) -> Result<(), Cause> {
    let found: u32 = pragma(connection, "user_version")?;
    let known = version_after(migrations);
    if found < known { Err(Cause::SchemaOther { found, known }) } else { Ok(()) }
}

/// Brings the tables to the latest version, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Cause> {
    let found: usize = pragma(connection, "user_version")?;
    for (script, version) in migrations.iter().zip(1_u32..).skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        if found == 0 {
            tracing::debug!(version, "the store's schema was created");
        } else {
            tracing::info!(version, "the store's schema was upgraded");
        }
    }
    Ok(())
}

/// Makes all tables, and one that says how far a copy into them has come; the file is no store then.
pub(super) fn make_copy(transaction: &Connection, migrations: &[&str]) -> Result<(), Cause> {
    migrations.iter().try_for_each(|script| transaction.execute_batch(script))?;
    transaction.execute_batch(
        "CREATE TABLE copy (
             row INTEGER PRIMARY KEY CHECK (row = 1),
             source TEXT NOT NULL,
             part TEXT,
             name BLOB,
             first INTEGER,
             second INTEGER,
             third INTEGER
         ) STRICT",
    )?;
    transaction.pragma_update(None, "user_version", version_after(migrations))?;
    Ok(transaction.pragma_update(None, "application_id", COPY_ID)?)
}

/// Makes a store of a copy that is whole.
pub(super) fn make_store(transaction: &Connection) -> Result<(), Cause> {
    transaction.execute_batch("DROP TABLE copy")?;
    Ok(transaction.pragma_update(None, "application_id", APPLICATION_ID)?)
}

/// Returns what a copy is made of.
fn copied_from(connection: &Connection) -> Result<String, Cause> {
    Ok(connection.query_one("SELECT source FROM copy", [], |row| row.get(0))?)
}

/// Returns the version a file has after all of `migrations`.
fn version_after(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).expect("there are a handful of schema versions")
}

fn is_empty(connection: &Connection) -> Result<bool, Cause> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    Ok(connection.query_one(sql, [], |row| row.get(0))?)
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, Cause> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

#[cfg(test)]
mod tests;
