//! The store's threads: one writes in groups, one completes, one reads.
//!
//! While a commit is under way everything that arrives gathers for the next one; while that one is
//! synced, the completed one is routed. So the cost of a sync is shared by all who wait for it. Where nothing has gathered, the
//! thread that writes routes what it committed.

mod completer;
mod group;
mod health;
mod member;
mod reader;
mod writer;

use std::{
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use rialto_store::{Membership, Store, StoreReader};

use crate::{
    guarded::AbortOnPanic,
    hub::Hub,
    lease::Lease,
    store_jobs::{Job, Lookup, Wish},
};

pub(crate) use health::{CommitWatch, StoreState};

use completer::{Completer, hand_over};
use health::{Health, Part};
use member::Member;
use reader::Reader;
use writer::Writer;

/// The threads, to be waited for at the end.
pub(crate) struct StoreThreads {
    writer: JoinHandle<()>,
    completer: JoinHandle<()>,
}

impl StoreThreads {
    /// Starts the threads. What fails for a reason that may pass is tried again for `retry_time`. They end after [`Job::Close`], or when the hub is gone.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        hub: &Arc<Hub>,
        store: Box<dyn Store>,
        reader: Box<dyn StoreReader>,
        jobs: mpsc::Receiver<Job>,
        lookups: mpsc::Receiver<Lookup>,
        watch: Arc<CommitWatch>,
        retry_time: Duration,
    ) -> io::Result<Self> {
        let (handed_over, awaited) = hand_over();
        let health = Health::new(Part::Writing);
        let completer = Some(Completer::new(hub.clone()));
        let failing_since = None;
        let writer =
            Writer { store, health, watch, completer, handed_over, retry_time, failing_since };
        let writer = spawn("store-writer", move || writer.run(&jobs))?;
        let mut completer = Completer::new(hub.clone());
        let complete = move || while awaited.next(|committed| completer.complete(&committed)) {};
        let completer = spawn("store-completer", complete)?;
        let for_reader = Arc::downgrade(hub);
        spawn("store-reader", move || Reader::new(reader).run(&lookups, &for_reader))?;
        Ok(StoreThreads { writer, completer })
    }

    /// Waits until everything handed over before [`Job::Close`] is committed and routed.
    pub(crate) fn join(self) {
        // A thread that panicked has said so; there is nothing left to save here.
        _ = self.writer.join();
        _ = self.completer.join();
    }
}

/// Starts the thread of a node that shares its store with others.
///
/// # Errors
/// When the system gives no more threads.
pub(crate) fn start_member(
    hub: &Arc<Hub>,
    member: Box<dyn Membership>,
    lease: Arc<Lease>,
    wishes: mpsc::Receiver<Wish>,
) -> io::Result<()> {
    let hub = Arc::downgrade(hub);
    spawn("store-member", move || Member::new(member, lease).run(&wishes, &hub)).map(drop)
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let guarded = move || {
        let _guard = AbortOnPanic::new("a thread of the store");
        body();
    };
    thread::Builder::new().name(name.to_owned()).spawn(guarded)
}
