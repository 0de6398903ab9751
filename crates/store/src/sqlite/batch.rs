//! Carries out one batch of changes in one transaction.

use rialto_domain::{
    Change, ChannelName, ClientId, Commit, LogId, Outcome, Page, Retained, Seen, Sequence,
    SessionNumber, StoreClock,
};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    clients, cursors,
    damage::{self, SetAside},
    heads::{Head, Heads, HeadsDraft},
    history,
    inspection::{self, Finding, Inspection},
    leftovers::{self, Leftovers, LeftoversDraft, WHOLE_LOG},
    stretches::Journal,
};
use crate::Cause;

/// One batch on its way into the file; dropped before [`commit`](Self::commit), it never was.
pub(super) struct Batch<'a> {
    transaction: Transaction<'a>,
    heads: HeadsDraft<'a>,
    leftovers: LeftoversDraft<'a>,
    journal: &'a mut Journal,
    stretches_added: u64,
    /// Damaged records that were set aside.
    told: Vec<SetAside>,
    inspection: &'a Inspection,
    pages_appended: u64,
    bytes_appended: u64,
}

impl<'a> Batch<'a> {
    /// Begins a batch.
    pub(super) fn begin(
        connection: &'a mut Connection,
        heads: &'a mut Heads,
        leftovers: &'a mut Leftovers,
        journal: &'a mut Journal,
        inspection: &'a Inspection,
    ) -> Result<Self, Cause> {
        // IMMEDIATE: a lock that another program holds is met here, not halfway.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch {
            transaction,
            heads: heads.draft(),
            leftovers: leftovers.draft(),
            journal,
            stretches_added: 0,
            told: Vec::new(),
            inspection,
            pages_appended: 0,
            bytes_appended: 0,
        })
    }

    /// Makes the batch last.
    pub(super) fn commit(self) -> Result<(), Cause> {
        self.transaction.commit()?;
        self.heads.keep();
        self.leftovers.keep();
        self.journal.note_added(self.stretches_added);
        damage::tell(&self.told);
        Ok(())
    }

    /// Carries out all changes, and removes some leftovers on the way.
    pub(super) fn carry_out(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Cause> {
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let outcomes = changes.map(|change| self.apply(change)).collect::<Result<_, _>>()?;
        // Once a log, however many pages it was given.
        for (before, head) in self.heads.changed() {
            self.move_head(before, head)?;
        }
        self.sweep(leftovers::effort_beside(self.pages_appended, self.bytes_appended))?;
        Ok(outcomes)
    }

    /// Removes leftovers worth about `effort`.
    pub(super) fn sweep(&mut self, effort: u64) -> Result<(), Cause> {
        self.leftovers.sweep(&self.transaction, effort)
    }

    /// Writes a log's head, unless somebody else has appended to it; what was damaged may be less.
    fn move_head(&self, before: Head, head: Head) -> Result<(), Cause> {
        let moved = self
            .transaction
            .prepare_cached("UPDATE log SET last = ?2, trimmed = ?3 WHERE id = ?1 AND last <= ?4")?
            .execute(params![head.log.0, head.last, head.trimmed, before.last])?;
        if moved == 1 { Ok(()) } else { Err(Cause::ChangedByAnother) }
    }

    fn apply(&mut self, change: &Change) -> Result<Outcome, Cause> {
        match change {
            Change::Append(page) => return self.append(page),
            Change::AppendDirect(client, page) => return self.append_direct(client, page),
            Change::Subscribe(client, channel) => return self.subscribe(client, channel),
            Change::Retain(channel, retained) => self.retain(channel, retained)?,
            Change::DropRetained(channel) => {
                self.execute("DELETE FROM retained WHERE channel = ?1", [channel.as_str()])?;
            }
            Change::PutClient(client, seen) => self.put_client(client, *seen)?,
            Change::ForgetClient(client) => self.forget(client)?,
            Change::Unsubscribe(client, channel) => self.unsubscribe(client, channel)?,
            Change::MoveCursor(client, channel, floor) => {
                return self.move_cursor(client, channel, *floor);
            }
            Change::Acknowledge(client, channel, stretches) => {
                self.acknowledge(client, channel, stretches)?;
            }
            Change::Trim(channel, through) => self.trim(channel, *through),
            Change::SetAside(channel, log, last) => self.set_aside(channel, *log, *last)?,
            Change::KeepHistory { channel, messages, count_max } => {
                history::keep(&self.transaction, channel, messages, *count_max)?;
            }
            Change::DropHistory(channel) => history::forget(&self.transaction, channel)?,
            Change::OpenSession(client, number) => self.open_session(client, *number)?,
            Change::CloseSession(client) => {
                self.execute("DELETE FROM session WHERE client = ?1", [client.as_str()])?;
            }
            Change::NoteClock(clock) => self.note_clock(*clock)?,
        }
        Ok(Outcome::Done)
    }

    fn append(&mut self, page: &Page) -> Result<Outcome, Cause> {
        if page.count == 0 {
            return Err(Cause::EmptyPage);
        }
        let mut head = self.head_of(&page.channel)?;
        let first = head.last + 1;
        head.last += u64::from(page.count);
        let payloads = page.payloads.as_bytes();
        self.execute(
            "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads, served_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                head.log.0,
                head.last,
                page.count,
                payloads.len(),
                page.at,
                page.publisher.as_str(),
                crc32fast::hash(payloads),
                &payloads[..],
                page.served,
            ],
        )?;
        self.heads.put(&page.channel, Some(head));
        self.pages_appended += 1;
        self.bytes_appended += payloads.len() as u64;
        Ok(Outcome::Appended { log: head.log, first })
    }

    fn append_direct(&mut self, client: &ClientId, page: &Page) -> Result<Outcome, Cause> {
        if page.count == 0 {
            return Err(Cause::EmptyPage);
        }
        if !clients::is_known(&self.transaction, client)? {
            return Ok(Outcome::ClientUnknown);
        }
        self.subscribe(client, &page.channel)?;
        self.append(page)
    }

    fn move_cursor(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        floor: Sequence,
    ) -> Result<Outcome, Cause> {
        let Some(Head { log, last, .. }) = self.heads.get(channel) else {
            return Ok(Outcome::Done);
        };
        cursors::move_floor(&self.transaction, client, log, last.min(floor))?;
        let slowest = cursors::slowest(&self.transaction, log)?;
        Ok(slowest.map_or(Outcome::Done, |slowest| Outcome::Moved { slowest }))
    }

    fn put_client(&self, client: &ClientId, seen: Seen) -> Result<(), Cause> {
        self.execute(
            "INSERT INTO client (name, seen_ms, served_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET
             seen_ms = excluded.seen_ms, served_ms = excluded.served_ms",
            params![client.as_str(), seen.at, seen.served],
        )
    }

    fn note_clock(&self, clock: StoreClock) -> Result<(), Cause> {
        self.execute(
            "INSERT INTO clock (row, served_ms, logical_ms) VALUES (1, ?1, ?2)
             ON CONFLICT (row) DO UPDATE SET
             served_ms = excluded.served_ms, logical_ms = excluded.logical_ms",
            params![clock.served, clock.logical],
        )
    }

    fn open_session(&self, client: &ClientId, number: SessionNumber) -> Result<(), Cause> {
        self.execute(
            "INSERT INTO session (client, number) VALUES (?1, ?2)
             ON CONFLICT (client) DO UPDATE SET number = excluded.number",
            params![client.as_str(), number],
        )
    }

    fn retain(&self, channel: &ChannelName, retained: &Retained) -> Result<(), Cause> {
        // The old one goes first: an update would want room for both, which a full store has not.
        self.execute(
            "INSERT OR REPLACE INTO retained (channel, publisher, crc, payload)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                channel.as_str(),
                retained.publisher.as_str(),
                crc32fast::hash(&retained.payload),
                &retained.payload[..],
            ],
        )
    }

    fn subscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Result<Outcome, Cause> {
        let head = self.head_of(channel)?;
        cursors::subscribe(&self.transaction, client, head)
    }

    fn unsubscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Result<(), Cause> {
        let Some(head) = self.heads.get(channel) else { return Ok(()) };
        cursors::remove(&self.transaction, client, head.log)?;
        self.drop_if_unread(channel, head.log)
    }

    fn forget(&mut self, client: &ClientId) -> Result<(), Cause> {
        for (channel, log) in self.logs_read_by(client)? {
            cursors::remove(&self.transaction, client, log)?;
            self.drop_if_unread(&channel, log)?;
        }
        self.execute("DELETE FROM client WHERE name = ?1", params![client.as_str()])
    }

    fn acknowledge(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        stretches: &[(Sequence, Sequence)],
    ) -> Result<(), Cause> {
        let Some(head) = self.heads.get(channel) else { return Ok(()) };
        self.stretches_added += cursors::acknowledge(&self.transaction, client, head, stretches)?;
        Ok(())
    }

    fn trim(&mut self, channel: &ChannelName, through: Sequence) {
        let Some(head) = self.heads.get(channel) else { return };
        // Not beyond the end: pages still to come are none of this trim's business.
        let trimmed = through.min(head.last);
        if head.trimmed < trimmed {
            self.heads.put(channel, Some(Head { trimmed, ..head }));
            self.leftovers.add(head.log, trimmed);
        }
    }

    fn set_aside(
        &mut self,
        channel: &ChannelName,
        log: LogId,
        last: Sequence,
    ) -> Result<(), Cause> {
        if self.heads.get(channel).is_none_or(|head| head.log != log) {
            return Ok(());
        }
        let found_now; // It may have come with this very batch.
        let finding = match self.inspection.get(log, last) {
            Some(finding) => Some(finding),
            None => {
                found_now = inspection::find(&self.transaction, log, last)?;
                found_now.as_ref()
            }
        };
        if let Some(Finding { damage, record }) = finding {
            self.told.extend(damage.keep(&self.transaction, record)?);
        }
        Ok(())
    }

    /// Returns the head of the channel's log, made if need be.
    fn head_of(&mut self, channel: &ChannelName) -> Result<Head, Cause> {
        if let Some(head) = self.heads.get(channel) {
            return Ok(head);
        }
        self.execute(
            "INSERT INTO log (kind, name, last, trimmed) VALUES (0, ?1, 0, 0)",
            params![channel.as_str()],
        )?;
        let id = u64::try_from(self.transaction.last_insert_rowid())
            .expect("AUTOINCREMENT counts from 1 up");
        let head = Head::new(LogId(id));
        self.heads.put(channel, Some(head));
        Ok(head)
    }

    fn drop_if_unread(&mut self, channel: &ChannelName, log: LogId) -> Result<(), Cause> {
        let dropped = self
            .transaction
            .prepare_cached(
                "DELETE FROM log
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM cursor WHERE log = ?1)",
            )?
            .execute(params![log.0])?;
        if 0 < dropped {
            self.heads.put(channel, None);
            self.leftovers.add(log, WHOLE_LOG);
        }
        Ok(())
    }

    /// Returns the logs that a client reads, but for those whose channel is not known.
    fn logs_read_by(&self, client: &ClientId) -> Result<Vec<(ChannelName, LogId)>, Cause> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT CAST(log.name AS BLOB), log.id FROM cursor JOIN log ON log.id = cursor.log
             WHERE cursor.owner_kind = 0 AND cursor.owner = ?1",
        )?;
        let mut rows = statement.query(params![client.as_str()])?;
        let mut logs = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(channel) = String::from_utf8(row.get(0)?) {
                logs.push((ChannelName::from(channel), LogId(row.get(1)?)));
            }
        }
        Ok(logs)
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), Cause> {
        self.transaction.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }
}
