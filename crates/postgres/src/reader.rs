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
    PostgresSettings,
    address::Address,
    cause::{Trouble, pausing},
    check, clients,
    link::Link,
    names::{number, unsigned},
    segment,
    wait::Moves,
};

/// The first pause before another connection is tried, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How long nothing is tried after a try failed that was as long as it may be.
const REST: Duration = Duration::from_secs(1);

/// The rows of a log that are looked at in one go.
const ROWS_MAX: i64 = 1024;

/// Some rows of a log, as long as what is before them is at most so many bytes.
pub(crate) const READ: &str = "
    SELECT last, trimmed, aside, pages, body, count FROM (
        SELECT s.last, l.trimmed, s.aside, s.pages, s.body, s.count,
            sum(octet_length(s.body)) OVER (ORDER BY s.last) - octet_length(s.body) AS before
        FROM log l JOIN LATERAL (
            SELECT * FROM segment x WHERE x.log = $1 AND GREATEST($2, l.trimmed + 1) <= x.last
            ORDER BY x.last LIMIT $4) s ON true
        WHERE l.id = $1) found
    WHERE before <= $3 ORDER BY last";

/// A reader.
pub(crate) struct PostgresReader {
    settings: PostgresSettings,
    address: Address,
    link: Option<Link>,
    moves: Arc<Moves>,
    /// Until when nothing is tried, after all tries have failed.
    rests_until: Option<Instant>,
}

impl PostgresReader {
    /// Makes one, which connects when it is asked for the first time.
    pub(crate) fn new(settings: PostgresSettings, address: Address, moves: Arc<Moves>) -> Self {
        PostgresReader { settings, address, link: None, moves, rests_until: None }
    }

    /// Asks, on a new connection if there is none, and again where the connection broke: a database that starts anew, or
    /// hands over to another, is soon back.
    fn ask<T>(
        &mut self,
        question: &impl AsyncFn(&Link) -> Result<T, Trouble>,
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
                    if self.settings.patience <= began.elapsed() + pause {
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
        question: &impl AsyncFn(&Link) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let patience = self.settings.patience;
        let link = &mut self.link;
        let work = async {
            if link.is_none() {
                *link = Some(connect(&self.settings, &self.address).await?);
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

async fn connect(settings: &PostgresSettings, address: &Address) -> Result<Link, Trouble> {
    let mut link = Link::open(address).await?;
    link.run(&check::session(settings)).await?;
    link.prepare(&[READ, clients::ONE, clients::LIST, clients::IDS]).await?;
    Ok(link)
}

/// Reads pages of a log; goes on where the rows that were found hold none that is there.
async fn pages(
    link: &Link,
    log: LogId,
    from: Sequence,
    bytes_max: usize,
) -> Result<Vec<LogEntry>, Trouble> {
    let bytes_limit = number(bytes_max as u64);
    let mut from = from;
    loop {
        let rows =
            link.query(READ, &[&number(log.0), &number(from), &bytes_limit, &ROWS_MAX]).await?;
        let Some(end) = rows.last().map(|row| unsigned(row, 0)) else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for row in &rows {
            let (last, trimmed) = (unsigned(row, 0), unsigned(row, 1));
            let aside: Vec<i64> = row.get(2);
            let is_there = |last: Sequence| {
                from <= last && trimmed < last && !aside.contains(&last.cast_signed())
            };
            let body = Bytes::from(row.get::<_, Vec<u8>>(4));
            entries.extend(segment::entries(last, unsigned(row, 5), row.get(3), &body, is_there));
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

impl StoreReader for PostgresReader {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.ask(&async |link: &Link| pages(link, log, from, bytes_max).await)
    }

    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError> {
        self.ask(&async |link: &Link| clients::one(link, id).await)
    }

    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError> {
        self.ask(&async |link: &Link| clients::list(link, after, count_max).await)
    }

    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError> {
        self.ask(&async |link: &Link| clients::ids(link, after, count_max).await)
    }
}
