//! A node's part in a database that several share, over a connection of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rialto_domain::{
    ChannelName, Claim, Claimed, ClientState, CursorState, Epoch, Handover, LogExtent, LogHead,
    LogId, LogState, NodeId, Noted, OldestPage, Retained, Seen, Sequence, Urgency,
};
use rialto_store::{DatabaseCause, Membership, StoreError};

use crate::{
    cause::Trouble,
    database::Database,
    journal::{self, Told},
    link::Link,
    node::Node,
    row::{Row, bytes, channel, client, id, place, unsigned},
    shared::SharedStatement,
    statement::Control,
    wait::Moves,
};

/// How long after the death of a node its sessions are told of: whoever has come back elsewhere is not.
const GRACE: Duration = Duration::from_secs(5);

/// How often sessions of dead nodes are looked for.
const CRASHED_EVERY: Duration = Duration::from_secs(1);

/// A node's part.
pub(crate) struct DatabaseMember<D: Database> {
    database: D,
    node: Node,
    link: Option<D::Link>,
    moves: Arc<Moves>,
    /// How far the journals were read, by node.
    seen: BTreeMap<i64, i64>,
    /// What was told, and is to be forgotten by the database.
    told: Vec<Handover>,
    /// When sessions of dead nodes were last looked for.
    looked: Option<Instant>,
}

impl<D: Database> DatabaseMember<D> {
    /// Begins with what is committed from now on.
    pub(crate) fn start(database: D, node: Node, moves: Arc<Moves>) -> Result<Self, StoreError> {
        let (link, seen, told, looked) = (None, BTreeMap::new(), Vec::new(), None);
        let mut member = DatabaseMember { database, node, link, moves, seen, told, looked };
        member.seen = member.ask("joining", async |link: &mut D::Link, _| {
            let rows = link.ask(SharedStatement::Places).await?;
            Ok(rows.iter().map(|row| (id(row, 0), id(row, 1))).collect())
        })?;
        Ok(member)
    }

    /// Asks, on a new connection if there is none.
    fn ask<T>(
        &mut self,
        during: &'static str,
        question: impl AsyncFnOnce(&mut D::Link, Node) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let patience = self.database.settings().patience;
        let (link, node) = (&mut self.link, self.node);
        let work = async {
            if link.as_ref().is_none_or(Link::is_closed) {
                *link = Some(self.database.connect_to_belong().await?);
            }
            match link {
                Some(link) => question(link, node).await,
                None => Err(Trouble::silent(patience)),
            }
        };
        let answer = self.moves.wait(patience, work);
        answer.unwrap_or_else(|| Err(Trouble::silent(patience))).map_err(|trouble| {
            // In whatever state a transaction is: the next call begins on a new connection.
            self.link = None;
            StoreError::new(during, None, trouble.cause)
        })
    }
}

impl<D: Database> Membership for DatabaseMember<D> {
    fn renew(&mut self) -> Result<(), StoreError> {
        let lease = self.database.settings().lease;
        self.ask("renewing the lease", async |link: &mut D::Link, node| {
            let renewed = link.ask(Control::Renew { node, lease }).await?;
            if renewed.is_empty() {
                return Err(DatabaseCause::Dead.into());
            }
            let tidying = vec![
                SharedStatement::DeclareDead(node).into(),
                SharedStatement::ForgetOld(node).into(),
                SharedStatement::ForgetDead.into(),
            ];
            link.all(tidying).await.map(drop)
        })
    }

    fn claim(&mut self, claims: &[Claim]) -> Result<Vec<Claimed>, StoreError> {
        self.ask("claiming clients", async |link: &mut D::Link, node| {
            claim(link, node, claims).await
        })
    }

    fn retained(&mut self, channels: &[ChannelName]) -> Result<Vec<Option<Retained>>, StoreError> {
        self.ask("reading what is retained", async |link: &mut D::Link, _| {
            retained(link, channels.iter().collect()).await
        })
    }

    fn poll(&mut self) -> Result<Noted, StoreError> {
        let mut seen = self.seen.clone();
        let told = std::mem::take(&mut self.told);
        let is_due = self.looked.is_none_or(|looked| CRASHED_EVERY <= looked.elapsed());
        let noted = self.ask("reading the journal", async |link: &mut D::Link, node| {
            poll(link, node, &told, &mut seen, is_due).await
        })?;
        self.seen = seen;
        self.told.clone_from(&noted.handovers);
        if is_due {
            self.looked = Some(Instant::now());
        }
        Ok(noted)
    }
}

async fn claim<L: Link>(
    link: &mut L,
    node: Node,
    claims: &[Claim],
) -> Result<Vec<Claimed>, Trouble> {
    let all = || claims.iter().map(|claim| &claim.client).collect::<Vec<_>>();
    let of = |urgency: Urgency| {
        let of = claims.iter().filter(move |claim| claim.urgency == urgency);
        of.map(|claim| &claim.client).collect::<Vec<_>>()
    };
    let peaceful = [of(Urgency::IfFree), of(Urgency::Ask)].concat();
    let statements = vec![
        Control::Begin.into(),
        SharedStatement::Lives(node).into(),
        SharedStatement::Claim { clients: peaceful, node }.into(),
        SharedStatement::Force { clients: of(Urgency::Force), node }.into(),
        SharedStatement::Ask { clients: of(Urgency::Ask), node }.into(),
        SharedStatement::Owners(all()).into(),
        SharedStatement::Seen(all()).into(),
        SharedStatement::Cursors(all()).into(),
        SharedStatement::TakeSessions { clients: all(), node }.into(),
        Control::Commit.into(),
    ];
    let rows = link.all(statements).await?;
    let [_, lives, _, _, _, owners, seen, cursors, sessions, _] = &rows[..] else {
        return Err(Trouble::silent(Duration::ZERO));
    };
    if lives.is_empty() {
        return Err(DatabaseCause::Dead.into());
    }
    let owners: BTreeMap<usize, (i64, i64)> =
        owners.iter().map(|row| (place(row, 0), (id(row, 1), id(row, 2)))).collect();
    let mut states = states(seen, cursors);
    let sessions: BTreeSet<usize> = sessions.iter().map(|row| place(row, 0)).collect();
    let claimed = (0..claims.len()).map(|index| match owners.get(&index) {
        Some((owner, epoch)) if *owner == node.id => {
            let (state, logs) = states.remove(&index).unzip();
            let (epoch, logs) = (epoch.unsigned_abs(), logs.unwrap_or_default());
            Claimed::Here { epoch, state, logs, has_session: sessions.contains(&index) }
        }
        owner => Claimed::Elsewhere(NodeId(owner.map_or(0, |(owner, _)| owner.unsigned_abs()))),
    });
    Ok(claimed.collect())
}

/// Returns what is stored about clients, by their place, and the logs that their cursors are in.
fn states<R: Row>(seen: &[R], cursors: &[R]) -> BTreeMap<usize, (ClientState, Vec<LogState>)> {
    let mut states: BTreeMap<usize, (ClientState, Vec<LogState>)> = BTreeMap::new();
    for row in seen {
        let (state, _) = states.entry(place(row, 0)).or_default();
        state.seen = Some(Seen { at: unsigned(row, 1), served: unsigned(row, 2) });
    }
    for row in cursors {
        let Some(channel) = channel(row, 1) else { continue };
        let (state, logs) = states.entry(place(row, 0)).or_default();
        let cursor = CursorState { floor: unsigned(row, 2), acknowledged: row.stretches(3) };
        state.cursors.push((channel.clone(), cursor));
        logs.push(log_state(row, channel, (4, 5)));
    }
    states
}

/// Returns a log as columns say it: that of its id, and those from its last message on.
fn log_state(row: &impl Row, channel: ChannelName, (log, from): (usize, usize)) -> LogState {
    let (last, trimmed) = (unsigned(row, from), unsigned(row, from + 1));
    // When its pages were taken in, only they know: whoever trims hears of it.
    let oldest = (trimmed < last).then_some(OldestPage { last, served: u64::MAX });
    LogState {
        channel,
        log: LogId(unsigned(row, log)),
        last,
        extent: LogExtent { trimmed, bytes: unsigned(row, from + 2), oldest },
        newest: 0,
        reader_count: 1,
        slowest: row.number(from + 3).map_or(last, i64::unsigned_abs),
    }
}

async fn retained<L: Link>(
    link: &mut L,
    channels: Vec<&ChannelName>,
) -> Result<Vec<Option<Retained>>, Trouble> {
    let mut all = vec![None; channels.len()];
    for row in &link.ask(SharedStatement::Retained(channels)).await? {
        let payload = Bytes::copy_from_slice(bytes(row, 3));
        // One that is damaged is none.
        if i64::from(crc32fast::hash(&payload)) == id(row, 2)
            && let Some(publisher) = client(row, 1)
        {
            all[place(row, 0)] = Some(Retained { publisher, payload });
        }
    }
    Ok(all)
}

async fn poll<L: Link>(
    link: &mut L,
    node: Node,
    taken: &[Handover],
    seen: &mut BTreeMap<i64, i64>,
    looks_for_crashed: bool,
) -> Result<Noted, Trouble> {
    let statements = vec![
        SharedStatement::Lives(node).into(),
        SharedStatement::HandoversTaken { node, handovers: taken }.into(),
        SharedStatement::Handovers(node).into(),
        SharedStatement::Journals(seen.iter().map(|(node, number)| (*node, *number)).collect())
            .into(),
    ];
    let rows = link.all(statements).await?;
    let [lives, _, handovers, journals] = &rows[..] else {
        return Err(Trouble::silent(Duration::ZERO));
    };
    if lives.is_empty() {
        return Err(DatabaseCause::Dead.into());
    }
    let handovers = handovers.iter().filter_map(|row| {
        let (epoch, is_taken): (Epoch, bool) = (unsigned(row, 1), id(row, 2) == 1);
        Some(Handover { client: client(row, 0)?, epoch, is_taken })
    });
    let mut noted = Noted { handovers: handovers.collect(), ..Noted::default() };
    let mut told = Told::default();
    for row in journals {
        let (by, number) = (id(row, 0), id(row, 1));
        journal::read(bytes(row, 2), by == node.id, &mut told);
        seen.insert(by, number);
    }
    look_up(link, told, &mut noted).await?;
    if looks_for_crashed {
        let crashed = link.ask(SharedStatement::Crashed { node, grace: GRACE }).await?;
        let crashed = crashed.iter().filter_map(|row| Some((client(row, 0)?, unsigned(row, 1))));
        noted.crashed = crashed.collect();
    }
    Ok(noted)
}

/// Reads what the journal only names.
async fn look_up<L: Link>(link: &mut L, told: Told, noted: &mut Noted) -> Result<(), Trouble> {
    let Told { grown, gone, retained: channels } = told;
    noted.gone = gone;
    if !grown.is_empty() {
        let rows = link.ask(SharedStatement::Logs(grown.keys().copied().collect())).await?;
        noted.heads = rows.iter().filter_map(|row| head(row, &grown)).collect();
    }
    if !channels.is_empty() {
        let messages = retained(link, channels.iter().collect()).await?;
        noted.retained = channels.into_iter().zip(messages).collect();
    }
    Ok(())
}

fn head(row: &impl Row, grown: &BTreeMap<i64, Sequence>) -> Option<LogHead> {
    let state = log_state(row, channel(row, 1)?, (0, 2));
    Some(LogHead { first: *grown.get(&id(row, 0))?, state })
}
