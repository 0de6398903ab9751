//! The connection that writes: lost and found again, and what was under way when it was lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use rialto_domain::{Commit, CommitId, Outcome, Sequence};
use rialto_store::{DatabaseCause, Latest};

use crate::{
    batch::{self, Done},
    cause::Trouble,
    database::Database,
    fence, journal,
    link::Link,
    node::Node,
    plan::Plan,
    statement::Control,
    sweep::Sweep,
};

/// The first pause before another connection is tried, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The writing side of a store.
pub(crate) struct Writer<D: Database> {
    database: D,
    link: Option<D::Link>,
    node: Node,
    /// The number of the last transaction in the journal, committed or not.
    number: i64,
    /// A transaction whose end was sent and not answered.
    unanswered: Option<Unanswered>,
    pub(crate) sweep: Sweep,
    renewed: Instant,
    /// When the next connection may be tried, and the pause after that.
    next_try: Instant,
    pause: Duration,
}

/// A transaction that may have been committed.
struct Unanswered {
    number: i64,
    batches: Vec<(CommitId, Vec<Outcome>)>,
}

impl<D: Database> Writer<D> {
    pub(crate) fn new(database: D, link: D::Link, node: Node) -> Self {
        let now = Instant::now();
        Writer {
            database,
            link: Some(link),
            node,
            number: 0,
            unanswered: None,
            sweep: Sweep::default(),
            renewed: now,
            next_try: now,
            pause: PAUSE,
        }
    }

    /// Carries out batches in one transaction, and what may be tidied up beside.
    pub(crate) async fn carry_out(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Trouble> {
        self.renew().await?;
        let is_shared = self.database.settings().is_shared;
        let Some(link) = self.link.as_mut() else { return Err(Trouble::silent(PAUSE)) };
        let lost = match is_shared {
            true => fence::begin(link, self.node, commits).await.map_err(certain)?,
            false => BTreeSet::new(),
        };
        let plan = Plan::of(commits.iter().flat_map(|commit| &commit.changes), lost);
        let done = batch::carry_out(link, self.node, (&plan, is_shared)).await.map_err(certain);
        let done = done?;
        self.number += 1;
        // Noted before it is sent: should nobody wait for the answer to the end, it is there to be looked up.
        self.unanswered =
            Some(Unanswered { number: self.number, batches: named(commits, &done.outcomes) });
        let heads = match is_shared {
            true => journal::text(done.grown(), &done.gone, plan.records.retained()),
            false => heads_text(&done.heads),
        };
        let (node, number) = (self.node, self.number);
        let end = vec![Control::Journal { node, number, heads }.into(), Control::Commit.into()];
        match link.all(end).await {
            Ok(_) => {
                self.unanswered = None;
                let Done { outcomes, trimmed, has_removed, .. } = done;
                self.sweep.note(trimmed, has_removed);
                Ok(outcomes)
            }
            Err(trouble) => {
                if !trouble.is_unanswered {
                    self.unanswered = None;
                }
                Err(trouble)
            }
        }
    }

    /// Prolongs the lease if it is time, and forgets old transactions then.
    pub(crate) async fn renew(&mut self) -> Result<(), Trouble> {
        let lease = self.database.settings().lease;
        // A node that shares the database renews it apart from what it commits.
        if self.database.settings().is_shared || self.renewed.elapsed() < lease / 3 {
            return Ok(());
        }
        let Some(link) = self.link.as_mut() else { return Ok(()) };
        let began = Instant::now();
        renew(link, self.node, lease).await?;
        link.ask(Control::Forget { node: self.node, before: self.number }).await?;
        self.renewed = began;
        Ok(())
    }

    /// Removes some of what nobody sees any more.
    pub(crate) async fn tidy(&mut self) -> Result<(), Trouble> {
        self.renew().await?;
        let Some(link) = self.link.as_mut() else { return Ok(()) };
        self.sweep.go_on(link).await
    }

    /// Sees that there is a connection, and that it is known what came of what was under way on the last one.
    pub(crate) async fn ready(&mut self, latest: &mut Latest) -> Result<(), Trouble> {
        if self.link.as_ref().is_some_and(|link| !link.is_closed()) {
            return Ok(());
        }
        self.link = None;
        let (mut link, _) = self.database.connect().await?;
        self.node = self.database.resume(&mut link, self.node).await?;
        renew(&mut link, self.node, self.database.settings().lease).await?;
        self.renewed = Instant::now();
        if let Some(number) = self.unanswered.as_ref().map(|unanswered| unanswered.number) {
            // Forgotten only once it is known: if nobody waits for the answer to the end, it is looked up the next time.
            let node = self.node;
            let rows = link.ask(Control::WasCommitted { node, number }).await?;
            let was_committed = !rows.is_empty();
            if let Some(unanswered) = self.unanswered.take().filter(|_| was_committed) {
                tracing::info!("the last commit before the connection broke was carried out");
                latest.add(unanswered.batches);
            }
        }
        link.prepare().await?;
        tracing::info!("connected to the database again");
        self.link = Some(link);
        self.pause = PAUSE;
        Ok(())
    }

    /// Says whether a connection may be tried now, if there is none.
    pub(crate) fn may_try(&self) -> bool {
        self.link.is_some() || self.next_try <= Instant::now()
    }

    /// Gives the connection up after a failure, and lets the next one wait.
    pub(crate) fn give_up_link(&mut self) {
        self.link = None;
        self.next_try = Instant::now() + self.pause;
        self.pause = PAUSE_MAX.min(self.pause * 2);
    }

    /// Gets the connection out of a transaction that failed.
    pub(crate) async fn roll_back(&mut self) -> Result<(), Trouble> {
        match &mut self.link {
            Some(link) => link.roll_back().await,
            None => Ok(()),
        }
    }

    /// Says whether the connection waits for the end of a transaction, whose fate is to be looked up on another one.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Gives the lease back.
    pub(crate) async fn leave(&mut self) -> Result<(), Trouble> {
        if let Some(link) = &mut self.link {
            link.ask(Control::Leave(self.node)).await?;
        }
        Ok(())
    }

    /// Returns the node as which it writes.
    pub(crate) fn node(&self) -> Node {
        self.node
    }

    pub(crate) fn link(&mut self) -> Option<&mut D::Link> {
        self.link.as_mut()
    }
}

/// Says of what failed before its end that it is not committed, whatever comes of it.
fn certain(trouble: Trouble) -> Trouble {
    Trouble { is_unanswered: false, ..trouble }
}

/// Prolongs the lease.
async fn renew(link: &mut impl Link, node: Node, lease: Duration) -> Result<(), Trouble> {
    let renewed = link.ask(Control::Renew { node, lease }).await?;
    if renewed.is_empty() { Err(DatabaseCause::TakenOver.into()) } else { Ok(()) }
}

/// Returns the batches that have names, with their outcomes.
fn named(commits: &[&Commit], outcomes: &[Outcome]) -> Vec<(CommitId, Vec<Outcome>)> {
    let mut rest = outcomes;
    let mut named = Vec::new();
    for commit in commits {
        let (own, behind) = rest.split_at(commit.changes.len());
        named.extend(commit.id.map(|id| (id, own.to_vec())));
        rest = behind;
    }
    named
}

/// Returns logs and their new last messages as the journal has them.
fn heads_text(heads: &BTreeMap<i64, Sequence>) -> String {
    let heads: Vec<String> = heads.iter().map(|(log, last)| format!("{log}:{last}")).collect();
    heads.join(",")
}
