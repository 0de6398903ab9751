//! The broker's ticks: what is due by itself, ten times a second.

use std::sync::Arc;

use rialto_stopwatch::{Ticking, running};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    answers::Borrower,
    hub::{Hub, TICK},
    lasting,
    memcached::Cache,
    pulse::Pulse,
    store::CommitWatch,
};

/// Ticks until it is ended.
pub(crate) struct Ticker {
    task: JoinHandle<()>,
    ticked: watch::Receiver<()>,
}

impl Ticker {
    pub(crate) fn start(
        hub: Arc<Hub>,
        cache: Arc<Cache>,
        commits: Arc<CommitWatch>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (ticks, ticked) = watch::channel(());
        let task = lasting::spawn("tick", move || {
            let told = (commits.clone(), pulse.clone(), ticks.clone());
            tick(hub.clone(), cache.clone(), told)
        });
        Ticker { task, ticked }
    }

    /// Returns what changes at the end of each tick, when the broker's lock was had and let go.
    pub(crate) fn ticked(&self) -> watch::Receiver<()> {
        self.ticked.clone()
    }

    /// Ticks no more.
    pub(crate) fn end(&self) {
        self.task.abort();
    }
}

async fn tick(
    hub: Arc<Hub>,
    cache: Arc<Cache>,
    (commits, pulse, ticked): (Arc<CommitWatch>, Arc<Pulse>, watch::Sender<()>),
) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ticking = Ticking::begin();
    let mut stopped = rialto_stopwatch::stopped();
    loop {
        ticks.tick().await;
        ticking.tick();
        // J-43: after a stop what waits in the sockets is read first, and its senders are judged at
        // the next tick; but a process that hardly ever runs judges too.
        let was_stopped = std::mem::replace(&mut stopped, rialto_stopwatch::stopped());
        if was_stopped < stopped {
            ticks.tick().await;
            ticking.tick();
        }
        let forgotten = hub.round(|broker| {
            broker.on_tick();
            broker.take_forgotten()
        });
        for client in forgotten {
            tracing::info!(%client, "client removed");
        }
        for borrower in hub.answers.overdue(running()) {
            match borrower {
                Borrower::Client(connection) => hub.close_unread(connection),
                Borrower::Http(overdue) => overdue.notify_one(),
            }
        }
        cache.on_tick();
        commits.look();
        pulse.beat();
        ticked.send_replace(());
    }
}
