//! Plays a scenario, step by step.

use std::{
    collections::BTreeSet,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use super::{
    arrival::Arrival,
    expectation::{is_event, kind_of, take_event},
    runner::Runner,
    scenario::{FIRST, Scenario, Side, words_of},
    scene::{Failure, Scene},
    stage::Stage,
};
use crate::{Names, Transport};

/// A clock moves on by no more than this part of the session's timeout at once, so that what it leads
/// to is answered in between.
const PIECES_PER_TIMEOUT: u64 = 6;
/// How many messages may take as long as any other one thing.
const MESSAGES_AT_ONCE: u64 = 5_000;
/// The timeout of a session in seconds, unless the scenario has another.
pub(super) const TIMEOUT_S: u64 = 15;
/// How much slower than a client's clock time passes for a real broker, where a step waits for something.
const REAL_SHARE: u32 = 4;

/// What an action of the runner may lack: these steps are the harness's own.
const SERVERS_STEPS: [&str; 7] = ["expect", "pubs", "send", "frame", "raw", "closed", "online"];

/// A scenario that is being played.
pub(super) struct Play<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) carrier: Transport,
    pub(super) stage: Stage,
    pub(super) scene: Scene<'a>,
    pub(super) names: Names,
    runner: &'a mut Runner,
    connected: BTreeSet<String>,
    /// Whether something was sent of which nothing has shown that the client has it.
    pub(super) has_sent: bool,
    /// The timeout of the last session.
    pub(super) timeout_s: u64,
    /// Ids of numbered publishes that were not answered.
    pub(super) unanswered: Vec<Value>,
    memory: u64,
    has_trace: bool,
}

impl<'a> Play<'a> {
    /// Sets the scene.
    pub(super) fn new(
        scenario: &'a Scenario,
        carrier: Transport,
        stage: Stage,
        runner: &'a mut Runner,
        arrivals: &'a Receiver<Arrival>,
        (bounds, has_trace): ((Instant, Duration), bool),
    ) -> Self {
        let is_websocket = carrier.is_websocket();
        let mut scene = Scene::new(arrivals, bounds, is_websocket, has_trace);
        scene.answer_heartbeats(scenario.answers_heartbeats);
        let names = Names::default();
        let connected = BTreeSet::new();
        Play {
            scenario,
            carrier,
            stage,
            scene,
            names,
            runner,
            connected,
            has_sent: false,
            timeout_s: TIMEOUT_S,
            unanswered: Vec::new(),
            memory: 0,
            has_trace,
        }
    }

    /// Plays all steps and ends the scenario; returns the first step that did not happen.
    pub(super) fn run(&mut self) -> Result<(), Failure> {
        let outcome = self.all();
        self.scene.reset_all();
        outcome
    }

    fn all(&mut self) -> Result<(), Failure> {
        self.memory = self.measure()?;
        self.steps(&self.scenario.steps.clone(), "")?;
        self.scene.catch_up();
        if let Some(frame) = self.scene.untaken() {
            return Err(format!("in the end the client had also sent {frame}"));
        }
        if let Some(event) = self.scene.second_outcome() {
            return Err(format!("a call had a second outcome: {event}"));
        }
        self.act(&json!({"do": "end"})).map(drop)
    }

    fn steps(&mut self, steps: &[Value], within: &str) -> Result<(), Failure> {
        for (at, step) in steps.iter().enumerate() {
            let place = format!("{within}{}", at + 1);
            if self.has_trace {
                eprintln!("  step {place}: {step}");
            }
            let repeated = step.get("repeat").and_then(Value::as_u64);
            if let Some(times) = repeated {
                let inner = step["steps"].as_array().ok_or("no steps to repeat")?;
                for time in 1..=times {
                    // Names of a round stand for other things in the next one.
                    let names = self.names.clone();
                    self.steps(inner, &format!("{place}, time {time}, "))?;
                    self.names = names;
                }
            } else {
                self.step(step).map_err(|why| match why.starts_with("step ") {
                    true => why,
                    false => format!("step {place} {step}: {why}"),
                })?;
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Value) -> Result<(), Failure> {
        let keys = step.as_object().ok_or("not an object")?;
        let is_servers = SERVERS_STEPS.iter().find(|key| keys.contains_key(**key));
        if let Some(key) = is_servers {
            return match self.stage.side() {
                Side::Script => self.wire_step(key, keys),
                Side::Broker if *key == "online" => self.await_online(&keys["online"]),
                Side::Broker => Ok(()),
            };
        }
        let (key, value) = keys.iter().next().ok_or("an empty step")?;
        match key.as_str() {
            "client" => self.client(value),
            "event" => self.event(value, keys),
            "outcome" => self.outcome(value),
            "messages" => self.messages(value),
            "nothing" => self.nothing(value),
            "advance" => self.advance(value.as_u64().ok_or("no time")?),
            "cut" => self.cut(value),
            "stall" | "resume" => self.stall(key == "stall"),
            "refuse" => {
                self.stage.doorway().refuse();
                Ok(())
            }
            "accept" => self.stage.doorway().accept().map_err(|error| error.to_string()),
            "broker" => self.stage.broker(value),
            "memory" => self.expect_memory(value),
            "left" => self.expect_left(value),
            "until" => self.until(value),
            "lasts" => self.scene.last(Duration::from_secs(value.as_u64().ok_or("no time")?)),
            _ => Err("this is no step".to_owned()),
        }
    }

    /// Has the runner do something, and waits for its answer.
    pub(super) fn act(&mut self, action: &Value) -> Result<Value, Failure> {
        let number = self.runner.tell(action)?;
        self.scene.answer(number)
    }

    fn client(&mut self, action: &Value) -> Result<(), Failure> {
        let mut action = action.clone();
        if action.get("who").is_none() {
            action["who"] = FIRST.into();
        }
        let who = action["who"].as_str().ok_or("nobody")?.to_owned();
        if action["do"] == "connect" && self.connected.insert(who.clone()) {
            let (_, scheme) = words_of(self.carrier);
            let addresses = self.stage.addresses.iter();
            let addresses: Vec<_> = addresses.map(|it| format!("{scheme}://{it}")).collect();
            action["addresses"] = addresses.into();
            action["ca"] = self.stage.authority.to_string_lossy().into();
            action["options"] = self.scenario.clients.get(&who).ok_or("no such client")?.clone();
            action["time"] = if self.scenario.is_in_real_time { "real" } else { "injected" }.into();
        }
        self.act(&action).map(drop)
    }

    /// Waits until the client says that it is online.
    pub(super) fn await_online(&mut self, about: &Value) -> Result<(), Failure> {
        let who = about["who"].as_str().unwrap_or(FIRST).to_owned();
        let pattern = json!({"state": "online"});
        self.await_event(&who, pattern.as_object().ok_or("no event")?)
    }

    fn event(&mut self, pattern: &Value, keys: &Map<String, Value>) -> Result<(), Failure> {
        let who = keys.get("who").and_then(Value::as_str).unwrap_or(FIRST);
        self.await_event(who, pattern.as_object().ok_or("no event")?)
    }

    fn await_event(&mut self, who: &str, pattern: &Map<String, Value>) -> Result<(), Failure> {
        let names = &mut self.names;
        let taken = self
            .scene
            .wait("this event", |scene| take_event(scene, names, who, pattern).transpose());
        self.has_sent = false;
        taken?.map(drop)
    }

    fn outcome(&mut self, about: &Value) -> Result<(), Failure> {
        let mut pattern = about.as_object().ok_or("no outcome")?.clone();
        let who = pattern.remove("who").unwrap_or_else(|| FIRST.into());
        let of = pattern.remove("of").ok_or("of no call")?;
        pattern.insert("outcome".to_owned(), of);
        self.await_event(who.as_str().unwrap_or(FIRST), &pattern)
    }

    /// Waits for numbered messages of a subscription.
    fn messages(&mut self, about: &Value) -> Result<(), Failure> {
        let mut next = about["from"].as_u64().unwrap_or(0);
        let end = next + about["count"].as_u64().ok_or("no count")?;
        let Some(piece) = about["advance"].as_u64() else {
            while next < end {
                // Some of them are one thing that may take its time, not all.
                let some = end.min(next + MESSAGES_AT_ONCE);
                self.scene.wait("the next message", |scene| {
                    take_numbered(scene, about, &mut next, some).transpose()
                })??;
            }
            return Ok(());
        };
        while take_numbered(&mut self.scene, about, &mut next, end)?.is_none() {
            self.pass(piece)?;
        }
        Ok(())
    }

    /// Lets a client's clock move on; a real broker is given some of that time.
    fn pass(&mut self, ms: u64) -> Result<(), Failure> {
        self.advance(ms)?;
        if self.stage.side() == Side::Broker {
            self.scene.linger(Duration::from_millis(ms) / REAL_SHARE);
        }
        self.scene.check_time()
    }

    pub(super) fn advance(&mut self, mut ms: u64) -> Result<(), Failure> {
        if std::mem::take(&mut self.has_sent) && self.scene.has_connection() {
            self.take_in()?;
        }
        // Without a connection only attempts hang on the time, whose limit is below any such timeout.
        let timeout_s = if self.scene.has_connection() { self.timeout_s } else { TIMEOUT_S };
        let piece_ms = timeout_s.max(TIMEOUT_S) * 1000 / PIECES_PER_TIMEOUT;
        while 0 < ms {
            let piece = ms.min(piece_ms);
            self.act(&json!({"do": "advance", "ms": piece}))?;
            self.scene.catch_up();
            ms -= piece;
        }
        Ok(())
    }

    fn until(&mut self, about: &Value) -> Result<(), Failure> {
        let pattern = about.get("event").and_then(Value::as_object);
        let who = about["who"].as_str().unwrap_or(FIRST);
        let piece = about["advance"].as_u64().ok_or("no time")?;
        loop {
            let is_there = match pattern {
                Some(event) => take_event(&mut self.scene, &mut self.names, who, event)?.is_some(),
                None => {
                    self.admit_callers()?;
                    0 < self.scene.unused()
                }
            };
            if is_there {
                return Ok(());
            }
            self.pass(piece)?;
        }
    }

    /// Fails if an event was told that is such a one.
    pub(super) fn no_event(&mut self, pattern: &Map<String, Value>) -> Result<(), Failure> {
        kind_of(pattern)?;
        let such = self
            .scene
            .events
            .iter()
            .find(|(_, event)| is_event(&mut self.names.clone(), pattern, event));
        such.map_or(Ok(()), |(_, event)| Err(format!("there was {event}")))
    }

    fn measure(&mut self) -> Result<u64, Failure> {
        let measures = |step: &Value| step.get("memory").is_some();
        if !self.scenario.steps.iter().any(measures) {
            return Ok(0);
        }
        let answer = self.act(&json!({"do": "memory"}))?;
        answer["bytes"].as_u64().ok_or_else(|| "the runner measured nothing".to_owned())
    }

    fn expect_memory(&mut self, about: &Value) -> Result<(), Failure> {
        let most = about["mib_max"].as_u64().ok_or("no size")? << 20;
        let grown = self.measure()?.saturating_sub(self.memory);
        (grown < most).then_some(()).ok_or_else(|| format!("it has grown by {grown} bytes"))
    }

    fn expect_left(&mut self, about: &Value) -> Result<(), Failure> {
        let left = self.act(&json!({"do": "left"}))?;
        let about = about.as_object().ok_or("no counts")?;
        let differs = about.iter().find(|(key, count)| left.get(*key) != Some(count));
        differs.map_or(Ok(()), |_| Err(format!("there are left {left}")))
    }
}

/// Takes messages of a subscription whose data are numbers; says whether the last one came.
fn take_numbered(
    scene: &mut Scene<'_>,
    about: &Value,
    next: &mut u64,
    end: u64,
) -> Result<Option<()>, Failure> {
    let mut wrong = None;
    scene.events.retain(|(_, event)| {
        let is_one = event.get("message").is_some() && event["of"] == about["of"];
        if !is_one || *next == end || wrong.is_some() {
            return true;
        }
        match event["message"].as_u64() {
            Some(number) if number == *next => *next += 1,
            Some(number) if number < *next && about["repeats"] == true => {}
            _ => wrong = Some(format!("instead of {next} came {event}")),
        }
        false
    });
    wrong.map_or_else(|| Ok((*next == end).then_some(())), Err)
}
