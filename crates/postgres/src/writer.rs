//! The connection that writes: lost and found again, and what was under way when it was lost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rialto_domain::{Commit, CommitId, Outcome, Sequence};
use rialto_store::Latest;

use crate::{
    PostgresSettings,
    address::Address,
    batch::{self, Done},
    cause::Trouble,
    check,
    link::{Link, Request},
    node::{self, Node},
    plan::Plan,
    statements as sql,
    sweep::Sweep,
};

/// The first pause before another connection is tried, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The writing side of a store.
pub(crate) struct Writer {
    settings: PostgresSettings,
    address: Address,
    link: Option<Link>,
    pub(crate) node: Node,
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

impl Writer {
    pub(crate) fn new(
        settings: PostgresSettings,
        address: Address,
        link: Link,
        node: Node,
    ) -> Self {
        let now = Instant::now();
        Writer {
            settings,
            address,
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

    /// Connects for the first time.
    pub(crate) async fn connect(
        settings: &PostgresSettings,
        address: &Address,
    ) -> Result<(Link, Vec<String>), Trouble> {
        let link = Link::open(address).await?;
        link.run(&check::session(settings)).await?;
        let warnings = check::fitness(&link).await?;
        Ok((link, warnings))
    }

    /// Carries out batches in one transaction, and what may be tidied up beside.
    pub(crate) async fn carry_out(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Trouble> {
        self.renew().await?;
        let plan = Plan::of(commits.iter().flat_map(|commit| &commit.changes));
        let Some(link) = self.link.as_ref() else { return Err(Trouble::silent(PAUSE)) };
        let done = batch::carry_out(link, self.node, &plan).await;
        let done = match done {
            Ok(done) => done,
            Err(trouble) => {
                // Whatever comes of it, it is not committed.
                return Err(Trouble { is_unanswered: false, ..trouble });
            }
        };
        self.number += 1;
        // Noted before it is sent: should nobody wait for the answer to the end, it is there to be looked up.
        self.unanswered =
            Some(Unanswered { number: self.number, batches: named(commits, &done.outcomes) });
        let end = [
            Request::new(
                sql::JOURNAL,
                vec![
                    Box::new(self.node.id),
                    Box::new(self.number),
                    Box::new(heads_text(&done.heads)),
                ],
            ),
            Request::new(sql::COMMIT, vec![]),
        ];
        match link.pipeline(&end).await {
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
        if self.renewed.elapsed() < self.settings.lease / 3 {
            return Ok(());
        }
        let Some(link) = self.link.as_ref() else { return Ok(()) };
        let began = Instant::now();
        node::renew(link, self.node, self.settings.lease).await?;
        node::forget_before(link, self.node, self.number).await?;
        self.renewed = began;
        Ok(())
    }

    /// Removes some of what nobody sees any more.
    pub(crate) async fn tidy(&mut self) -> Result<(), Trouble> {
        self.renew().await?;
        let Some(link) = self.link.as_ref() else { return Ok(()) };
        self.sweep.go_on(link).await
    }

    /// Sees that there is a connection, and that it is known what came of what was under way on the last one.
    pub(crate) async fn ready(&mut self, latest: &mut Latest) -> Result<(), Trouble> {
        if self.link.as_ref().is_some_and(|link| !link.client().is_closed()) {
            return Ok(());
        }
        self.link = None;
        let (mut link, _) = Writer::connect(&self.settings, &self.address).await?;
        self.node = node::resume(&link, self.node, &self.settings).await?;
        self.renewed = Instant::now();
        if let Some(number) = self.unanswered.as_ref().map(|unanswered| unanswered.number) {
            // Forgotten only once it is known: if nobody waits for the answer to the end, it is looked up the next time.
            let was_committed = node::was_committed(&link, self.node, number).await?;
            if let Some(unanswered) = self.unanswered.take().filter(|_| was_committed) {
                tracing::info!("the last commit before the connection broke was carried out");
                latest.add(unanswered.batches);
            }
        }
        link.prepare(&sql::ALL).await?;
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
    pub(crate) async fn roll_back(&self) -> Result<(), Trouble> {
        match &self.link {
            Some(link) => link.run("ROLLBACK").await,
            None => Ok(()),
        }
    }

    /// Says whether the connection waits for the end of a transaction, whose fate is to be looked up on another one.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Gives the lease back.
    pub(crate) async fn leave(&self) -> Result<(), Trouble> {
        match &self.link {
            Some(link) => node::leave(link, self.node).await,
            None => Ok(()),
        }
    }

    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }
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
