//! Reads all of a store that nobody uses, or of a copy, and tells what is not as it was written.

use std::{
    fs,
    path::{self, Path},
};

use rialto_domain::{ChannelName, LogId, MessageId, Payloads, Sequence};
use rusqlite::{Connection, OpenFlags, Row, config::DbConfig};

use super::{
    claim, history,
    open::BUSY_MAX,
    schema,
    settings::{DATABASE_FILE, Durability},
    verdict::{self, LogDamage},
};
use crate::{
    Cause, Report, StoreError,
    report::{LogCheck, is_json},
};

/// Reads all of a store: `path` is the directory of one that nobody uses, or a copy's file. Neither
/// the database nor its write-ahead log is changed.
///
/// # Errors
/// When it cannot be read at all: it is missing, in use ([`Cause::InUse`]), none of Rialto's
/// ([`Cause::Foreign`]), or no database ([`Cause::Damaged`]).
///
/// # Cost
/// Reads everything twice; memory for one page of messages at a time.
pub fn check(path: &Path) -> Result<Report, StoreError> {
    let path = path::absolute(path)
        .map_err(|error| StoreError::new("checking", Some(path), error.into()))?;
    let failed = |cause| StoreError::new("checking", Some(&path), cause);
    if !fs::metadata(&path).map_err(|error| failed(error.into()))?.is_dir() {
        return check_database(&path).map_err(failed);
    }
    require_database(&path)?;
    let database = path.join(DATABASE_FILE);
    let _lock = claim::lock_directory(&path)?;
    let damage =
        verdict::find_damage(&path, Durability::Fsync).map_err(|error| failed(error.into()))?;
    let mut report = check_database(&database).map_err(failed)?;
    if let Some(LogDamage { frames_left, frames_committed }) = damage {
        report.find(format!(
            "the write-ahead log was committed up to frame {frames_committed}, and only \
             {frames_left} frames can be read: acknowledged messages are missing"
        ));
    }
    Ok(report)
}

/// Reads all of a database, as far as SQLite sees it.
pub(super) fn check_database(path: &Path) -> Result<Report, Cause> {
    let connection = open_to_read(path)?;
    schema::check_owner(&connection, schema::MIGRATIONS)?;
    let mut report = Report::default();
    report.check_structure(&connection)?;
    let tables = tables(&connection)?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    for (table, read) in [
        ("log", Report::check_logs as fn(&mut Report, &Connection) -> Result<(), Cause>),
        ("retained", Report::check_retained),
        ("history", Report::check_history),
        ("cursor", Report::check_cursors),
        ("acknowledged", |report, connection| report.check_stretches(connection, "acknowledged")),
        ("stretch", |report, connection| report.check_stretches(connection, "stretch")),
        ("damaged", Report::count_set_aside),
    ] {
        if has(table)
            && let Err(cause) = read(&mut report, &connection)
        {
            report.find(format!("the table {table} cannot be read to its end: {cause}"));
        }
    }
    Ok(report)
}

/// Opens a database beside whoever uses it; nothing of it is changed, its log included.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Cause> {
    fs::metadata(path).map_err(Cause::File)?; // The system's reason, where SQLite has none.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn tables(connection: &Connection) -> Result<Vec<String>, Cause> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

impl Report {
    /// Has SQLite look at every page of the file and every index.
    fn check_structure(&mut self, connection: &Connection) -> Result<(), Cause> {
        let mut statement = connection.prepare("PRAGMA integrity_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let found: String = row.get(0)?;
            if found != "ok" {
                self.find(format!("SQLite says: {}", found.replace('\n', " ")));
            }
        }
        Ok(())
    }

    fn check_logs(&mut self, connection: &Connection) -> Result<(), Cause> {
        let name = column_of(connection, "log", ["name", "channel"])?;
        let sql = format!("SELECT id, {name}, last, trimmed FROM log");
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let log = || -> Result<_, rusqlite::Error> {
                let channel = ChannelName::from(row.get::<_, String>(1)?);
                Ok((LogId(row.get(0)?), channel, row.get(2)?, row.get(3)?))
            };
            match log() {
                Ok((id, channel, last, trimmed)) => {
                    self.check_pages(connection, id, &channel, trimmed, last)?;
                }
                Err(error) => self.find(format!("a log cannot be understood: {error}")),
            }
        }
        Ok(())
    }

    /// Reads the pages of a log behind those that are gone, up to its `last` message.
    fn check_pages(
        &mut self,
        connection: &Connection,
        log: LogId,
        channel: &ChannelName,
        trimmed: Sequence,
        last: Sequence,
    ) -> Result<(), Cause> {
        let mut statement = connection.prepare_cached(
            "SELECT last, count, crc, payloads, bytes, at_ms, publisher FROM page
             WHERE log = ?1 AND ?2 < last ORDER BY last",
        )?;
        let mut rows = statement.query((log.0, trimmed))?;
        let mut check = LogCheck::new(channel.clone(), trimmed, last);
        while let Some(row) = rows.next()? {
            match page(row) {
                Err(what) => self.find(format!("a page of the log of {channel:?}: {what}")),
                Ok((page_last, count)) => {
                    check.page((page_last + 1).saturating_sub(count), page_last, self);
                }
            }
        }
        check.finish(self);
        Ok(())
    }

    fn check_retained(&mut self, connection: &Connection) -> Result<(), Cause> {
        let sql = "SELECT crc, payload, channel, publisher FROM retained";
        self.retained = self.check_texts(connection, sql, |row| {
            row.get::<_, String>(3)?;
            Ok(format!("the retained message of channel {:?}", row.get::<_, String>(2)?))
        })?;
        Ok(())
    }

    fn check_history(&mut self, connection: &Connection) -> Result<(), Cause> {
        let sql = "SELECT crc, payload, channel, id, publisher, server FROM history";
        self.history = self.check_texts(connection, sql, |row| {
            row.get::<_, String>(4)?;
            row.get::<_, Option<String>>(5)?;
            let MessageId { origin, sequence } = history::id_from_bytes(row.get(3)?);
            let channel: String = row.get(2)?;
            Ok(format!("message {origin}:{sequence} in the history of channel {channel:?}"))
        })?;
        Ok(())
    }

    /// Reads rows of one JSON text each, and returns how many are sound.
    fn check_texts(
        &mut self,
        connection: &Connection,
        sql: &str,
        whose: impl Fn(&Row<'_>) -> Result<String, rusqlite::Error>,
    ) -> Result<u64, Cause> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut sound = 0;
        while let Some(row) = rows.next()? {
            let text = || -> Result<_, rusqlite::Error> {
                Ok((whose(row)?, row.get::<_, u32>(0)?, row.get_ref(1)?.as_bytes()?))
            };
            match text() {
                Err(error) => self.find(format!("a row cannot be understood: {error}")),
                Ok((what, crc, text)) if crc32fast::hash(text) != crc => {
                    self.find(format!("the checksum of {what} does not match"));
                }
                Ok((what, _, text)) if !is_json(text) => self.find(format!("{what} is no JSON")),
                Ok(_) => sound += 1,
            }
        }
        Ok(sound)
    }

    fn check_cursors(&mut self, connection: &Connection) -> Result<(), Cause> {
        let owner = column_of(connection, "cursor", ["owner", "client"])?;
        let mut statement = connection.prepare(&format!("SELECT {owner}, floor FROM cursor"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match row.get::<_, String>(0).and_then(|_| row.get::<_, Sequence>(1)) {
                Ok(_) => self.subscriptions += 1,
                Err(error) => self.find(format!("a subscription cannot be understood: {error}")),
            }
        }
        Ok(())
    }

    fn count_set_aside(&mut self, connection: &Connection) -> Result<(), Cause> {
        self.set_aside =
            connection.query_one("SELECT count(*) FROM damaged", [], |row| row.get(0))?;
        Ok(())
    }

    fn check_stretches(&mut self, connection: &Connection, table: &str) -> Result<(), Cause> {
        let sql = format!("SELECT count(*) FROM {table} WHERE first < 1 OR last < first");
        let senseless: u64 = connection.query_one(&sql, [], |row| row.get(0))?;
        if 0 < senseless {
            self.find(format!("{senseless} acknowledgements make no sense"));
        }
        Ok(())
    }
}

/// Returns what a column is called in this database: its present name, or that in earlier versions.
fn column_of<'a>(
    connection: &Connection,
    table: &str,
    [present, earlier]: [&'a str; 2],
) -> Result<&'a str, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2)";
    let is_present = connection.query_one(sql, [table, present], |row| row.get(0))?;
    Ok(if is_present { present } else { earlier })
}

/// Reads a page and returns where it ends and how many messages are in it.
fn page(row: &Row<'_>) -> Result<(Sequence, u64), String> {
    let fields = || -> Result<_, rusqlite::Error> {
        row.get::<_, u64>(5)?;
        row.get::<_, String>(6)?;
        Ok((
            row.get(0)?,
            row.get::<_, u64>(1)?,
            row.get::<_, u32>(2)?,
            row.get::<_, Vec<u8>>(3)?,
            row.get::<_, usize>(4)?,
        ))
    };
    let (last, count, crc, bytes, length) =
        fields().map_err(|error| format!("it cannot be understood: {error}"))?;
    let what = format!("the page that ends with message {last}");
    if crc32fast::hash(&bytes) != crc {
        return Err(format!("the checksum of {what} does not match"));
    }
    let payloads = Payloads::from_sequence(bytes.into());
    if payloads.as_bytes().len() != length
        || payloads.iter().count() as u64 != count
        || last < count
        || !payloads.iter().all(is_json)
    {
        return Err(format!("{what} is not a sequence of {count} JSON texts"));
    }
    Ok((last, count))
}

/// Says that a store is missing where one should be.
pub(super) fn require_database(directory: &Path) -> Result<(), StoreError> {
    let database = directory.join(DATABASE_FILE);
    match fs::metadata(&database) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::new("looking for", Some(&database), error.into())),
    }
}
