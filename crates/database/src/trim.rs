//! What logs hold and how far they are to be trimmed: page by page from the oldest, by the heads of a few rows
//! at a time.

use std::collections::BTreeMap;

use rialto_domain::{ChannelName, LogExtent, LogId, LogState, OldestPage, Outcome, Sequence, Trim};

use crate::{
    cause::Trouble,
    link::Link,
    row::{Row, bytes, id, place, unsigned},
    segment::{self, PageState},
    statement::LogStatement,
};

/// Rows of a log that are looked at in one go.
const ROWS_MAX: i64 = 64;

/// Logs that are asked for in one go.
const LOGS_MAX: usize = 1000;

/// The trims of one channel, each with the place of its outcome.
pub(crate) type Trims<'a> = BTreeMap<&'a ChannelName, Vec<(usize, &'a Trim)>>;

/// What came of trims.
#[derive(Debug, Default)]
pub(crate) struct Trimmed {
    /// By their places.
    pub(crate) outcomes: Vec<(usize, Outcome)>,
    /// The logs that lost pages.
    pub(crate) logs: Vec<i64>,
}

/// A log that is looked through from its oldest page on.
#[derive(Debug)]
struct Walk<'a> {
    channel: &'a ChannelName,
    /// What is still to be found out, the last one first.
    trims: Vec<(usize, &'a Trim)>,
    log: Option<(i64, Sequence)>,
    extent: LogExtent,
    /// Where its first look found it.
    trimmed_before: Sequence,
    /// The last row that was looked at.
    behind: Sequence,
}

/// Finds out how far logs are to be trimmed, and trims them.
pub(crate) async fn trim(link: &mut impl Link, trims: &Trims<'_>) -> Result<Trimmed, Trouble> {
    let mut walks: Vec<Walk<'_>> =
        trims.iter().map(|(channel, trims)| Walk::of(channel, trims)).collect();
    let mut trimmed = Trimmed::default();
    walk_all(link, &mut walks, &mut trimmed.outcomes).await?;
    let moved: Vec<_> = walks.iter().filter_map(Walk::moved).collect();
    if !moved.is_empty() {
        trimmed.logs = moved.iter().map(|(id, _)| *id).collect();
        link.ask(LogStatement::Trim(moved)).await?;
    }
    Ok(trimmed)
}

/// Notes the oldest page of each log.
pub(crate) async fn read_oldest(
    link: &mut impl Link,
    logs: &mut [LogState],
) -> Result<(), Trouble> {
    for logs in logs.chunks_mut(LOGS_MAX) {
        let nothing = Trim::default();
        let trims = [(0, &nothing)];
        let mut walks: Vec<Walk<'_>> =
            logs.iter().map(|log| Walk::of(&log.channel, &trims)).collect();
        walk_all(link, &mut walks, &mut Vec::new()).await?;
        let oldest: Vec<_> = walks.iter().map(|walk| walk.extent.oldest).collect();
        for (log, oldest) in logs.iter_mut().zip(oldest) {
            log.extent.oldest = oldest;
        }
    }
    Ok(())
}

/// Returns the oldest page of a channel's log.
pub(crate) async fn oldest(
    link: &mut impl Link,
    channel: &ChannelName,
) -> Result<Option<OldestPage>, Trouble> {
    let nothing = Trim::default();
    let mut walks = [Walk::of(channel, &[(0, &nothing)])];
    walk_all(link, &mut walks, &mut Vec::new()).await?;
    let [walk] = walks;
    Ok(walk.extent.oldest)
}

/// Looks through logs until all is found out.
async fn walk_all(
    link: &mut impl Link,
    walks: &mut [Walk<'_>],
    outcomes: &mut Vec<(usize, Outcome)>,
) -> Result<(), Trouble> {
    loop {
        let mut open: Vec<_> = walks.iter_mut().filter(|walk| !walk.trims.is_empty()).collect();
        if open.is_empty() {
            return Ok(());
        }
        let logs: Vec<_> = open.iter().map(|walk| (walk.channel, walk.behind)).collect();
        // Mostly the first row has the oldest page.
        let rows_max = if logs.iter().all(|(_, behind)| *behind == 0) { 1 } else { ROWS_MAX };
        let rows = link.ask(LogStatement::Oldest { logs, rows_max }).await?;
        let mut rows = rows.as_slice();
        for (index, walk) in open.iter_mut().enumerate() {
            let own = rows.iter().take_while(|row| place(*row, 0) == index).count();
            let (own, rest) = rows.split_at(own);
            rows = rest;
            walk.go_on(own, rows_max, outcomes);
        }
    }
}

impl<'a> Walk<'a> {
    fn of(channel: &'a ChannelName, trims: &[(usize, &'a Trim)]) -> Self {
        Walk {
            channel,
            trims: trims.iter().rev().copied().collect(),
            log: None,
            extent: LogExtent::default(),
            trimmed_before: 0,
            behind: 0,
        }
    }

    /// Looks at the next rows of the log.
    fn go_on(&mut self, rows: &[impl Row], rows_max: i64, outcomes: &mut Vec<(usize, Outcome)>) {
        let Some(first) = rows.first() else {
            // There is no such log.
            outcomes.extend(self.trims.drain(..).map(|(place, _)| (place, Outcome::Done)));
            return;
        };
        if self.log.is_none() {
            self.log = Some((id(first, 1), unsigned(first, 2)));
            self.extent.trimmed = unsigned(first, 3);
            self.extent.bytes = unsigned(first, 4);
            self.trimmed_before = self.extent.trimmed;
            let log = LogId(unsigned(first, 1));
            let is_other = |meant: Option<LogId>| meant.is_some_and(|meant| meant != log);
            let others = self.trims.extract_if(.., |(_, trim)| is_other(trim.log));
            outcomes.extend(others.map(|(place, _)| (place, Outcome::Done)));
            if self.trims.is_empty() {
                return;
            }
        }
        for page in rows.iter().flat_map(pages) {
            self.extent.oldest = Some(OldestPage { last: page.last, served: page.served });
            if !self.drops_oldest(outcomes) {
                return;
            }
            self.extent.trimmed = page.last;
            self.extent.bytes = self.extent.bytes.saturating_sub(page.bytes);
            self.extent.oldest = None;
        }
        match rows.last().and_then(|row| row.number(5)) {
            Some(last) if rows.len() as i64 == rows_max => self.behind = last.unsigned_abs(),
            // What damage took of it is not there either.
            _ => {
                let last = self.log.map_or(0, |(_, last)| last);
                self.extent = LogExtent { trimmed: last, bytes: 0, oldest: None };
                while self.drops_oldest(outcomes) {}
            }
        }
    }

    /// Says whether the oldest page goes; each trim that has it stay is done.
    fn drops_oldest(&mut self, outcomes: &mut Vec<(usize, Outcome)>) -> bool {
        let Some((_, last)) = self.log else { return false };
        while let Some((place, trim)) = self.trims.last().copied() {
            if trim.drops(last, &self.extent) {
                return true;
            }
            outcomes.push((place, Outcome::Trimmed(self.extent)));
            self.trims.pop();
        }
        false
    }

    /// Returns the log and what it holds now, if that has changed.
    fn moved(&self) -> Option<(i64, LogExtent)> {
        let (id, _) = self.log?;
        (self.trimmed_before < self.extent.trimmed).then_some((id, self.extent))
    }
}

/// Returns the pages of a row that are there. One whose heads are damaged is one page, of which whoever reads it is
/// told.
fn pages(row: &impl Row) -> Vec<PageState> {
    let (Some(last), trimmed) = (row.number(5), unsigned(row, 3)) else {
        return Vec::new();
    };
    let (last, aside) = (last.unsigned_abs(), row.places(6));
    let is_there = |last: Sequence| trimmed < last && !aside.contains(&last.cast_signed());
    segment::states(last, bytes(row, 7), is_there).unwrap_or_else(|| {
        is_there(last).then_some(PageState { last, bytes: 0, served: 0 }).into_iter().collect()
    })
}
