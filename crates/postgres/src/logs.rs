//! Where logs end, who reads them and what pages they have, as the core starts from it.

use std::{collections::HashMap, pin::pin};

use futures_util::StreamExt;
use rialto_domain::{LogId, LogState, PageState, Sequence};
use tokio_postgres::types::ToSql;

use crate::{
    cause::Trouble,
    damaged::Damaged,
    link::Link,
    names::{channel, unsigned},
    segment,
};

/// All logs.
#[derive(Debug)]
pub(crate) struct Logs {
    /// By channel.
    pub(crate) states: Vec<LogState>,
    /// Those that have rows which are trimmed and still there.
    pub(crate) untidy: Vec<i64>,
    places: HashMap<i64, usize>,
}

impl Logs {
    pub(crate) async fn read(link: &Link, damaged: &mut Damaged) -> Result<Self, Trouble> {
        let sql = "SELECT id, name, last, trimmed FROM log WHERE kind = 0 ORDER BY name";
        let mut logs = Logs { states: Vec::new(), untidy: Vec::new(), places: HashMap::new() };
        for row in link.query(sql, &[]).await? {
            let Some(channel) = damaged.sound("log", channel(&row, 1)) else { continue };
            let last = unsigned(&row, 2);
            logs.places.insert(row.get(0), logs.states.len());
            logs.states.push(LogState {
                channel,
                log: LogId(unsigned(&row, 0)),
                last,
                trimmed: unsigned(&row, 3),
                reader_count: 0,
                slowest: last,
                pages: Vec::new(),
            });
        }
        logs.read_pages(link).await?;
        Ok(logs)
    }

    /// Reads which pages there are, without what is in them.
    async fn read_pages(&mut self, link: &Link) -> Result<(), Trouble> {
        let sql = "SELECT s.log, s.last, s.count, s.aside, s.pages FROM segment s
                   JOIN log l ON l.id = s.log AND l.kind = 0 ORDER BY s.log, s.last";
        let no_values: [&(dyn ToSql + Sync); 0] = [];
        let mut rows = pin!(link.client().query_raw(sql, no_values).await?);
        while let Some(row) = rows.next().await {
            let row = row?;
            let log: i64 = row.get(0);
            let Some(state) = self.places.get(&log).map(|place| &mut self.states[*place]) else {
                continue;
            };
            let last = unsigned(&row, 1);
            if last <= state.trimmed {
                if self.untidy.last() != Some(&log) {
                    self.untidy.push(log);
                }
                continue;
            }
            let (aside, trimmed): (Vec<i64>, Sequence) = (row.get(3), state.trimmed);
            let is_there = |last: Sequence| trimmed < last && !aside.contains(&last.cast_signed());
            match segment::states(last, row.get(4), is_there) {
                Some(pages) => state.pages.extend(pages),
                // Whoever reads it is told.
                None if is_there(last) => {
                    state.pages.push(PageState { last, bytes: 0, served: 0 });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Reads how many cursors each log has and where the slowest stands, but no cursor.
    pub(crate) async fn read_readers(&mut self, link: &Link) -> Result<(), Trouble> {
        let sql = "SELECT log, count(*), min(floor) FROM cursor GROUP BY log";
        for row in link.query(sql, &[]).await? {
            self.note_readers(row.get(0), unsigned(&row, 1), unsigned(&row, 2));
        }
        Ok(())
    }

    /// Counts readers of a log, the slowest of which stands at `floor`.
    pub(crate) fn note_readers(&mut self, log: i64, count: u64, floor: Sequence) {
        if let Some(place) = self.places.get(&log) {
            self.states[*place].note_reader(count, floor);
        }
    }
}
