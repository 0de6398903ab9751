//! Reads logs and clients over a connection of its own, which it makes anew when it is lost.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rialto_domain::{ClientId, ClientState, LogEntry, LogId, Sequence, StoredClient, StoredId};
use rialto_store::{StoreError, StoreReader};

use crate::{
    cause::{Trouble, pausing},
    clients,
    database::Database,
    link::Link,
    names::number,
    row::{Row, bytes, unsigned},
    segment,
    statement::Read,
    wait::Moves,
};

/// The first pause before another connection is tried, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How long nothing is tried after a try failed that was as long as it may be.
const REST: Duration = Duration::from_secs(1);

/// The rows of a log that are looked at in one go.
const ROWS_MAX: i64 = 1024;

/// A reader.
pub(crate) struct DatabaseReader<D: Database> {
    database: D,
    link: Option<D::Link>,
    moves: Arc<Moves>,
    /// Until when nothing is tried, after all tries have failed.
    rests_until: Option<Instant>,
}

impl<D: Database> DatabaseReader<D> {
    /// Makes one, which connects when it is asked for the first time.
    pub(crate) fn new(database: D, moves: Arc<Moves>) -> Self {
        DatabaseReader { database, link: None, moves, rests_until: None }
    }

    /// Asks, on a new connection if there is none, and again where the connection broke: a database that starts anew, or
    /// hands over to another, is soon back.
    fn ask<T>(
        &mut self,
        question: &impl AsyncFn(&mut D::Link) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let failed = |cause| StoreError::new("reading", None, cause);
        let began = Instant::now();
        if self.rests_until.is_some_and(|until| began < until) {
            return Err(failed(pausing()));
        }
        let mut pause = PAUSE;
        loop {
            match self.ask_once(question) {
                Err(trouble) if trouble.is_broken => {
                    if self.database.settings().patience <= began.elapsed() + pause {
                        self.rests_until = Some(Instant::now() + REST);
                        return Err(failed(trouble.cause));
                    }
                }
                result => return result.map_err(|trouble| failed(trouble.cause)),
            }
            thread::sleep(pause);
            pause = PAUSE_MAX.min(2 * pause);
        }
    }

    fn ask_once<T>(
        &mut self,
        question: &impl AsyncFn(&mut D::Link) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let patience = self.database.settings().patience;
        let link = &mut self.link;
        let work = async {
            if link.is_none() {
                *link = Some(self.database.connect_to_read().await?);
            }
            match link {
                Some(link) => question(link).await,
                None => Err(Trouble::silent(patience)),
            }
        };
        let answer = self.moves.wait(patience, work);
        let answer = answer.unwrap_or_else(|| Err(Trouble::silent(patience)));
        if answer.as_ref().is_err_and(|trouble| trouble.is_broken) {
            self.link = None;
        }
        answer
    }
}

/// Reads pages of a log; goes on where the rows that were found hold none that is there.
async fn pages(
    link: &mut impl Link,
    log: LogId,
    from: Sequence,
    bytes_max: usize,
) -> Result<Vec<LogEntry>, Trouble> {
    let bytes_limit = number(bytes_max as u64);
    let mut from = from;
    loop {
        let question = Read::Log { log, from, bytes_max: bytes_limit, rows_max: ROWS_MAX };
        let rows = link.ask(question).await?;
        let Some(end) = rows.last().map(|row| unsigned(row, 0)) else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for row in &rows {
            let (last, trimmed) = (unsigned(row, 0), unsigned(row, 1));
            let aside = row.places(2);
            let is_there = |last: Sequence| {
                from <= last && trimmed < last && !aside.contains(&last.cast_signed())
            };
            let body = Bytes::copy_from_slice(bytes(row, 4));
            let heads = bytes(row, 3);
            entries.extend(segment::entries(last, unsigned(row, 5), heads, &body, is_there));
        }
        bound(&mut entries, bytes_max);
        if !entries.is_empty() {
            return Ok(entries);
        }
        from = end + 1;
    }
}

/// Leaves out what comes once the bytes have passed the limit.
fn bound(entries: &mut Vec<LogEntry>, bytes_max: usize) {
    let mut bytes = 0;
    let beyond = entries.iter().position(|entry| {
        if let LogEntry::Page(page) = entry {
            bytes += page.payloads.as_bytes().len();
        }
        bytes_max < bytes
    });
    if let Some(last) = beyond {
        entries.truncate(last + 1);
    }
}

impl<D: Database> StoreReader for DatabaseReader<D> {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.ask(&async |link: &mut D::Link| pages(link, log, from, bytes_max).await)
    }

    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError> {
        self.ask(&async |link: &mut D::Link| clients::one(link, id).await)
    }

    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError> {
        self.ask(&async |link: &mut D::Link| clients::list(link, after, count_max).await)
    }

    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError> {
        self.ask(&async |link: &mut D::Link| clients::ids(link, after, count_max).await)
    }
}
