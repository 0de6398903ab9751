//! Carries out a plan in one transaction, up to its end.

use std::collections::{BTreeMap, BTreeSet};

use rialto_domain::{ChannelName, ClientId, LogExtent, LogId, Outcome, Page, Sequence};
use rialto_store::DatabaseCause;
use tokio_postgres::Row;

use crate::{
    cause::Trouble,
    link::{Link, Request, Value},
    names::{bytes, number, ranges, shard, unsigned},
    node::Node,
    plan::{Plan, Stage},
    segment::{self, Draft},
    statements as sql, trim,
};

/// What a transaction has done that is not committed yet.
#[derive(Debug)]
pub(crate) struct Done {
    /// One a change.
    pub(crate) outcomes: Vec<Outcome>,
    /// Where the logs that were appended to end now.
    pub(crate) heads: BTreeMap<i64, Sequence>,
    /// The logs that were trimmed.
    pub(crate) trimmed: Vec<i64>,
    /// Whether logs may have gone.
    pub(crate) has_removed: bool,
}

/// A transaction on its way.
struct Batch<'a> {
    link: &'a Link,
    node: Node,
    /// What is to be sent next, and what is to be done with the answers.
    requests: Vec<Request>,
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
    /// One a subscription, in whatever order; their places.
    Subscribed(Vec<usize>),
    /// One a log, by the place of its channel among those asked for; the moves' places for each channel.
    Slowest(Vec<Vec<usize>>),
}

/// Begins a transaction and does all that is planned, but does not end it.
///
/// # Errors
/// When anything fails, the transaction is of no use any more.
pub(crate) async fn carry_out(link: &Link, node: Node, plan: &Plan<'_>) -> Result<Done, Trouble> {
    let done = Done {
        outcomes: vec![Outcome::Done; plan.change_count],
        heads: BTreeMap::new(),
        trimmed: Vec::new(),
        has_removed: false,
    };
    let mut batch = Batch { link, node, requests: Vec::new(), answers: Vec::new(), done };
    batch.push(sql::BEGIN, vec![], Answer::Ignored);
    batch.push(sql::FENCE, vec![Box::new(node.id), Box::new(node.revision)], Answer::Fence);
    for stage in &plan.stages {
        batch.stage(stage).await?;
    }
    let records = plan.records.requests(node.id);
    batch.answers.extend(records.iter().map(|_| Answer::Ignored));
    batch.requests.extend(records);
    batch.flush().await?;
    Ok(batch.done)
}

impl<'a> Batch<'a> {
    async fn stage(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        self.put_clients(stage);
        self.subscribe(&stage.subscribes, true);
        self.append(&stage.appends);
        self.append_directly(stage).await?;
        self.move_marks(stage);
        self.trim(stage).await?;
        self.set_aside(stage).await?;
        self.unsubscribe(&stage.unsubscribes);
        self.drop_logs(&stage.drops);
        self.forget(&stage.forgets);
        Ok(())
    }

    fn push(&mut self, sql: &'static str, values: Vec<Value>, answer: Answer<'a>) {
        self.requests.push(Request::new(sql, values));
        self.answers.push(answer);
    }

    /// Sends what has gathered, and takes the answers in.
    async fn flush(&mut self) -> Result<(), Trouble> {
        let requests = std::mem::take(&mut self.requests);
        let answers = std::mem::take(&mut self.answers);
        let results = self.link.pipeline(&requests).await?;
        for (answer, rows) in answers.into_iter().zip(results) {
            self.take(answer, &rows)?;
        }
        Ok(())
    }

    fn take(&mut self, answer: Answer<'a>, rows: &[Row]) -> Result<(), Trouble> {
        match answer {
            Answer::Ignored => {}
            Answer::Fence if rows.is_empty() => return Err(DatabaseCause::TakenOver.into()),
            Answer::Fence => {}
            Answer::Appended(pages) => self.take_appended(&pages, rows)?,
            Answer::Subscribed(places) => {
                for row in rows {
                    let place = places[row.get::<_, i64>(0).unsigned_abs() as usize - 1];
                    let (log, floor) = (LogId(unsigned(row, 1)), unsigned(row, 2));
                    self.done.outcomes[place] = Outcome::Subscribed { log, floor };
                }
            }
            Answer::Slowest(places) => {
                for row in rows.iter().filter(|row| row.get::<_, Option<i64>>(1).is_some()) {
                    let channel = row.get::<_, i64>(0).unsigned_abs() as usize - 1;
                    let slowest = unsigned(row, 1);
                    for place in &places[channel] {
                        self.done.outcomes[*place] = Outcome::Moved { slowest };
                    }
                }
            }
        }
        Ok(())
    }

    fn take_appended(
        &mut self,
        pages: &[(usize, &ChannelName, u64)],
        rows: &[Row],
    ) -> Result<(), Trouble> {
        let mut heads: BTreeMap<&[u8], (LogId, Sequence)> = BTreeMap::new();
        for row in rows {
            let (id, last) = (row.get::<_, i64>(1), unsigned(row, 2));
            self.done.heads.insert(id, last);
            heads.insert(row.get(0), (LogId(id.unsigned_abs()), last));
        }
        for (place, channel, behind) in pages {
            // Made or found a moment ago, and nobody else may write.
            let Some((log, last)) = heads.get(channel.as_str().as_bytes()) else {
                return Err(DatabaseCause::TakenOver.into());
            };
            self.done.outcomes[*place] = Outcome::Appended { log: *log, first: last + 1 - behind };
        }
        Ok(())
    }

    fn put_clients(&mut self, stage: &Stage<'a>) {
        if stage.puts.is_empty() {
            return;
        }
        let puts = || stage.puts.iter();
        let values: Vec<Value> = vec![
            Box::new(puts().map(|(client, _)| bytes(client.as_str())).collect::<Vec<_>>()),
            Box::new(puts().map(|(client, _)| shard(client.as_str())).collect::<Vec<_>>()),
            Box::new(puts().map(|(_, seen)| number(seen.at)).collect::<Vec<_>>()),
            Box::new(puts().map(|(_, seen)| number(seen.served)).collect::<Vec<_>>()),
        ];
        self.push(sql::CLIENTS_PUT, values, Answer::Ignored);
    }

    /// Makes logs that are not there.
    fn make_logs(&mut self, channels: &BTreeSet<&ChannelName>) {
        let names: Vec<_> = channels.iter().map(|channel| bytes(channel.as_str())).collect();
        let shards: Vec<_> = channels.iter().map(|channel| shard(channel.as_str())).collect();
        let values: Vec<Value> =
            vec![Box::new(names), Box::new(shards), Box::new(self.node.generation)];
        self.push(sql::LOGS_MAKE, values, Answer::Ignored);
    }

    fn subscribe(&mut self, all: &[(usize, &'a ClientId, &'a ChannelName)], is_told: bool) {
        if all.is_empty() {
            return;
        }
        self.make_logs(&all.iter().map(|(_, _, channel)| *channel).collect());
        let pairs = || pairs(all.iter().map(|(_, client, channel)| (*client, *channel)));
        self.push(sql::CURSORS_MAKE, pairs(), Answer::Ignored);
        if is_told {
            let places = all.iter().map(|(place, ..)| *place).collect();
            self.push(sql::CURSORS_READ, pairs(), Answer::Subscribed(places));
        }
    }

    fn append(&mut self, all: &[(usize, &'a Page)]) {
        if all.is_empty() {
            return;
        }
        self.make_logs(&all.iter().map(|(_, page)| &page.channel).collect());
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
        let (mut names, mut counts) = (Vec::new(), Vec::new());
        let (mut heads, mut bodies) = (Vec::new(), Vec::new());
        for (channel, draft) in drafts {
            names.push(bytes(channel.as_str()));
            counts.push(number(draft.count));
            let (head, body) = draft.finish();
            heads.push(head);
            bodies.push(body);
        }
        let values: Vec<Value> = vec![
            Box::new(names),
            Box::new(counts),
            Box::new(heads),
            Box::new(bodies),
            Box::new(self.node.generation),
            Box::new(self.node.id),
        ];
        self.push(sql::APPEND, values, Answer::Appended(pages));
    }

    /// Appends what is for clients that are known, and makes cursors for them before.
    async fn append_directly(&mut self, stage: &Stage<'a>) -> Result<(), Trouble> {
        if stage.directs.is_empty() {
            return Ok(());
        }
        self.flush().await?;
        let names = stage.directs.iter().map(|(_, client, _)| bytes(client.as_str()));
        let names: Vec<_> = names.collect();
        let rows = self.link.query(sql::CLIENTS_KNOWN, &[&names]).await?;
        let known: BTreeSet<usize> =
            rows.iter().map(|row| row.get::<_, i64>(0).unsigned_abs() as usize - 1).collect();
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

    fn move_marks(&mut self, stage: &Stage<'a>) {
        self.move_cursors(stage);
        if !stage.acknowledged.is_empty() {
            let mut values = pairs(stage.acknowledged.keys().copied());
            let sets = stage.acknowledged.values().map(|all| ranges(all.iter().copied()));
            values.push(Box::new(sets.collect::<Vec<_>>()));
            self.push(sql::ACKNOWLEDGE, values, Answer::Ignored);
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
            let (name, id, last) = (bytes(channel.as_str()), number(log.0), number(*last));
            let rows = self.link.query(sql::SET_ASIDE, &[&name, &id, &last]).await?;
            let Some(row) = rows.first() else { continue };
            let is_it = |there: Sequence| there == last.unsigned_abs();
            let pages = segment::states(unsigned(row, 0), row.get(1), is_it);
            // Where it cannot be told what stands in a row, all of it goes.
            let of_row = row.get::<_, i64>(2);
            let gone =
                pages.map_or(of_row, |pages| pages.iter().map(|page| number(page.bytes)).sum());
            let rows = self.link.query(sql::BYTES_LESS, &[&id, &gone]).await?;
            let bytes = rows.first().map_or(0, |row| unsigned(row, 0));
            let oldest = trim::oldest(self.link, channel).await?;
            let extent = LogExtent { trimmed: unsigned(row, 3), bytes, oldest };
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
        let mut values = pairs(floors.keys().copied());
        values.push(Box::new(floors.values().map(|floor| number(*floor)).collect::<Vec<_>>()));
        self.push(sql::MOVE, values, Answer::Ignored);
        let names: Vec<_> = channels.keys().map(|channel| bytes(channel.as_str())).collect();
        let places = channels.into_values().collect();
        self.push(sql::SLOWEST, vec![Box::new(names)], Answer::Slowest(places));
    }

    fn unsubscribe(&mut self, all: &[(&'a ClientId, &'a ChannelName)]) {
        if all.is_empty() {
            return;
        }
        self.push(sql::CURSORS_REMOVE, pairs(all.iter().copied()), Answer::Ignored);
    }

    fn drop_logs(&mut self, channels: &BTreeSet<&'a ChannelName>) {
        if channels.is_empty() {
            return;
        }
        let names: Vec<_> = channels.iter().map(|channel| bytes(channel.as_str())).collect();
        self.push(sql::LOGS_REMOVE, vec![Box::new(names)], Answer::Ignored);
        self.done.has_removed = true;
    }

    fn forget(&mut self, clients: &BTreeSet<&'a ClientId>) {
        if clients.is_empty() {
            return;
        }
        let names: Vec<_> = clients.iter().map(|client| bytes(client.as_str())).collect();
        for statement in [sql::CLIENTS_CURSORS_REMOVE, sql::CLIENTS_REMOVE] {
            self.push(statement, vec![Box::new(names.clone())], Answer::Ignored);
        }
    }
}

/// Returns clients and channels as a statement takes them.
fn pairs<'b>(all: impl Iterator<Item = (&'b ClientId, &'b ChannelName)>) -> Vec<Value> {
    let (clients, channels): (Vec<_>, Vec<_>) =
        all.map(|(client, channel)| (bytes(client.as_str()), bytes(channel.as_str()))).unzip();
    vec![Box::new(clients), Box::new(channels)]
}
