//! Dialogues between a core, its application and a broker, in virtual time.
//!
//! `open` begins on a connection, `< …` is a frame from the broker, `lost` ends the connection, `fail`
//! the attempt, `+5s` lets time pass; all else is a call of the application, numbered in order. In the
//! transcript `>` is a frame to the broker, `#1` the answer to a call, `!` an event.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod connecting;
mod publishing;
mod receiving;
mod subscribing;

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use expect_test::Expect;
use serde_json::value::RawValue;

use crate::backoff::Backoff;
use crate::credentials::Credentials;
use crate::dice::Dice;
use crate::error::{ConnectError, Disconnected, RequestError};
use crate::event::{Event, State, SubscriptionState};
use crate::incoming::Incoming;
use crate::message::{
    Ack, Acknowledge, Persistence, PublishOptions, Qos, RequestOptions, SubscribeOptions,
};
use crate::options::Options;
use crate::reason::Reason;
use crate::status::{Refusal, Status};

use super::{Admission, Core, Effect, Greeting, Key, Publication, PushId, Step};

/// Options of a client that connects again, as `ada` with the token `t1`.
fn options() -> Options {
    let endpoint = "jmqt://one".parse().unwrap();
    let mut options = Options::new(endpoint, Credentials::token("ada", "t1"));
    options.reconnect = Some(Backoff::default());
    options.in_order = true;
    options
}

/// Plays `script`, and compares what happened.
#[track_caller]
fn check(options: &Options, script: &str, expected: &Expect) {
    let now = Instant::now();
    let mut core = Core::new(options, Dice::seeded(1), now);
    core.start();
    let mut play = Play {
        core,
        options: options.clone(),
        now,
        call_count: 0,
        subscriptions: Vec::new(),
        in_hand: Vec::new(),
        transcript: String::new(),
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        play.line(line);
    }
    expected.assert_eq(&play.transcript);
}

/// As [`check`], with a client that is online already, and without what it took to become so.
#[track_caller]
fn check_online(script: &str, expected: &Expect) {
    check(&options(), &format!("{ONLINE}clear\n{script}"), expected);
}

const ONLINE: &str = "open\n< {\"connAck\":{\"st\":1,\"ts\":15}}\n";

struct Play {
    core: Core<u32>,
    options: Options,
    now: Instant,
    call_count: u32,
    subscriptions: Vec<Key>,
    in_hand: Vec<(Key, PushId)>,
    transcript: String,
}

impl Play {
    fn line(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "clear" => self.transcript.clear(),
            "<" => self.hear(rest),
            "repeat" => {
                let (count, frame) = rest.split_once(' ').unwrap();
                (0..count.parse::<u32>().unwrap())
                    .for_each(|number| self.hear(&frame.replace("%", &number.to_string())));
            }
            "open" => self.open(),
            "fail" => {
                let endpoint = self.options.endpoint.clone();
                self.core.on_failed(self.now, ConnectError::Wordless { endpoint });
            }
            "lost" => self.core.on_lost(self.now, loss(rest)),
            // Time passes, and no timer fires.
            "asleep" => self.now += Duration::from_secs(rest.parse().unwrap()),
            _ if verb.starts_with('+') => {
                let millis = verb.trim_start_matches('+').trim_end_matches('s');
                self.now += Duration::from_secs_f64(millis.parse().unwrap());
                self.core.on_time(self.now);
                self.core.on_questions_late(self.now);
            }
            _ => self.call(verb, rest),
        }
        self.settle();
    }

    fn open(&mut self) {
        let step = loop {
            match self.core.step(self.now) {
                Step::Wait(Some(until)) => self.now = until,
                step => break step,
            }
        };
        let Step::Attempt(attempt) = step else {
            return writeln!(self.transcript, "! no attempt: {step:?}").unwrap();
        };
        let credentials = match attempt.credentials {
            Credentials::Provider(_) => {
                writeln!(self.transcript, "! {:?}", attempt.why).unwrap();
                Credentials::token("ada", "t2")
            }
            value => value,
        };
        self.core.on_open(&credentials);
    }

    fn hear(&mut self, frame: &str) {
        self.core.on_incoming(self.now, Incoming::read(frame.as_bytes()));
        let endpoint = self.options.endpoint.clone();
        let error = match self.core.greeting() {
            Greeting::Refused(refusal) => {
                ConnectError::Refused { endpoint, refusal: refusal.clone() }
            }
            Greeting::TurnedAway(reason, refusal) => {
                let (reason, refusal) = (*reason, refusal.clone());
                ConnectError::TurnedAway { endpoint, reason, refusal }
            }
            _ => return,
        };
        self.core.on_failed(self.now, error);
    }

    fn call(&mut self, verb: &str, rest: &str) {
        let (channel, payload) = rest.split_once(' ').unwrap_or((rest, "null"));
        let payload = RawValue::from_string(payload.to_owned()).unwrap();
        let index = || self.subscriptions[rest.parse::<usize>().unwrap() - 1];
        self.call_count += 1;
        let ticket = self.call_count;
        match verb {
            "sub" | "keep" | "manual" | "keepmanual" => {
                let key = self.core.subscribe(channel, subscribe_options(verb), ticket);
                self.subscriptions.push(key);
            }
            "listen" => {
                let options = SubscribeOptions::persistent();
                self.subscriptions.push(self.core.listen(channel, options));
            }
            "leave" => self.core.leave(index(), Some(ticket)),
            "next" => self.next(index()),
            "count" => {
                let key = index();
                let mut context = Context::from_waker(Waker::noop());
                let mut count = 0;
                while let Poll::Ready(Some(_)) = self.core.poll_next(key, &mut context) {
                    count += 1;
                }
                writeln!(self.transcript, "= {count} messages").unwrap();
            }
            "ack" | "drop" => {
                let (key, id) = self.in_hand.remove(0);
                self.core.close_message(key, &id, verb == "drop");
            }
            "pub0" | "pub1" => self.publish(verb, channel, &payload, ticket),
            "withdraw" => self.core.withdraw(rest.parse().unwrap()),
            "ask" | "askagain" => {
                let repeat = verb == "askagain";
                let options = RequestOptions { repeat, ..RequestOptions::default() };
                self.core.ask(self.now, (channel, &payload), options, ticket);
            }
            "ping" => self.core.ping(self.now, ticket),
            "wake" => self.core.wake(self.now),
            "drain" => self.core.drain(),
            "close" => self.core.close(),
            _ => panic!("no such verb: {verb}"),
        }
    }

    fn publish(&mut self, verb: &str, channel: &str, payload: &RawValue, ticket: u32) {
        let qos = if verb == "pub1" { Qos::AtLeastOnce } else { Qos::AtMostOnce };
        let options = PublishOptions { qos, retain: false };
        let publication = Publication { channel, payload, options, is_behind: false };
        match self.core.publish(self.now, &publication, || ticket) {
            Admission::Taken(_) => {}
            Admission::NoRoom => writeln!(self.transcript, "#{ticket} has no room").unwrap(),
            Admission::Done(answer) => {
                self.effects();
                writeln!(self.transcript, "#{ticket} {}", shown(answer)).unwrap();
            }
        }
    }

    fn next(&mut self, key: Key) {
        let line = match self.core.poll_next(key, &mut Context::from_waker(Waker::noop())) {
            Poll::Pending => "nothing yet".to_owned(),
            Poll::Ready(None) => "the end".to_owned(),
            Poll::Ready(Some(item)) => {
                if let Some(receipt) = item.receipt {
                    self.in_hand.push((key, receipt));
                }
                format!("{} {}", item.push.channel, item.push.payload)
            }
        };
        writeln!(self.transcript, "= {line}").unwrap();
    }

    /// Writes down what came of a line, and does what a driver would.
    fn settle(&mut self) {
        if let Some(reason) = self.core.take_broken() {
            writeln!(self.transcript, "! broken: {reason}").unwrap();
            self.core.on_lost(self.now, reason);
        }
        if self.core.ended().is_some() {
            // Answers all that is open.
            let _ = self.core.step(self.now);
        }
        self.effects();
        loop {
            let output = self.core.take_output(self.now, Vec::new());
            let output = String::from_utf8(output).unwrap();
            if output.is_empty() {
                break;
            }
            for packet in output.split_terminator('\0') {
                writeln!(self.transcript, "> {packet}").unwrap();
            }
        }
    }

    fn effects(&mut self) {
        for effect in self.core.take_effects() {
            match effect {
                Effect::Answer(ticket, answer) => {
                    writeln!(self.transcript, "#{ticket} {}", shown(answer)).unwrap();
                }
                Effect::Event(event) => self.event(event),
                Effect::Wake(_) => {}
            }
        }
    }

    fn event(&mut self, event: Event) {
        let line = match event {
            Event::State(change) => {
                let mut line = change.state.word().to_owned();
                if let Some(reason) = change.reason {
                    write!(line, ": {reason}").unwrap();
                }
                if let Some(wait) = change.wait {
                    write!(line, ", {} ms", wait.as_millis()).unwrap();
                }
                if change.state == State::Connecting {
                    let address = change.address.unwrap();
                    write!(line, " {address}, attempt {}", change.attempt).unwrap();
                }
                line
            }
            Event::Subscription(change) => {
                let end = match change.state {
                    SubscriptionState::Ended(end) => format!(", {}", end.word()),
                    _ => String::new(),
                };
                let status = change.status.map_or(String::new(), |status| format!(", {status}"));
                let restored = if change.restored { ", restored" } else { "" };
                let gap = if change.gap { ", gap" } else { "" };
                let word = change.state.word();
                format!("{} {word}{end}{status}{restored}{gap}", change.channel)
            }
            Event::Publish { id, channel, error } => {
                format!("publish {id:?} to {channel}: {error}")
            }
            Event::Slow { channel, dropped } => format!("slow {channel} {dropped:?}"),
            other => format!("{other:?}"),
        };
        writeln!(self.transcript, "! {line}").unwrap();
    }
}

fn subscribe_options(verb: &str) -> SubscribeOptions {
    let is_persistent = verb.starts_with("keep");
    let is_manual = verb.ends_with("manual");
    SubscribeOptions {
        persistence: if is_persistent { Persistence::Persistent } else { Persistence::Session },
        acknowledge: if is_manual { Acknowledge::Manual } else { Acknowledge::Handled },
    }
}

fn loss(word: &str) -> Disconnected {
    let reason = match word {
        "" => return Disconnected::Broken(Arc::new(io::ErrorKind::ConnectionReset.into())),
        "server-stopping" => Reason::ServerStopping,
        "taken-over" => Reason::TakenOver,
        "withdrawn" => Reason::Withdrawn,
        "too-large" => Reason::TooLarge,
        other => panic!("no such loss: {other}"),
    };
    Disconnected::Dismissed { reason, refusal: Refusal { status: Status(7), message: None } }
}

fn shown(answer: Result<Ack, RequestError>) -> String {
    match answer {
        Ok(Ack { data: Some(data) }) => format!("ok {data}"),
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    }
}
