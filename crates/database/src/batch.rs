//! Carries out a plan in one transaction, up to its end.

use std::collections::{BTreeMap, BTreeSet};

use rialto_domain::{ChannelName, ClientId, LogExtent, LogId, Outcome, Page, Sequence};
use rialto_store::DatabaseCause;

use crate::{
    cause::Trouble,
    link::Link,
    names::number,
    node::Node,
    plan::{Plan, Stage},
    row::{Row, bytes, id, place, unsigned},
    segment::{self, Draft},
    shared::SharedStatement,
    statement::{
        ClientStatement, Control, CursorStatement, LogStatement, Pairs, Segment, Statement,
    },
    trim,
};

/// What a transaction has done that is not committed yet.
#[derive(Debug)]
pub(crate) struct Done {
    /// One a change.
    pub(crate) outcomes: Vec<Outcome>,
    /// Where the logs that were appended to end now.
    pub(crate) heads: BTreeMap<i64, Sequence>,
    /// The first messages that they were given.
    pub(crate) firsts: BTreeMap<i64, Sequence>,
    /// Logs that have gone, where the database tells.
    pub(crate) gone: Vec<i64>,
    /// The logs that were trimmed.
    pub(crate) trimmed: Vec<i64>,
    /// Whether logs may have gone.
    pub(crate) has_removed: bool,
}

impl Done {
    /// Returns the logs that have grown, each with the first message that it was given and its last one.
    pub(crate) fn grown(&self) -> impl Iterator<Item = (i64, Sequence, Sequence)> {
        let first = |log: &i64, last: &Sequence| self.firsts.get(log).copied().unwrap_or(*last);
        self.heads.iter().map(move |(log, last)| (*log, first(log, last), *last))
    }
}

/// A transaction on its way.
struct Batch<'a, 'l, L> {
    link: &'l mut L,
    node: Node,
    /// What is to be sent next, and what is to be done with the answers.
    statements: Vec<Statement<'a>>,
    answers: Vec<Answer<'a>>,
    done: Done,
}

/// What is done with the rows that a statement returns.
enum Answer<'a> {
    Ignored,
    /// There is one, or the node may not write.
    Fence,
    /// One a log. The pages: their places, channels and how many messages there are from each to the end.
    Appended(Vec<(usize, &'a ChannelName, u64)>),
    /// The same, but for logs that are not there.
    AppendedIfRead(Vec<(usize, &'a ChannelName, u64)>),
    /// One a subscription, in whatever order; their places.
    Subscribed(Vec<usize>),
    /// One a log that has gone.
    Gone,
    /// One a log, by the place of its channel among those asked for; the moves' places for each channel.
    Slowest(Vec<Vec<usize>>),
}

/// Which answer it is that brings where pages went: their places, channels, and messages up to the end.
type Appended<'a> = fn(Vec<(usize, &'a ChannelName, u64)>) -> Answer<'a>;

/// Does all that is planned, in a transaction that is not ended; a node that shares the database has begun it.
///
/// # Errors
/// When anything fails, the transaction is of no use any more.
pub(crate) async fn carry_out<L: Link>(
    link: &mut L,
    node: Node,
    (plan, is_shared): (&Plan<'_>, bool),
) -> Result<Done, Trouble> {
    let done = Done {
        outcomes: vec![Outcome::Done; plan.change_count],
        heads: BTreeMap::new(),
        firsts: BTreeMap::new(),
        gone: Vec::new(),
        trimmed: Vec::new(),
        has_removed: false,
    };
    let mut batch = Batch { link, node, statements: Vec::new(), answers: Vec::new(), done };
    if !is_shared {
        batch.push(Control::Begin, Answer::Ignored);
        batch.push(Control::Fence(node), Answer::Fence);
    }
    for place in &plan.lost {
        batch.done.outcomes[*place] = Outcome::Lost;
    }
    for stage in &plan.stages {
        batch.stage(stage).await?;
    }
    for statement in plan.records.statements(node, is_shared) {
        batch.push(statement, Answer::Ignored);
    }
    batch.flush().await?;
    if is_shared {
        batch.note_handed(plan).await?;
    }
    Ok(batch.done)
}

impl<'a, L: Link> Batch<'a, '_, L> {
    async fn stage(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        self.put_clients(stage);
        self.subscribe(&stage.subscribes, true);
        self.append(&stage.appends);
        self.append_to_logs(&stage.if_reads, Answer::AppendedIfRead);
        self.append_directly(stage).await?;
        self.move_marks(stage);
        self.trim(stage).await?;
        self.set_aside(stage).await?;
        self.unsubscribe(&stage.unsubscribes);
        self.drop_logs(&stage.drops);
        self.forget(&stage.forgets);
        Ok(())
    }

    fn push(&mut self, statement: impl Into<Statement<'a>>, answer: Answer<'a>) {
        self.statements.push(statement.into());
        self.answers.push(answer);
    }

    /// Sends what has gathered, and takes the answers in.
    async fn flush(&mut self) -> Result<(), Trouble> {
        let statements = std::mem::take(&mut self.statements);
        let answers = std::mem::take(&mut self.answers);
        let results = self.link.all(statements).await?;
        for (answer, rows) in answers.into_iter().zip(results) {
            self.take(answer, &rows)?;
        }
        Ok(())
    }

    fn take(&mut self, answer: Answer<'a>, rows: &[L::Row]) -> Result<(), Trouble> {
        match answer {
            Answer::Ignored => {}
            Answer::Fence if rows.is_empty() => return Err(DatabaseCause::TakenOver.into()),
            Answer::Fence => {}
            Answer::Appended(pages) => {
                // Made or found a moment ago, and nobody else may write.
                if self.take_appended(&pages, rows) < pages.len() {
                    return Err(DatabaseCause::TakenOver.into());
                }
            }
            Answer::AppendedIfRead(pages) => {
                for (place, ..) in &pages {
                    self.done.outcomes[*place] = Outcome::Unread;
                }
                self.take_appended(&pages, rows);
            }
            Answer::Subscribed(places) => {
                for row in rows {
                    let (log, floor) = (LogId(unsigned(row, 1)), unsigned(row, 2));
                    self.done.outcomes[places[place(row, 0)]] = Outcome::Subscribed { log, floor };
                }
            }
            Answer::Gone => self.done.gone.extend(rows.iter().map(|row| id(row, 0))),
            Answer::Slowest(places) => {
                for row in rows.iter().filter(|row| row.number(1).is_some()) {
                    let slowest = unsigned(row, 1);
                    for place in &places[place(row, 0)] {
                        self.done.outcomes[*place] = Outcome::Moved { slowest };
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes where pages went; returns how many were appended.
    fn take_appended(&mut self, pages: &[(usize, &ChannelName, u64)], rows: &[L::Row]) -> usize {
        let mut count = 0;
        let mut heads: BTreeMap<&[u8], (LogId, Sequence)> = BTreeMap::new();
        for row in rows {
            let (id, last) = (id(row, 1), unsigned(row, 2));
            self.done.heads.insert(id, last);
            heads.insert(bytes(row, 0), (LogId(id.unsigned_abs()), last));
        }
        for (place, channel, behind) in pages {
            let Some((log, last)) = heads.get(channel.as_str().as_bytes()) else { continue };
            let first = last + 1 - behind;
            self.done.outcomes[*place] = Outcome::Appended { log: *log, first };
            let known = self.done.firsts.entry(number(log.0)).or_insert(first);
            *known = first.min(*known);
            count += 1;
        }
        count
    }

    fn put_clients(&mut self, stage: &Stage<'a>) {
        if stage.puts.is_empty() {
            return;
        }
        let puts = stage.puts.iter().map(|(client, seen)| (*client, *seen)).collect();
        self.push(ClientStatement::Put(puts), Answer::Ignored);
    }

    /// Makes logs that are not there.
    fn make_logs(&mut self, channels: BTreeSet<&'a ChannelName>) {
        let channels = channels.into_iter().collect();
        let generation = self.node.generation;
        self.push(LogStatement::Make { channels, generation }, Answer::Ignored);
    }

    fn subscribe(&mut self, all: &[(usize, &'a ClientId, &'a ChannelName)], is_told: bool) {
        if all.is_empty() {
            return;
        }
        self.make_logs(all.iter().map(|(_, _, channel)| *channel).collect());
        let pairs = || -> Pairs<'a> {
            all.iter().map(|(_, client, channel)| (*client, *channel)).collect()
        };
        self.push(CursorStatement::Make(pairs()), Answer::Ignored);
        if is_told {
            let places = all.iter().map(|(place, ..)| *place).collect();
            self.push(CursorStatement::Floors(pairs()), Answer::Subscribed(places));
        }
    }

    fn append(&mut self, all: &[(usize, &'a Page)]) {
        if all.is_empty() {
            return;
        }
        self.make_logs(all.iter().map(|(_, page)| &page.channel).collect());
        self.append_to_logs(all, Answer::Appended);
    }

    /// Appends to the logs that are there.
    fn append_to_logs(&mut self, all: &[(usize, &'a Page)], answer: Appended<'a>) {
        let bytes_max = self.link.append_bytes_max();
        let mut rest = all;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|(_, page)| {
                let is_first = bytes == 0;
                bytes += page.payloads.as_bytes().len();
                is_first || bytes <= bytes_max
            });
            let (own, behind) = rest.split_at(fits.count());
            self.append_at_once(own, answer);
            rest = behind;
        }
    }

    fn append_at_once(&mut self, all: &[(usize, &'a Page)], answer: Appended<'a>) {
        let mut drafts: BTreeMap<&ChannelName, Draft> = BTreeMap::new();
        let mut pages = Vec::with_capacity(all.len());
        for (place, page) in all {
            let before = drafts.entry(&page.channel).or_default().add(page);
            pages.push((*place, &page.channel, before));
        }
        for (_, channel, before) in &mut pages {
            // From the end, since that is what the database tells.
            *before = drafts[*channel].count - *before;
        }
        let segments = drafts.into_iter().map(|(channel, draft)| {
            let count = draft.count;
            let (pages, body) = draft.finish();
            Segment { channel, count, pages, body }
        });
        let segments = segments.collect();
        let node = self.node;
        self.push(LogStatement::Append { segments, node }, answer(pages));
    }

    /// Appends what is for clients that are known, and makes cursors for them before.
    async fn append_directly(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        if stage.directs.is_empty() {
            return Ok(());
        }
        self.flush().await?;
        let names = stage.directs.iter().map(|(_, client, _)| *client).collect();
        let rows = self.link.ask(ClientStatement::Known(names)).await?;
        let known: BTreeSet<usize> = rows.iter().map(|row| place(row, 0)).collect();
        let (mut subscribes, mut appends) = (Vec::new(), Vec::new());
        for (index, (place, client, page)) in stage.directs.iter().enumerate() {
            if known.contains(&index) {
                subscribes.push((*place, *client, &page.channel));
                appends.push((*place, *page));
            } else {
                self.done.outcomes[*place] = Outcome::ClientUnknown;
            }
        }
        self.subscribe(&subscribes, false);
        self.append(&appends);
        Ok(())
    }

    /// Marks what was appended for clients that other nodes own.
    async fn note_handed(&mut self, plan: &Plan<'a>) -> Result<(), Trouble> {
        let directs = plan.stages.iter().flat_map(|stage| &stage.directs);
        let stored = directs.filter_map(|(place, client, _)| match self.done.outcomes[*place] {
            Outcome::Appended { log, first } => {
                Some((*place, *client, Outcome::Handed { log, first }))
            }
            _ => None,
        });
        let stored: Vec<_> = stored.collect();
        if stored.is_empty() {
            return Ok(());
        }
        let clients = stored.iter().map(|(_, client, _)| *client).collect();
        let elsewhere = SharedStatement::Elsewhere { clients, node: self.node };
        for row in &self.link.ask(elsewhere).await? {
            let (of, _, handed) = stored[place(row, 0)];
            self.done.outcomes[of] = handed;
        }
        Ok(())
    }

    fn move_marks(&mut self, stage: &Stage<'a>) {
        self.move_cursors(stage);
        if !stage.acknowledged.is_empty() {
            let all = stage.acknowledged.iter();
            let all = all.map(|((client, channel), all)| (*client, *channel, all.clone()));
            self.push(CursorStatement::Acknowledge(all.collect()), Answer::Ignored);
        }
    }

    async fn trim(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        if stage.trims.is_empty() {
            return Ok(());
        }
        self.flush().await?;
        let trimmed = trim::trim(self.link, &stage.trims).await?;
        self.done.trimmed.extend(trimmed.logs);
        for (place, outcome) in trimmed.outcomes {
            self.done.outcomes[place] = outcome;
        }
        Ok(())
    }

    /// Sets damaged pages aside, one by one: there are few.
    async fn set_aside(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        if stage.asides.is_empty() {
            return Ok(());
        }
        self.flush().await?;
        for (place, channel, log, last) in &stage.asides {
            let (channel, log, last) = (*channel, *log, *last);
            let rows = self.link.ask(LogStatement::SetAside { channel, log, last }).await?;
            let Some(row) = rows.first() else { continue };
            let pages = segment::states(unsigned(row, 0), bytes(row, 1), |there| there == last);
            // Where it cannot be told what stands in a row, all of it goes.
            let of_row = id(row, 2);
            let gone =
                pages.map_or(of_row, |pages| pages.iter().map(|page| number(page.bytes)).sum());
            let less = LogStatement::BytesLess { log: number(log.0), bytes: gone };
            let rows = self.link.ask(less).await?;
            let left = rows.first().map_or(0, |row| unsigned(row, 0));
            let oldest = trim::oldest(self.link, channel).await?;
            let extent = LogExtent { trimmed: unsigned(row, 3), bytes: left, oldest };
            self.done.outcomes[*place] = Outcome::Trimmed(extent);
        }
        Ok(())
    }

    fn move_cursors(&mut self, stage: &Stage<'a>) {
        if stage.moves.is_empty() {
            return;
        }
        let mut floors: BTreeMap<(&ClientId, &ChannelName), Sequence> = BTreeMap::new();
        let mut channels: BTreeMap<&ChannelName, Vec<usize>> = BTreeMap::new();
        for (place, client, channel, floor) in &stage.moves {
            let there = floors.entry((*client, *channel)).or_default();
            *there = (*there).max(*floor);
            channels.entry(*channel).or_default().push(*place);
        }
        let moves = floors.into_iter().map(|((client, channel), floor)| (client, channel, floor));
        self.push(CursorStatement::Move(moves.collect()), Answer::Ignored);
        let names = channels.keys().copied().collect();
        let places = channels.into_values().collect();
        self.push(CursorStatement::Slowest(names), Answer::Slowest(places));
    }

    fn unsubscribe(&mut self, all: &[(&'a ClientId, &'a ChannelName)]) {
        if all.is_empty() {
            return;
        }
        self.push(CursorStatement::Remove(all.to_vec()), Answer::Ignored);
    }

    fn drop_logs(&mut self, channels: &BTreeSet<&'a ChannelName>) {
        if channels.is_empty() {
            return;
        }
        let names = channels.iter().copied().collect();
        self.push(LogStatement::Remove(names), Answer::Gone);
        self.done.has_removed = true;
    }

    fn forget(&mut self, clients: &BTreeSet<&'a ClientId>) {
        if clients.is_empty() {
            return;
        }
        let names = || clients.iter().copied().collect();
        self.push(CursorStatement::RemoveAll(names()), Answer::Ignored);
        self.push(ClientStatement::Remove(names()), Answer::Ignored);
    }
}
