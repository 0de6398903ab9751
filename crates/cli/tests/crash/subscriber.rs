//! Persistent subscribers of several manners, and what each insists on.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;
use serde_json::{Value, json};

use super::{
    AWAY, PUBLISHERS, SHARED_CHANNELS, act,
    publisher::own_channel,
    stage::{Event, Stage},
};
use crate::common::{Dice, Wire, acknowledge, frames};

/// Pushes a late one gathers before it acknowledges some.
const GATHERED_MAX: u64 = 40;
/// Silence after which everybody acknowledges what they have.
const PAUSE: Duration = Duration::from_millis(50);

/// How a subscriber behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Acknowledges at once.
    Prompt,
    /// Acknowledges later, and in no order.
    Late,
    /// As late, and drops its connection now and then.
    Restless,
    /// Subscribes to one channel after the other, leaves some and comes back.
    Joining,
    /// Subscribes to everything and stays away until the end.
    Away,
}

/// One persistent subscriber.
pub(crate) struct Subscriber {
    manner: Manner,
    dice: Dice,
    /// What it has not been acknowledged yet.
    intentions: VecDeque<Intention>,
    record: Record,
}

/// What it is about to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Intention {
    Join(String),
    Leave(String),
}

/// All that a subscriber received.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// By publisher and channel, the first number and the last so far.
    progress: BTreeMap<(usize, String), (u64, u64)>,
    /// By channel, what each publisher had sent before the subscription was acknowledged.
    subscribed: BTreeMap<String, BTreeMap<usize, u64>>,
    /// What came under each id.
    pub(crate) messages: HashMap<String, Stored>,
}

/// What identifies a message: publisher, channel, number.
pub(crate) type Stored = (usize, String, u64);

impl Manner {
    pub(crate) const ALL: [Manner; 5] =
        [Manner::Prompt, Manner::Late, Manner::Restless, Manner::Joining, Manner::Away];

    fn name(self) -> &'static str {
        match self {
            Manner::Prompt => "prompt",
            Manner::Late => "late",
            Manner::Restless => "restless",
            Manner::Joining => "joining",
            Manner::Away => AWAY,
        }
    }
}

/// Returns how many subscriptions are made before anything is published.
pub(crate) fn first_subscription_count() -> u64 {
    let those_at_first = Manner::ALL.len() - 1;
    (those_at_first * SHARED_CHANNELS.len() + PUBLISHERS - 1) as u64
}

impl Subscriber {
    pub(crate) fn new(manner: Manner, dice: Dice) -> Self {
        let shared = SHARED_CHANNELS.map(str::to_owned).into_iter();
        let channels: Vec<String> = match manner {
            // Nobody subscribes to the first publisher's own channel: it is retained only.
            Manner::Joining => shared.chain([own_channel(1), own_channel(2)]).collect(),
            Manner::Away => shared.chain((1..PUBLISHERS).map(own_channel)).collect(),
            _ => shared.collect(),
        };
        let record = Record { name: manner.name().to_owned(), ..Record::default() };
        let intentions = channels.into_iter().map(Intention::Join).collect();
        Subscriber { manner, dice, intentions, record }
    }

    pub(crate) fn take_part(mut self, stage: &Arc<Stage>) -> JoinHandle<Record> {
        act(stage, move |stage| {
            if self.manner != Manner::Joining {
                self.subscribe_at_first(stage);
            }
            if self.manner == Manner::Away {
                stage.wait_for_last_act();
            }
            while self.receive(stage).is_err() {
                stage.wait_for_broker();
            }
            self.record
        })
    }

    /// Subscribes to everything it wants, before the first kill.
    fn subscribe_at_first(&mut self, stage: &Stage) {
        let mut wire = Wire::online(stage.address, self.manner.name()).unwrap();
        while let Some(intention) = self.intentions.front() {
            wire.send(intention.packet()).unwrap();
            let answer = wire.next().unwrap();
            self.on_answer(stage, &answer);
        }
    }

    /// Receives until there has been enough, or the connection breaks, maybe by its own doing.
    fn receive(&mut self, stage: &Stage) -> io::Result<()> {
        let mut wire = Wire::online(stage.address, self.manner.name())?;
        let mut unacknowledged = Vec::new();
        let mut silent_since = Instant::now();
        let mut asked = false;
        let mut patience_with_connection = self.dice.within(1..2000);
        loop {
            if !asked && let Some(intention) = self.next_intention(stage) {
                wire.send(intention.packet())?;
                asked = true;
            }
            match wire.next_within(PAUSE)? {
                None => {
                    self.acknowledge(&mut wire, &mut unacknowledged, 0)?;
                    if stage.subscribing_ends() && self.intentions.is_empty() {
                        if self.has_everything(stage) {
                            return self.check_subscriptions(&mut wire);
                        }
                        let waited = silent_since.elapsed();
                        assert!(waited < PATIENCE, "{}", self.what_is_missing(stage));
                    }
                    continue;
                }
                Some(packet) if packet.get("push").is_some() => {
                    stage.note(Event::Pushed);
                    let intention = self.intentions.front();
                    unacknowledged.extend(self.record.on_push(&packet["push"], intention));
                }
                Some(packet) => {
                    self.on_answer(stage, &packet);
                    asked = false;
                }
            }
            silent_since = Instant::now();
            let late = self.dice.within(0..GATHERED_MAX.min(stage.window)) as usize;
            if self.manner == Manner::Prompt || late < unacknowledged.len() {
                let left = if self.manner == Manner::Prompt { 0 } else { late / 2 };
                self.acknowledge(&mut wire, &mut unacknowledged, left)?;
            }
            patience_with_connection -= 1;
            if patience_with_connection == 0 {
                patience_with_connection = u64::MAX;
                if self.manner == Manner::Restless && !stage.subscribing_ends() {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
    }

    /// Acknowledges all but `left` of what came.
    fn acknowledge(
        &mut self,
        wire: &mut Wire,
        unacknowledged: &mut Vec<String>,
        left: usize,
    ) -> io::Result<()> {
        if self.manner != Manner::Prompt {
            self.dice.shuffle(unacknowledged);
        }
        let acknowledged = unacknowledged.drain(left.min(unacknowledged.len())..);
        wire.send_all(&frames(acknowledged.map(acknowledge)))
    }

    /// Returns what it asks for next, if it feels like it.
    fn next_intention(&mut self, stage: &Stage) -> Option<&Intention> {
        let ends = stage.subscribing_ends();
        if !ends && !self.dice.once_in(50) {
            return None;
        }
        if !ends && self.manner == Manner::Joining && self.intentions.is_empty() {
            let channels: Vec<&String> = self.record.subscribed.keys().collect();
            let channel = (*self.dice.pick(&channels)).clone();
            self.intentions.push_back(Intention::Leave(channel.clone()));
            self.intentions.push_back(Intention::Join(channel));
        }
        self.intentions.front()
    }

    fn on_answer(&mut self, stage: &Stage, answer: &Value) {
        let intention = self.intentions.pop_front().expect("it asked for something");
        assert_eq!(*answer, intention.answer());
        match intention {
            Intention::Join(channel) => {
                let sent = stage.last_sent(&channel);
                self.record.subscribed.insert(channel, sent);
                stage.note(Event::Subscribed);
            }
            Intention::Leave(channel) => self.record.forget(&channel),
        }
    }

    fn has_everything(&self, stage: &Stage) -> bool {
        self.missing(stage).next().is_none()
    }

    fn what_is_missing(&self, stage: &Stage) -> String {
        let missing: Vec<_> = self.missing(stage).collect();
        format!(
            "{} is not sent (publisher, channel, last come, last sent) {missing:?}",
            self.record.name
        )
    }

    /// Returns what has not come to its end, by publisher and channel.
    fn missing(&self, stage: &Stage) -> impl Iterator<Item = (usize, String, u64, u64)> {
        let sent = stage.sent();
        sent.into_iter().filter_map(|((publisher, channel), sent)| {
            let before = self.record.sent_before(publisher, &channel)?;
            let progress = self.record.progress.get(&(publisher, channel.clone()));
            let come = progress.map_or(before, |&(_, last)| last);
            (come < sent.last).then_some((publisher, channel, come, sent.last))
        })
    }

    /// Checks that the broker knows of every subscription.
    fn check_subscriptions(&self, wire: &mut Wire) -> io::Result<()> {
        wire.send(r#"{"pub":{"cn":"$mySubscriptions","id":"all"}}"#)?;
        let answer = wire.next()?;
        let known = &answer["pubAck"]["dt"]["subscriptions"];
        for channel in self.record.subscribed.keys() {
            assert_eq!(known[channel], "persistent", "{} to {channel}", self.record.name);
        }
        Ok(())
    }
}

impl Record {
    /// Returns how far a publisher was when the subscription to the channel was certain; `None`
    /// when it has none.
    fn sent_before(&self, publisher: usize, channel: &str) -> Option<u64> {
        if self.name == AWAY && channel == format!("#{AWAY}") {
            return Some(0); // The broker made that subscription.
        }
        Some(self.subscribed.get(channel)?.get(&publisher).copied().unwrap_or_default())
    }

    /// Forgets what came of a channel, except what its ids stood for.
    fn forget(&mut self, channel: &str) {
        self.subscribed.remove(channel);
        self.progress.retain(|(_, other), _| other != channel);
    }

    /// Takes a push, and returns the id to acknowledge.
    fn on_push(&mut self, push: &Value, intention: Option<&Intention>) -> Option<String> {
        let channel = push["cn"].as_str().unwrap();
        let publisher = push["dt"][0].as_u64().unwrap() as usize;
        let number = push["dt"][1].as_u64().unwrap();
        assert_eq!(push["cl"], format!("publisher-{publisher}"));
        let is_leaving = intention == Some(&Intention::Leave(channel.to_owned()));
        // One that was asked for before the broker died may be there already.
        let is_joining = intention == Some(&Intention::Join(channel.to_owned()));
        let is_subscribed = self.sent_before(publisher, channel).is_some();
        assert!(is_joining || is_subscribed, "{} has left {channel}: {push}", self.name);
        if push["rt"] == 1 {
            assert_eq!((push.get("id"), push.get("q")), (None, None), "J-83: {push}");
            return None;
        }
        let id = push["id"].as_str().unwrap().to_owned();
        let message = (publisher, channel.to_owned(), number);
        let known = self.messages.entry(id.clone()).or_insert_with(|| message.clone());
        assert_eq!(*known, message, "two messages to {} under one id", self.name);

        if is_leaving {
            return Some(id); // Some of it may come still, some not.
        }

        // What came before may come again, and so may what its publisher sent before we joined and
        // again after a kill; what is new must be the next one.
        let progress = self.progress.entry((publisher, message.1)).or_insert((number, number - 1));
        if progress.1 < number {
            assert_eq!(number, progress.1 + 1, "{} missed something: {push}", self.name);
            progress.1 = number;
        }
        Some(id)
    }

    /// Checks that nothing is missing at the beginning either.
    pub(crate) fn check_beginnings(&self) {
        for ((publisher, channel), (first, _)) in &self.progress {
            let before = self.sent_before(*publisher, channel);
            let before = before.unwrap_or_else(|| panic!("{} gets {channel}", self.name));
            assert!(*first <= before + 1, "{} missed the first of {channel}", self.name);
        }
    }
}

impl Intention {
    fn packet(&self) -> String {
        match self {
            Intention::Join(channel) => format!(r#"{{"sub":{{"cn":"{channel}","pr":1}}}}"#),
            Intention::Leave(channel) => format!(r#"{{"unsub":{{"cn":"{channel}"}}}}"#),
        }
    }

    fn answer(&self) -> Value {
        match self {
            Intention::Join(channel) => json!({"subAck": {"st": 1, "cn": channel}}),
            Intention::Leave(channel) => json!({"unsubAck": {"st": 1, "cn": channel}}),
        }
    }
}
