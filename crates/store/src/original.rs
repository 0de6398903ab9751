//! Reads what the original JMQT server stored, as a store of ours holds it.
//!
//! That server keeps a packet once, in the table `packets`, and in `pubmaps` a row for each client that has not acknowledged
//! it; persistent subscriptions are rows of `subscriptions` whose `is_tmp` is 0. Here the packets of a channel for which a
//! persistent subscriber waits become its log, in the order of their times, and a subscription a cursor that has acknowledged
//! all but what `pubmaps` names for it. Other packets are of no use to anybody, and are left out; so are temporary
//! subscriptions and `connections`.

use std::{
    fs::File,
    io::Read,
    path::{self, Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, types::ToSql};

use crate::{Cause, Entry, Key, Part, StoreError, StoreWalk};

mod dump;
mod rows;

/// How a file of SQLite's begins.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// The tables that are read, with the columns.
const TABLES: [(&str, &[&str]); 4] = [
    ("subscriptions", &["client_id", "channel", "is_tmp"]),
    ("packets", &["packet_id", "sender_id", "channel", "data", "timestamp"]),
    ("pubmaps", &["packet_id", "client_id"]),
    ("retainedpackets", &["sender_id", "channel", "data", "timestamp"]),
];

/// Who reads what, which packets somebody waits for, and where each of them comes to stand. In tables that only this
/// connection sees; of many they are on disk.
const PREPARATION: &str = "
    CREATE TEMP TABLE reader AS
        SELECT CAST(client_id AS TEXT) AS client, CAST(channel AS TEXT) AS channel FROM subscriptions
        WHERE NOT coalesce(is_tmp, 0) AND client_id IS NOT NULL AND channel IS NOT NULL
        UNION
        SELECT CAST(m.client_id AS TEXT), CAST(p.channel AS TEXT)
        FROM pubmaps m JOIN packets p ON p.packet_id = m.packet_id WHERE p.channel = '#' || m.client_id;
    CREATE TEMP TABLE own_log (id INTEGER PRIMARY KEY, channel TEXT UNIQUE);
    INSERT INTO own_log (channel) SELECT DISTINCT channel FROM reader ORDER BY channel;
    CREATE TEMP TABLE own_cursor (client TEXT, log INTEGER, PRIMARY KEY (client, log)) WITHOUT ROWID;
    INSERT INTO own_cursor SELECT r.client, l.id FROM reader r JOIN own_log l ON l.channel = r.channel;
    CREATE TEMP TABLE source AS
        SELECT packet_id AS packet, min(rowid) AS place FROM packets GROUP BY packet_id;
    CREATE INDEX source_packet ON source (packet);
    CREATE TEMP TABLE waiting AS
        SELECT DISTINCT CAST(m.client_id AS TEXT) AS client, l.id AS log, s.place AS place
        FROM pubmaps m JOIN source s ON s.packet = m.packet_id JOIN packets p ON p.rowid = s.place
        JOIN own_log l ON l.channel = CAST(p.channel AS TEXT)
        JOIN own_cursor c ON c.client = CAST(m.client_id AS TEXT) AND c.log = l.id;
    CREATE TEMP TABLE message (log INTEGER, sequence INTEGER, place INTEGER, PRIMARY KEY (log, sequence)) WITHOUT ROWID;
    INSERT INTO message
        SELECT w.log, row_number() OVER (PARTITION BY w.log ORDER BY p.timestamp, p.rowid), p.rowid
        FROM (SELECT DISTINCT log, place FROM waiting) w JOIN packets p ON p.rowid = w.place;
    CREATE INDEX message_place ON message (place);
    CREATE TEMP TABLE pending (client TEXT, log INTEGER, sequence INTEGER, PRIMARY KEY (client, log, sequence)) WITHOUT ROWID;
    INSERT INTO pending SELECT w.client, m.log, m.sequence FROM waiting w JOIN message m ON m.place = w.place;";

/// A walk through what the original server stored.
#[derive(Debug)]
pub struct OriginalWalk {
    connection: Connection,
    path: PathBuf,
    left_out: LeftOut,
}

/// What of an original database has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Packets that no persistent subscriber waits for.
    pub packets: u64,
    /// Temporary subscriptions.
    pub subscriptions: u64,
}

impl OriginalWalk {
    /// Begins a walk through the original server's file, `jmqt.db`, or through a dump of its MySQL tables, as `mysqldump`
    /// writes it. Nothing is changed there; the server must not run meanwhile, or the file be a copy.
    ///
    /// # Errors
    /// When it is missing, or none of that server's.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path::absolute(path)
            .map_err(|error| StoreError::new("opening", Some(path), error.into()))?;
        open(&path).map_err(|cause| StoreError::new("opening", Some(&path), cause))
    }

    /// What is left out, since it has no counterpart.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    fn entries(
        &self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Cause> {
        let is_start = after.is_none();
        let Some(sql) = rows::sql(part) else { return Ok(Vec::new()) };
        if part == Part::Counters && !is_start {
            return Ok(Vec::new());
        }
        let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
        let Key { name, numbers: [first, second, _] } = after.unwrap_or(&start);
        let name = String::from_utf8_lossy(name);
        let values: &[&dyn ToSql] = match part {
            Part::Logs => &[first],
            Part::Pages => &[first, second],
            Part::Cursors => &[&name, first],
            Part::Clients | Part::Retained => &[&name, &is_start],
            Part::Counters | Part::History | Part::Sessions => &[],
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let entry = rows::entry(&self.connection, part, row)?;
            bytes += entry.weight();
            entries.push(entry);
            if bytes_max < bytes {
                break;
            }
        }
        Ok(entries)
    }
}

impl StoreWalk for OriginalWalk {
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

fn open(path: &Path) -> Result<OriginalWalk, Cause> {
    let mut magic = Vec::new();
    File::open(path)?.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic)?;
    let connection = if magic == SQLITE_MAGIC {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(path, flags)?
    } else {
        dump::load(path, &TABLES)?
    };
    require_tables(&connection)?;
    connection.execute_batch(PREPARATION)?;
    let count =
        |sql: &str| -> Result<u64, Cause> { Ok(connection.query_one(sql, [], |row| row.get(0))?) };
    let left_out = LeftOut {
        packets: count("SELECT (SELECT count(*) FROM packets) - (SELECT count(*) FROM message)")?,
        subscriptions: count("SELECT count(*) FROM subscriptions WHERE coalesce(is_tmp, 0)")?,
    };
    Ok(OriginalWalk { connection, path: path.to_path_buf(), left_out })
}

/// Refuses a file that lacks a table or a column.
fn require_tables(connection: &Connection) -> Result<(), Cause> {
    for (table, columns) in TABLES {
        for column in columns {
            let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE lower(name) = ?2)";
            let is_there: bool = connection.query_one(sql, [table, column], |row| row.get(0))?;
            if !is_there {
                return Err(Cause::NotOriginal { table, column });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
