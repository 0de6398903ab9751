//! Where logs end, who reads them and what they hold, as the core starts from it.

use std::collections::HashMap;

use rialto_domain::{LogExtent, LogId, LogState, Sequence};

use crate::{
    cause::Trouble,
    damaged::Damaged,
    link::Link,
    names::{channel, unsigned},
    segment, trim,
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
        let sql = "SELECT l.id, l.name, l.last, l.trimmed, l.bytes, s.last, s.pages
            FROM log l LEFT JOIN LATERAL (
                SELECT x.last, x.pages FROM segment x
                WHERE x.log = l.id AND l.trimmed < x.last ORDER BY x.last DESC LIMIT 1) s ON true
            WHERE l.kind = 0 ORDER BY l.name";
        let mut logs = Logs { states: Vec::new(), untidy: Vec::new(), places: HashMap::new() };
        for row in link.query(sql, &[]).await? {
            let Some(channel) = damaged.sound("log", channel(&row, 1)) else { continue };
            let last = unsigned(&row, 2);
            let (trimmed, bytes) = (unsigned(&row, 3), unsigned(&row, 4));
            let newest = row.get::<_, Option<i64>>(5).map(|last| {
                let pages = segment::states(last.unsigned_abs(), row.get(6), |_| true);
                pages.and_then(|pages| pages.last().copied()).map_or(0, |page| page.served)
            });
            logs.places.insert(row.get(0), logs.states.len());
            logs.states.push(LogState {
                channel,
                log: LogId(unsigned(&row, 0)),
                last,
                extent: LogExtent { trimmed, bytes, oldest: None },
                newest: newest.unwrap_or(0),
                reader_count: 0,
                slowest: last,
            });
        }
        trim::read_oldest(link, &mut logs.states).await?;
        let sql = "SELECT l.id FROM log l WHERE l.kind = 0 AND EXISTS (
                       SELECT 1 FROM segment x WHERE x.log = l.id AND x.last <= l.trimmed)";
        logs.untidy = link.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect();
        Ok(logs)
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
