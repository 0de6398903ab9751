//! A node's line to the bus, whichever that is: what waits to be sent, what is subscribed, and what to do when it breaks.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};

use crate::{
    Bus, BusError, BusReceiver, BusSender, Outgoing, Subject,
    backoff::Backoff,
    queue::{Dropped, Queue},
};

/// How long an engine may take to be connected to, and to answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether an engine answers that is asked nothing else.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Subjects in one command.
const SUBJECTS_MAX: usize = 1000;
/// Messages, and bytes, that are sent at once.
const BATCH_COUNT_MAX: usize = 512;
const BATCH_BYTES_MAX: usize = 1 << 20;

/// What happens on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message has come.
    Message(Subject, Bytes),
    /// What is published on these from now on arrives.
    Subscribed(Vec<Subject>),
    /// The line is there, or there again, with all that is subscribed. What was published before may be lost.
    Up,
    /// The line is broken: something may be lost.
    Down,
}

/// What is counted of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Whether it is there.
    pub is_up: bool,
    /// Memory of what waits to be sent.
    pub queue_bytes: u64,
    /// What was left out since the beginning: pages of doorbells.
    pub dropped_pages: u64,
    /// Messages that were nowhere else.
    pub dropped_runs: u64,
    /// Doorbells.
    pub dropped_doorbells: u64,
}

type NotePublished = Box<dyn Fn(Duration) + Send + Sync>;

/// A node's line to the bus. None of its methods waits but [`run`](Self::run).
pub struct Line {
    state: Mutex<State>,
    /// Told when there is something to do.
    more: Notify,
    /// Told how long each message took from being queued to being taken by the engine.
    note_published: NotePublished,
}

struct State {
    queue: Queue,
    wanted: BTreeSet<Subject>,
    /// Those of which the engine is still to be told what is wanted.
    changed: BTreeSet<Subject>,
    is_up: bool,
}

/// What is to be done next.
struct Work {
    subscribe: Vec<Subject>,
    unsubscribe: Vec<Subject>,
    batch: Vec<(Outgoing, Instant)>,
}

impl Line {
    /// Makes one whose messages wait within `queue_bytes_max` bytes, and that tells `note_published` how long each took.
    #[must_use]
    pub fn new(
        queue_bytes_max: usize,
        note_published: impl Fn(Duration) + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            queue: Queue::new(queue_bytes_max),
            wanted: BTreeSet::new(),
            changed: BTreeSet::new(),
            is_up: false,
        };
        let (more, note_published) = (Notify::new(), Box::new(note_published));
        Line { state: Mutex::new(state), more, note_published }
    }

    /// Wants what is published on a subject; [`Event::Subscribed`] says from when on it comes.
    pub fn subscribe(&self, subject: Subject) {
        let mut state = self.locked();
        state.changed.insert(subject.clone());
        state.wanted.insert(subject);
        drop(state);
        self.more.notify_one();
    }

    /// Wants it no more.
    pub fn unsubscribe(&self, subject: &Subject) {
        let mut state = self.locked();
        if state.wanted.remove(subject) {
            state.changed.insert(subject.clone());
            drop(state);
            self.more.notify_one();
        }
    }

    /// Queues a message.
    pub fn publish(&self, message: Outgoing) {
        self.publish_all([message]);
    }

    /// Queues messages, in order.
    pub fn publish_all(&self, messages: impl IntoIterator<Item = Outgoing>) {
        let now = Instant::now();
        let mut state = self.locked();
        messages.into_iter().for_each(|message| state.queue.push(message, now));
        drop(state);
        self.more.notify_one();
    }

    /// Returns what is counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.locked();
        let Dropped { pages, runs, doorbells } = state.queue.dropped;
        Counts {
            is_up: state.is_up,
            queue_bytes: state.queue.bytes() as u64,
            dropped_pages: pages,
            dropped_runs: runs,
            dropped_doorbells: doorbells,
        }
    }

    /// Keeps the line up over a bus until the future is dropped, or nobody takes `events` any more.
    ///
    /// Whoever takes events too slowly is not waited for for ever: the engine ends a connection that is not read, which shows as
    /// [`Event::Down`].
    pub async fn run<B: Bus>(&self, mut bus: B, events: mpsc::Sender<Event>) {
        let mut backoff = Backoff::default();
        let mut told = String::new();
        while !events.is_closed() {
            let Err(error) = self.connect_once(&mut bus, &events).await;
            let was_up = std::mem::replace(&mut self.locked().is_up, false);
            if was_up {
                backoff.reset();
                told.clear();
                _ = events.send(Event::Down).await;
            }
            let problem = error.to_string();
            if problem != told {
                tracing::warn!(problem, "the bus cannot be used: trying again");
                told = problem;
            }
            sleep(backoff.next_pause()).await;
        }
    }

    async fn connect_once<B: Bus>(
        &self,
        bus: &mut B,
        events: &mpsc::Sender<Event>,
    ) -> Result<Infallible, BusError> {
        let (mut sender, mut receiver) = in_time(bus.connect()).await?;
        let wanted: Vec<Subject> = {
            let mut state = self.locked();
            state.changed.clear();
            state.wanted.iter().cloned().collect()
        };
        for subjects in wanted.chunks(SUBJECTS_MAX) {
            in_time(sender.subscribe(subjects)).await?;
        }
        self.locked().is_up = true;
        tracing::info!("connected to the bus");
        tell(events, Event::Up).await?;
        if !wanted.is_empty() {
            tell(events, Event::Subscribed(wanted)).await?;
        }
        tokio::select! {
            ended = self.send_all(&mut sender, events) => ended,
            ended = receive_all(&mut receiver, events) => ended,
        }
    }

    /// Sends what is there to be sent, until that fails.
    async fn send_all(
        &self,
        sender: &mut impl BusSender,
        events: &mpsc::Sender<Event>,
    ) -> Result<Infallible, BusError> {
        loop {
            let Some(work) = self.next_work() else {
                if timeout(CHECK_EVERY, self.more.notified()).await.is_err() {
                    in_time(sender.check()).await?;
                }
                continue;
            };
            for subjects in work.unsubscribe.chunks(SUBJECTS_MAX) {
                in_time(sender.unsubscribe(subjects)).await?;
            }
            for subjects in work.subscribe.chunks(SUBJECTS_MAX) {
                in_time(sender.subscribe(subjects)).await?;
                tell(events, Event::Subscribed(subjects.to_vec())).await?;
            }
            if !work.batch.is_empty() {
                self.send_batch(sender, work.batch).await?;
            }
        }
    }

    async fn send_batch(
        &self,
        sender: &mut impl BusSender,
        batch: Vec<(Outgoing, Instant)>,
    ) -> Result<(), BusError> {
        let (messages, queued): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let heard = in_time(sender.publish(&messages)).await?;
        queued.iter().for_each(|queued| (self.note_published)(queued.elapsed()));
        for (message, heard) in messages.into_iter().zip(heard) {
            // Whoever does not wait any more does not mind.
            message.heard.map(|waiting| waiting.send(heard));
        }
        Ok(())
    }

    fn next_work(&self) -> Option<Work> {
        let mut state = self.locked();
        let State { queue, wanted, changed, .. } = &mut *state;
        if queue.is_empty() && changed.is_empty() {
            return None;
        }
        let (subscribe, unsubscribe) =
            std::mem::take(changed).into_iter().partition(|subject| wanted.contains(subject));
        let batch = queue.take(BATCH_COUNT_MAX, BATCH_BYTES_MAX);
        Some(Work { subscribe, unsubscribe, batch })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        // Nothing in it is ever half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives on what comes, until that fails.
async fn receive_all(
    receiver: &mut impl BusReceiver,
    events: &mpsc::Sender<Event>,
) -> Result<Infallible, BusError> {
    loop {
        let (subject, bytes) = receiver.next().await?;
        tell(events, Event::Message(subject, bytes)).await?;
    }
}

async fn tell(events: &mpsc::Sender<Event>, event: Event) -> Result<(), BusError> {
    events.send(event).await.map_err(|_| BusError::Closed)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
    let late = |_| Err(BusError::Silent(ANSWER_WITHIN.as_secs()));
    timeout(ANSWER_WITHIN, answer).await.unwrap_or_else(late)
}
