//! Reads all that a file holds, for whoever copies it.

use std::{
    collections::BTreeMap,
    fs,
    path::{self, Path, PathBuf},
};

use rusqlite::{
    Connection,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use super::{
    check,
    claim::{self, DirectoryLock},
    schema,
    settings::{DATABASE_FILE, Durability},
    stretches::Noted,
    verdict,
};
use crate::{Cause, Entry, Key, Part, StoreError, StoreWalk};

mod rows;

/// A walk through a store's file.
#[derive(Debug)]
pub struct SqliteWalk {
    connection: Connection,
    path: PathBuf,
    /// What cursors acknowledged that is not folded, by cursor.
    noted: BTreeMap<i64, Noted>,
    /// `None` where nobody else can come, or is kept out otherwise.
    _lock: Option<DirectoryLock>,
}

/// A name as it is stored, though it may be no text.
struct Name<'a>(&'a [u8]);

impl ToSql for Name<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

impl SqliteWalk {
    /// Begins a walk: `path` is the directory of a store that nobody uses, which it keeps so, or a copy's file.
    ///
    /// # Errors
    /// When it is missing, in use ([`Cause::InUse`]), damaged as a whole, or of another schema version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path::absolute(path)
            .map_err(|error| StoreError::new("opening", Some(path), error.into()))?;
        let failed = |cause| StoreError::new("opening", Some(&path), cause);
        if !fs::metadata(&path).map_err(|error| failed(error.into()))?.is_dir() {
            return SqliteWalk::through(&path, None).map_err(failed);
        }
        check::require_database(&path)?;
        let lock = claim::lock_directory(&path)?;
        verdict::check_log(&path, Durability::Fsync).map_err(failed)?;
        SqliteWalk::through(&path.join(DATABASE_FILE), Some(lock)).map_err(failed)
    }

    fn through(path: &Path, lock: Option<DirectoryLock>) -> Result<Self, Cause> {
        let connection = check::open_to_read(path)?;
        schema::check_owner(&connection, schema::MIGRATIONS)?;
        schema::require_latest(&connection, schema::MIGRATIONS)?;
        SqliteWalk::over(connection, path, lock)
    }

    /// Begins a walk over a connection.
    pub(super) fn over(
        connection: Connection,
        path: &Path,
        lock: Option<DirectoryLock>,
    ) -> Result<Self, Cause> {
        connection.execute_batch("BEGIN")?; // All as of one moment.
        let noted = Noted::read(&connection)?.by_cursor();
        Ok(SqliteWalk { connection, path: path.to_path_buf(), noted, _lock: lock })
    }

    fn entries(
        &self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Cause> {
        let is_start = after.is_none();
        if part == Part::Counters && !is_start {
            return Ok(Vec::new());
        }
        let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
        let after = after.unwrap_or(&start);
        let (name, [first, second, third]) = (Name(&after.name), after.numbers);
        let id = if is_start {
            Vec::new()
        } else {
            [second.to_be_bytes(), third.to_be_bytes()].concat()
        };
        let values: &[&dyn ToSql] = match part {
            Part::Counters => &[],
            Part::Clients | Part::Retained | Part::Sessions => &[&name, &is_start],
            Part::Logs => &[&first],
            Part::Pages => &[&first, &second],
            Part::Cursors => &[&name, &first],
            Part::History => &[&name, &first, &id],
        };
        let mut statement = self.connection.prepare_cached(rows::sql(part))?;
        let mut rows = statement.query(values)?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let entry = rows::entry(&self.connection, part, row, &self.noted)?;
            bytes += entry.weight();
            entries.push(entry);
            if bytes_max < bytes {
                break;
            }
        }
        Ok(entries)
    }
}

impl StoreWalk for SqliteWalk {
    fn read(
        &mut self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.entries(part, after, bytes_max)
            .map_err(|cause| StoreError::new("reading", Some(&self.path), cause))
    }
}
