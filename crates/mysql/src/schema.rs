//! The tables: made and migrated by one server at a time.

use rialto_database::{Row, Trouble};
use rialto_store::{Cause, DatabaseCause};

use crate::link::MysqlLink;

/// What brings the tables from one version to the next, the first version first. Each can be begun again: a server that was
/// stopped has made a part of it, since the database commits each table by itself.
const STEPS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The version that this release uses.
const VERSION: i64 = STEPS.len() as i64;

/// The oldest version whose releases may use the tables: those of 1 would take a copy that is not whole for a store.
const OLDEST: i64 = 2;

/// How long a server waits for another that makes the tables, in seconds.
const LOCK_SECONDS: i64 = 60;

/// Uses a database; says whether it is there.
pub(crate) async fn enter(link: &mut MysqlLink, database: &str) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?";
    if link.rows(sql, &[database.into()]).await?.is_empty() {
        return Ok(false);
    }
    link.run(&format!("USE {}", quoted(database))).await?;
    Ok(true)
}

/// Makes the database if it is not there, and the tables, or brings them to this release's version.
///
/// # Errors
/// [`DatabaseCause::SchemaNewer`] if they are of a later release that this one may not write to; nothing is changed then.
pub(crate) async fn prepare(link: &mut MysqlLink, database: &str) -> Result<(), Trouble> {
    if !enter(link, database).await? {
        let name = quoted(database);
        link.run(&format!(
            "CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4; USE {name}"
        ))
        .await?;
    }
    // A lock's name has 64 characters.
    let lock = format!("rialto {:08x}", crc32fast::hash(database.as_bytes()));
    let values = [lock.as_str().into(), LOCK_SECONDS.into()];
    let locked = link.rows("SELECT GET_LOCK(?, ?)", &values).await?;
    if locked.first().and_then(|row| row.number(0)) != Some(1) {
        let text = "another server makes the tables and does not finish".to_owned();
        return Err(DatabaseCause::Busy(text).into());
    }
    let made = migrate(link).await;
    link.rows("DO RELEASE_LOCK(?)", &[lock.as_str().into()]).await?;
    made
}

async fn migrate(link: &mut MysqlLink) -> Result<(), Trouble> {
    let found = match version(link).await? {
        Some((version, oldest)) => {
            require_known(version, oldest)?;
            i64::from(version)
        }
        None => 0,
    };
    for step in STEPS.iter().skip(found.unsigned_abs() as usize) {
        link.run(step.trim_end().trim_end_matches(';')).await?;
    }
    if found == 0 {
        let sql =
            "INSERT INTO `cluster` (one, id, schema_version, oldest_reader, generation, server)
                   VALUES (1, UNHEX(REPLACE(UUID(), '-', '')), ?, ?, 0, '')";
        link.rows(sql, &[VERSION.into(), OLDEST.into()]).await?;
    } else if found < VERSION {
        let sql = "UPDATE `cluster` SET schema_version = ?, oldest_reader = ?";
        link.rows(sql, &[VERSION.into(), OLDEST.into()]).await?;
    }
    Ok(())
}

/// Returns the tables' version and the oldest that may still write to them; `None` if there are none.
pub(crate) async fn version(link: &mut MysqlLink) -> Result<Option<(i32, i32)>, Trouble> {
    let sql = "SELECT 1 FROM information_schema.tables
               WHERE table_schema = DATABASE() AND table_name = 'cluster'";
    if link.rows(sql, &[]).await?.is_empty() {
        return Ok(None);
    }
    let rows = link.rows("SELECT schema_version, oldest_reader FROM `cluster`", &[]).await?;
    let number = |row: &crate::link::MysqlRow, column| row.number(column).unwrap_or(0) as i32;
    Ok(rows.first().map(|row| (number(row, 0), number(row, 1))))
}

/// Refuses tables of a later release that this one may not use.
pub(crate) fn require_known(version: i32, oldest: i32) -> Result<(), DatabaseCause> {
    let known = VERSION as i32;
    if known < version && known < oldest {
        return Err(DatabaseCause::SchemaNewer { found: version, known });
    }
    Ok(())
}

/// Refuses tables that are not of this release's version, for whoever does not bring them there.
pub(crate) fn require_latest(version: i32) -> Result<(), Trouble> {
    let (found, known) = (version.unsigned_abs(), VERSION as u32);
    if found == known { Ok(()) } else { Err(Trouble::plain(Cause::SchemaOther { found, known })) }
}

/// Returns a name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
