//! Clients that go on whatever happens: they look for another node, and for another, until one serves them.

use std::{
    io::{self, Error, ErrorKind},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    common::Dice,
    history::{Channel, Name, Number, Record},
    session::{Heard, PRESENCE, Session},
};

/// What all is published to.
pub(crate) const CHANNELS: [Channel; 3] = ["room", "hall", "yard"];

/// How long a client listens at once.
const MOMENT: Duration = Duration::from_millis(10);

/// How long a publisher waits for an answer before it looks for another node.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// Messages that a publisher leaves unanswered.
const UNANSWERED_MAX: usize = 40;

/// Returns a channel of the test's by its name in a packet.
pub(crate) fn channel_of(name: &Value) -> Option<Channel> {
    CHANNELS.into_iter().find(|channel| *name == **channel)
}

/// How far a round is.
#[derive(Default)]
pub(crate) struct Progress {
    /// Nothing happens any more: whoever publishes publishes a last message.
    pub(crate) is_calm: AtomicBool,
    pub(crate) is_over: AtomicBool,
    /// Those whose last message is acknowledged.
    pub(crate) settled_count: AtomicUsize,
}

/// What a client does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Habits {
    pub(crate) subscribes: bool,
    pub(crate) publishes: bool,
    /// Goes to another node, or away and back, without need.
    pub(crate) moves: bool,
    /// Comes once under each name.
    pub(crate) visits: bool,
    /// Leaves for good once all is calm.
    pub(crate) retires: bool,
    /// Hears who comes and goes, on this node.
    pub(crate) watches: Option<usize>,
}

/// A client, or two that fight for one id.
pub(crate) struct Client {
    pub(crate) name: Name,
    pub(crate) habits: Habits,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) dice: Dice,
    pub(crate) record: Record,
    pub(crate) progress: Arc<Progress>,
    /// Whether its last message is acknowledged.
    pub(crate) is_settled: bool,
    /// Channels that it knows it is subscribed to.
    pub(crate) subscribed: usize,
    pub(crate) visits: u64,
}

/// What one session of a publisher waits for.
#[derive(Default)]
struct Flow {
    unanswered: Vec<(Number, Instant)>,
    next: Option<Instant>,
}

impl Client {
    /// Goes on until the round is over.
    pub(crate) fn run(mut self) {
        while !self.is_over() {
            let node = match self.habits.watches {
                Some(node) => self.nodes[node],
                None => *self.dice.pick(&self.nodes),
            };
            let name = self.next_name();
            let Ok(mut session) = Session::open(node, &name, &self.record) else {
                thread::sleep(Duration::from_millis(self.dice.within(20..200)));
                continue;
            };
            _ = self.stay(&mut session);
            session.end(self.dice.once_in(2));
            if self.habits.moves {
                thread::sleep(Duration::from_millis(self.dice.within(0..200)));
            }
        }
    }

    fn is_over(&self) -> bool {
        let retires = self.habits.retires && self.progress.is_calm.load(Ordering::Relaxed);
        retires || self.progress.is_over.load(Ordering::Relaxed)
    }

    fn next_name(&mut self) -> Name {
        self.visits += u64::from(self.habits.visits);
        if self.habits.visits {
            format!("{}-{}", self.name, self.visits).into()
        } else {
            self.name.clone()
        }
    }

    fn stay(&mut self, session: &mut Session) -> io::Result<()> {
        let leaves = Instant::now() + Duration::from_millis(self.dice.within(100..4000));
        let mut flow = Flow::default();
        self.subscribe(session)?;
        while !self.is_over() {
            let is_calm = self.progress.is_calm.load(Ordering::Relaxed);
            let moves = self.habits.moves || self.habits.visits;
            if moves && !is_calm && leaves <= Instant::now() {
                return Ok(());
            }
            if self.habits.publishes {
                self.publish(session, &mut flow, is_calm)?;
            }
            match session.listen(MOMENT)? {
                // Now and then something waits for the next message, or is lost with the session.
                Some(Heard::Push) if !self.dice.once_in(8) || is_calm => session.acknowledge()?,
                Some(Heard::Answer(number, is_stored)) => {
                    self.take_answer(&mut flow, number, is_stored, is_calm)
                }
                Some(Heard::Subscribed) => self.subscribed += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, session: &mut Session) -> io::Result<()> {
        if self.habits.watches.is_some() {
            return session.subscribe(PRESENCE, false);
        }
        if self.habits.subscribes && self.subscribed < CHANNELS.len() {
            self.subscribed = 0;
            CHANNELS.into_iter().try_for_each(|channel| session.subscribe(channel, true))?;
        }
        Ok(())
    }

    fn publish(&mut self, session: &mut Session, flow: &mut Flow, is_calm: bool) -> io::Result<()> {
        if flow.unanswered.first().is_some_and(|(_, sent)| ANSWER_MAX < sent.elapsed()) {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        let is_due = flow.next.is_none_or(|next| next <= Instant::now());
        let (room, is_last) = (flow.unanswered.len() < UNANSWERED_MAX, is_calm && !self.is_settled);
        if !is_due || !room || (is_calm && (!is_last || !flow.unanswered.is_empty())) {
            return Ok(());
        }
        let count = if is_calm { 1 } else { self.dice.within(1..5) };
        let channel = *self.dice.pick(&CHANNELS);
        let numbers = session.publish(channel, count, self.dice.once_in(10))?;
        flow.unanswered.extend(numbers.into_iter().map(|number| (number, Instant::now())));
        flow.next = Some(Instant::now() + Duration::from_millis(self.dice.within(20..80)));
        Ok(())
    }

    fn take_answer(&mut self, flow: &mut Flow, number: Number, is_stored: bool, is_calm: bool) {
        flow.unanswered.retain(|(unanswered, _)| *unanswered != number);
        if is_calm && is_stored && flow.unanswered.is_empty() && !self.is_settled {
            self.is_settled = true;
            self.progress.settled_count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
