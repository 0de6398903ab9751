//! One connection to the database, and what is sent over it.

use mysql_async::{Conn, Opts, Row as Found, prelude::Queryable};
use rialto_database::{Acknowledged, CursorStatement, Link, Row, Statement, Trouble};
use rialto_domain::Sequence;

use crate::{
    cause::trouble,
    script::{Script, Value},
    sets, statements,
};

/// What is sent at once at most, unless a statement is longer.
const PACKET_BYTES_MAX: usize = 16 << 20;

/// The smallest packet that a server may be set to take is longer.
const PACKET_BYTES_MIN: usize = 1024;

/// A row of a MySQL database.
#[derive(Debug)]
pub(crate) struct MysqlRow(Found);

impl Row for MysqlRow {
    fn number(&self, column: usize) -> Option<i64> {
        std::str::from_utf8(self.bytes(column)?).ok()?.parse().ok()
    }

    fn bytes(&self, column: usize) -> Option<&[u8]> {
        // Answers to texts are texts, numbers included.
        match self.0.as_ref(column)? {
            mysql_async::Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn places(&self, column: usize) -> Vec<i64> {
        let text = std::str::from_utf8(self.bytes(column).unwrap_or_default()).unwrap_or_default();
        text.split(',').filter_map(|place| place.parse().ok()).collect()
    }

    fn stretches(&self, column: usize) -> Vec<(Sequence, Sequence)> {
        sets::read(self.bytes(column).unwrap_or_default())
    }
}

impl MysqlRow {
    /// Returns a column as text; empty if it is none.
    pub(crate) fn text(&self, column: usize) -> String {
        String::from_utf8_lossy(self.bytes(column).unwrap_or_default()).into_owned()
    }
}

/// A connection; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct MysqlLink {
    conn: Conn,
    /// What the server takes at once, in bytes.
    packet_bytes_max: usize,
    /// Whether something failed that leaves the connection of no use.
    is_broken: bool,
}

impl MysqlLink {
    /// Connects.
    pub(crate) async fn open(opts: Opts) -> Result<Self, Trouble> {
        let conn = Conn::new(opts).await.map_err(|error| trouble(&error))?;
        Ok(MysqlLink { conn, packet_bytes_max: PACKET_BYTES_MIN, is_broken: false })
    }

    /// Knows what the server takes at once.
    pub(crate) fn set_packet_bytes_max(&mut self, bytes: usize) {
        self.packet_bytes_max = bytes.max(PACKET_BYTES_MIN);
    }

    /// Carries out statements, which stand in one packet, and leaves their rows.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Trouble> {
        let done = self.conn.query_drop(sql.as_bytes()).await;
        done.map_err(|error| self.note(&error))
    }

    /// Carries out one statement and returns its rows.
    pub(crate) async fn rows(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<MysqlRow>, Trouble> {
        let mut script = Script::default();
        script.add(sql, values);
        let mut all = vec![Vec::new()];
        self.send(&script, &mut all).await?;
        Ok(all.pop().unwrap_or_default())
    }

    /// Carries out so many statements, which stand in one packet, and returns the rows of each.
    async fn query(&mut self, packet: &[u8], count: usize) -> Result<Vec<Vec<MysqlRow>>, Trouble> {
        let conn = &mut self.conn;
        let work = async {
            let mut result = conn.query_iter(packet).await?;
            let mut all = Vec::with_capacity(count);
            // As many as there are, and not until there is nothing more: the failure of one behind the first is told
            // to whoever asks for its rows.
            for _ in 0..count {
                let rows: Vec<Found> = result.collect().await?;
                all.push(rows.into_iter().map(MysqlRow).collect());
            }
            Ok(all)
        };
        work.await.map_err(|error| self.note(&error))
    }

    fn note(&mut self, error: &mysql_async::Error) -> Trouble {
        let trouble = trouble(error);
        self.is_broken |= trouble.is_broken;
        trouble
    }

    /// Sends statements; adds the rows of each to those of its owner.
    async fn send(&mut self, script: &Script, all: &mut [Vec<MysqlRow>]) -> Result<(), Trouble> {
        let bytes_max = PACKET_BYTES_MAX.min(self.packet_bytes_max / 2);
        for (packet, owners) in script.packets(bytes_max) {
            let results = self.query(packet, owners.len()).await?;
            for (owner, rows) in owners.into_iter().zip(results) {
                all[owner].extend(rows);
            }
        }
        Ok(())
    }

    /// Adds to what cursors have acknowledged: the tables hold it as bytes, which are read, added to and written.
    async fn acknowledge(&mut self, cursors: Vec<Acknowledged<'_>>) -> Result<(), Trouble> {
        let mut questions = Script::default();
        for (index, (client, channel, _)) in cursors.iter().enumerate() {
            questions.set_owner(index);
            let values = [client.as_str().into(), channel.as_str().into()];
            questions.add(statements::ACKNOWLEDGED, &values);
        }
        let mut found: Vec<Vec<MysqlRow>> = cursors.iter().map(|_| Vec::new()).collect();
        self.send(&questions, &mut found).await?;
        let mut changes = Script::default();
        for ((client, _, more), rows) in cursors.into_iter().zip(&found) {
            let Some(row) = rows.first() else { continue };
            let [log, floor, last] = [0, 1, 2].map(|column| row.number(column).unwrap_or(0));
            let there = row.bytes(3).unwrap_or_default();
            let (floor, last) = (floor.unsigned_abs(), last.unsigned_abs());
            let set = sets::with_more(there, more, floor, last);
            let values = [set.as_slice().into(), client.as_str().into(), log.into()];
            changes.add(statements::ACKNOWLEDGE, &values);
        }
        self.send(&changes, &mut [Vec::new()]).await
    }
}

impl Link for MysqlLink {
    type Row = MysqlRow;

    fn is_closed(&self) -> bool {
        self.is_broken
    }

    fn append_bytes_max(&self) -> usize {
        // With every quote doubled it goes into a packet.
        self.packet_bytes_max / 4
    }

    async fn prepare(&mut self) -> Result<(), Trouble> {
        Ok(())
    }

    async fn all(&mut self, statements: Vec<Statement<'_>>) -> Result<Vec<Vec<MysqlRow>>, Trouble> {
        let mut all: Vec<Vec<MysqlRow>> = statements.iter().map(|_| Vec::new()).collect();
        let mut script = Script::default();
        for (index, statement) in statements.into_iter().enumerate() {
            if let Statement::Cursor(CursorStatement::Acknowledge(cursors)) = statement {
                self.send(&std::mem::take(&mut script), &mut all).await?;
                self.acknowledge(cursors).await?;
            } else {
                script.set_owner(index);
                statements::add(&mut script, statement);
            }
        }
        self.send(&script, &mut all).await?;
        Ok(all)
    }

    async fn roll_back(&mut self) -> Result<(), Trouble> {
        self.run("ROLLBACK").await
    }
}
