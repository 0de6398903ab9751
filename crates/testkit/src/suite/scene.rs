//! What came so far and no step has taken yet.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{arrival::Arrival, connection::Connection, framing};

/// The kinds of events, each the key of its first value.
pub(super) const KINDS: [&str; 9] = [
    "state",
    "subscription",
    "message",
    "publish",
    "slow",
    "error",
    "outbox",
    "credentials",
    "outcome",
];

/// Among how many of the last events a second outcome is looked for at once.
const RECENT: usize = 100;

/// How a step that did not happen is told.
pub(super) type Failure = String;

/// What came, sorted.
pub(super) struct Scene<'a> {
    arrivals: &'a Receiver<Arrival>,
    /// When the scenario must be over.
    deadline: Instant,
    /// How long any one thing may take.
    patience: Duration,
    is_websocket: bool,
    /// Whether each `hb` is answered here.
    answers_heartbeats: bool,
    has_trace: bool,
    /// Where connections come from that are no client's.
    pub(super) own: BTreeSet<SocketAddr>,
    /// Addresses of connections, the harness's own included, since this was last emptied.
    pub(super) callers: Vec<SocketAddr>,
    connections: BTreeMap<u64, Served>,
    /// Connections that no step has used yet.
    waiting: VecDeque<u64>,
    current: Option<u64>,
    pub(super) events: Vec<(String, Value)>,
    answers: BTreeMap<u64, Value>,
    /// Calls whose outcome a step has taken.
    pub(super) answered: BTreeSet<(String, String)>,
    /// What no step can make good any more.
    broken: Option<Failure>,
    pub(super) runner: Option<Value>,
}

struct Served {
    connection: Connection,
    frames: VecDeque<String>,
    ended: Option<String>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        arrivals: &'a Receiver<Arrival>,
        (deadline, patience): (Instant, Duration),
        is_websocket: bool,
        has_trace: bool,
    ) -> Self {
        Scene {
            arrivals,
            deadline,
            patience,
            is_websocket,
            answers_heartbeats: false,
            has_trace,
            own: BTreeSet::new(),
            callers: Vec::new(),
            connections: BTreeMap::new(),
            waiting: VecDeque::new(),
            current: None,
            events: Vec::new(),
            answers: BTreeMap::new(),
            answered: BTreeSet::new(),
            broken: None,
            runner: None,
        }
    }

    /// Answers each `hb` from now on, or leaves that to steps.
    pub(super) fn answer_heartbeats(&mut self, does: bool) {
        self.answers_heartbeats = does;
    }

    /// Waits until `found` finds something, and takes in what comes meanwhile.
    pub(super) fn wait<T>(
        &mut self,
        what: &str,
        mut found: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T, Failure> {
        let deadline = self.deadline.min(Instant::now() + self.patience);
        loop {
            if let Some(broken) = &self.broken {
                return Err(broken.clone());
            }
            if let Some(found) = found(self) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.arrivals.recv_timeout(left) {
                Ok(arrival) => self.take(arrival),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("{what} did not come in time; {}", self.rest()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err("the runner is gone".to_owned()),
            }
        }
    }

    /// Takes in what is there already.
    pub(super) fn catch_up(&mut self) {
        while let Ok(arrival) = self.arrivals.try_recv() {
            self.take(arrival);
        }
    }

    /// Takes in what comes within that time.
    pub(super) fn linger(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut left = time;
        while let Ok(arrival) = self.arrivals.recv_timeout(left) {
            self.take(arrival);
            left = end.saturating_duration_since(Instant::now());
        }
    }

    /// Fails if the scenario's time is up.
    pub(super) fn check_time(&self) -> Result<(), Failure> {
        match &self.broken {
            Some(broken) => Err(broken.clone()),
            None if self.deadline < Instant::now() => {
                Err(format!("it did not come in the scenario's time; {}", self.rest()))
            }
            None => Ok(()),
        }
    }

    /// Waits for the runner's answer of that number.
    pub(super) fn answer(&mut self, number: u64) -> Result<Value, Failure> {
        let what = "the runner's answer";
        let answer = self.wait(what, |scene| scene.answers.remove(&number))?;
        match answer.get("failed") {
            Some(why) => Err(format!("the runner could not do it: {why}")),
            None => Ok(answer),
        }
    }

    /// Returns the connection that steps speak on, the next one if there is none.
    pub(super) fn connection(&mut self) -> Result<&Connection, Failure> {
        if self.current.is_none() {
            self.current = Some(self.wait("a connection", |scene| scene.waiting.pop_front())?);
        }
        let served = self.current.and_then(|id| self.connections.get(&id));
        Ok(&served.expect("the current connection is known").connection)
    }

    /// Says whether a client's connection is there, be it used or not.
    pub(super) fn has_connection(&self) -> bool {
        let is_open = |id| self.connections.get(id).is_some_and(|it| it.ended.is_none());
        self.current.iter().chain(&self.waiting).any(is_open)
    }

    /// Returns how many connections no step has used.
    pub(super) fn unused(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the next frame on the current connection, or how it ended.
    pub(super) fn next_frame(&mut self, what: &str) -> Result<Result<String, String>, Failure> {
        self.connection()?;
        self.wait(what, |scene| {
            let served = scene.connections.get_mut(&scene.current?)?;
            match served.frames.pop_front() {
                Some(frame) => Some(Ok(frame)),
                None => served.ended.clone().map(Err),
            }
        })
    }

    /// Lets go of the current connection.
    pub(super) fn leave(&mut self) -> Option<Connection> {
        let served = self.connections.remove(&self.current.take()?)?;
        Some(served.connection)
    }

    /// Returns what a client sent that no step took.
    pub(super) fn untaken(&self) -> Option<&String> {
        self.connections.values().find_map(|served| served.frames.front())
    }

    /// Returns the outcome of a call that had one before.
    pub(super) fn second_outcome(&self) -> Option<&Value> {
        let mut outcomes = self
            .events
            .iter()
            .filter_map(|(who, event)| Some((who, event, event["outcome"].as_str()?)));
        let second = outcomes
            .find(|(who, _, of)| self.answered.contains(&((*who).clone(), (*of).to_owned())));
        second.map(|(_, event, _)| event)
    }

    /// Fails if a client tells anything about its state within that time.
    pub(super) fn last(&mut self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        loop {
            let told = self.events.iter().find(|(_, event)| event.get("state").is_some());
            if let Some((who, event)) = told {
                return Err(format!("{who} told {event}"));
            }
            match self.arrivals.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(arrival) => self.take(arrival),
                Err(_) => return Ok(()),
            }
        }
    }

    /// Returns what is there, for a message.
    pub(super) fn rest(&self) -> String {
        let frames: Vec<_> =
            self.connections.values().flat_map(|served| &served.frames).take(5).collect();
        let skipped = self.events.len().saturating_sub(8);
        let events: Vec<_> =
            self.events[skipped..].iter().map(|(who, event)| format!("{who} {event}")).collect();
        let ended: Vec<_> =
            self.connections.values().filter_map(|served| served.ended.as_ref()).collect();
        format!("not taken: packets {frames:?}, events {events:#?}, ended connections {ended:?}")
    }

    /// Ends all connections.
    pub(super) fn reset_all(&mut self) {
        for served in self.connections.values() {
            served.connection.reset();
        }
    }

    fn take(&mut self, arrival: Arrival) {
        if self.has_trace && !matches!(arrival, Arrival::Connected(..)) {
            let shown = format!("{arrival:?}");
            eprintln!("    {}", shown.chars().take(400).collect::<String>());
        }
        match arrival {
            Arrival::Connected(connection, from) => {
                self.callers.push(from);
                if self.own.remove(&from) {
                    return connection.reset();
                }
                let id = connection.id;
                let served = Served { connection, frames: VecDeque::new(), ended: None };
                self.connections.insert(id, served);
                self.waiting.push_back(id);
            }
            Arrival::Frame(id, frame) => self.take_frame(id, frame),
            Arrival::Ended(id, how) => {
                if how.starts_with("broken") && self.connections.contains_key(&id) {
                    self.broken = Some(format!("the client broke its carrier: {how}"));
                }
                if let Some(served) = self.connections.get_mut(&id) {
                    served.ended = Some(how);
                }
            }
            Arrival::Line(line) => self.take_line(line),
            Arrival::RunnerEnded(why) => self.broken = Some(why),
        }
    }

    fn take_frame(&mut self, id: u64, frame: String) {
        let Some(served) = self.connections.get_mut(&id) else { return };
        let is_heartbeat = self.answers_heartbeats
            && serde_json::from_str::<Value>(&frame).is_ok_and(|it| it.get("hb").is_some());
        if is_heartbeat {
            let answer = framing::encode(&json!({"hbAck": {}}).to_string(), self.is_websocket);
            served.connection.send([answer.as_slice()]);
        } else {
            served.frames.push_back(frame);
        }
    }

    fn take_line(&mut self, mut line: Value) {
        if line.get("runner").is_some() {
            self.runner = Some(line);
        } else if let Some(number) = line["n"].as_u64() {
            self.answers.insert(number, line);
        } else {
            let event = line["event"].take();
            let who = line["who"].as_str().unwrap_or_default().to_owned();
            let is_same = |(other, earlier): &(String, Value)| {
                *other == who && earlier.get("outcome").is_some_and(|of| *of == event["outcome"])
            };
            let is_outcome = event.get("outcome").is_some();
            if is_outcome && self.events.iter().rev().take(RECENT).any(is_same) {
                self.broken = Some(format!("a call has a second outcome: {event}"));
            }
            self.events.push((who, event));
        }
    }
}
