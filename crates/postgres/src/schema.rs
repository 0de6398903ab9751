//! The tables: made and migrated by one server at a time.

use rialto_database::Trouble;
use rialto_store::{Cause, DatabaseCause};

use crate::{link::PostgresLink, node::LOCK};

/// What brings the tables from one version to the next, the first version first.
const STEPS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// The version that this release uses.
pub(crate) const VERSION: i32 = STEPS.len() as i32;

/// The oldest version whose releases may use the tables: those of 2 would take a copy that is not whole for a store.
const OLDEST: i32 = 3;

/// Makes the tables, or brings them to this release's version.
///
/// # Errors
/// [`DatabaseCause::SchemaNewer`] if they are of a later release that this one may not write to; nothing is changed then.
pub(crate) async fn prepare(link: &PostgresLink, schema: &str) -> Result<(), Trouble> {
    link.run("BEGIN").await?;
    link.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let there = link.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[&schema]).await?;
    if there.is_empty() {
        link.run(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
    }
    let found = version(link, schema).await?;
    let found = match found {
        Some((version, oldest)) => {
            if let Err(cause) = require_known(version, oldest) {
                link.run("ROLLBACK").await?;
                return Err(cause.into());
            }
            version
        }
        None => 0,
    };
    for step in STEPS.iter().skip(found.unsigned_abs() as usize) {
        link.run(step).await?;
    }
    if found == 0 {
        link.query(
            "INSERT INTO cluster (one, schema_version, oldest_reader, generation, server)
             VALUES (1, $1, $2, 0, '')",
            &[&VERSION, &OLDEST],
        )
        .await?;
    } else if found < VERSION {
        let sql = "UPDATE cluster SET schema_version = $1, oldest_reader = $2";
        link.query(sql, &[&VERSION, &OLDEST]).await?;
    }
    link.run("COMMIT").await
}

/// Returns the tables' version and the oldest that may still write to them; `None` if there are none.
pub(crate) async fn version(
    link: &PostgresLink,
    schema: &str,
) -> Result<Option<(i32, i32)>, Trouble> {
    let there = link
        .query(
            "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'cluster'",
            &[&schema],
        )
        .await?;
    if there.is_empty() {
        return Ok(None);
    }
    let rows = link.query("SELECT schema_version, oldest_reader FROM cluster", &[]).await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Refuses tables of a later release that this one may not use.
pub(crate) fn require_known(version: i32, oldest: i32) -> Result<(), DatabaseCause> {
    if VERSION < version && VERSION < oldest {
        return Err(DatabaseCause::SchemaNewer { found: version, known: VERSION });
    }
    Ok(())
}

/// Refuses tables that are not of this release's version, for whoever does not bring them there.
pub(crate) fn require_latest(version: i32) -> Result<(), Trouble> {
    let (found, known) = (version.unsigned_abs(), VERSION.unsigned_abs());
    if found == known { Ok(()) } else { Err(Trouble::plain(Cause::SchemaOther { found, known })) }
}

/// Returns a name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
