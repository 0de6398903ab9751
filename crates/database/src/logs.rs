//! Where logs end, who reads them and what they hold, as the core starts from it.

use std::collections::HashMap;

use rialto_domain::{LogExtent, LogId, LogState, Sequence};

use crate::{
    cause::Trouble,
    damaged::Damaged,
    link::Link,
    row::{Row, bytes, channel, id, unsigned},
    segment,
    statement::Read,
    trim,
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
    pub(crate) async fn read(link: &mut impl Link, damaged: &mut Damaged) -> Result<Self, Trouble> {
        let mut logs = Logs { states: Vec::new(), untidy: Vec::new(), places: HashMap::new() };
        for row in link.ask(Read::Logs).await? {
            let Some(channel) = damaged.sound("log", channel(&row, 1)) else { continue };
            let last = unsigned(&row, 2);
            let (trimmed, held) = (unsigned(&row, 3), unsigned(&row, 4));
            let newest = row.number(5).map(|last| {
                let pages = segment::states(last.unsigned_abs(), bytes(&row, 6), |_| true);
                pages.and_then(|pages| pages.last().copied()).map_or(0, |page| page.served)
            });
            logs.places.insert(id(&row, 0), logs.states.len());
            logs.states.push(LogState {
                channel,
                log: LogId(unsigned(&row, 0)),
                last,
                extent: LogExtent { trimmed, bytes: held, oldest: None },
                newest: newest.unwrap_or(0),
                reader_count: 0,
                slowest: last,
            });
        }
        trim::read_oldest(link, &mut logs.states).await?;
        logs.untidy = link.ask(Read::Untidy).await?.iter().map(|row| id(row, 0)).collect();
        Ok(logs)
    }

    /// Reads how many cursors each log has and where the slowest stands, but no cursor.
    pub(crate) async fn read_readers(&mut self, link: &mut impl Link) -> Result<(), Trouble> {
        for row in link.ask(Read::Readers).await? {
            self.note_readers(id(&row, 0), unsigned(&row, 1), unsigned(&row, 2));
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
