//! Publishers: number their messages, and send again what was not acknowledged.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;
use serde_json::Value;

use super::{
    AWAY, SHARED_CHANNELS, act,
    stage::{Event, Stage},
};
use crate::common::{Dice, Wire, publish_stored};

/// Messages it has unacknowledged at most.
const WINDOW: usize = 64;
/// How long it waits for acknowledgements before it looks around.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Publisher {
    index: usize,
    dice: Dice,
    /// In the order sent.
    unacknowledged: VecDeque<Message>,
}

#[derive(Debug, Clone)]
struct Message {
    channel: String,
    number: u64,
    retain: bool,
}

impl Publisher {
    pub(crate) fn new(index: usize, dice: Dice) -> Self {
        Publisher { index, dice, unacknowledged: VecDeque::new() }
    }

    pub(crate) fn take_part(mut self, stage: &Arc<Stage>) -> JoinHandle<()> {
        act(stage, move |stage| {
            while self.publish(stage).is_err() {
                stage.wait_for_broker();
            }
            assert!(self.unacknowledged.is_empty());
        })
    }

    /// Publishes until there has been enough, or the connection breaks.
    fn publish(&mut self, stage: &Stage) -> io::Result<()> {
        let mut wire = Wire::online(stage.address, &format!("publisher-{}", self.index))?;
        for message in &self.unacknowledged {
            stage.update_sent(self.index, &message.channel, |sent| {
                *sent.repeated.entry(message.number).or_default() += 1;
            });
            stage.note(Event::Sent);
            wire.send(message.packet(self.index))?;
        }
        let mut heard = Instant::now();
        loop {
            let ends = stage.publishing_ends();
            if ends && self.unacknowledged.is_empty() {
                return Ok(());
            }
            // In bursts of any size, so that some share a page and a commit and some do not.
            let burst = if ends { 0 } else { self.dice.within(1..WINDOW as u64) as usize };
            while self.unacknowledged.len() < burst {
                let message = self.next_message(stage);
                let packet = message.packet(self.index);
                self.unacknowledged.push_back(message);
                wire.send(packet)?;
            }
            while let Some(packet) = wire.next_within(PAUSE)? {
                heard = Instant::now();
                self.on_acknowledged(stage, &packet);
                if self.unacknowledged.len() <= burst / 2 {
                    break;
                }
            }
            let waits = !self.unacknowledged.is_empty() && PATIENCE < heard.elapsed();
            assert!(!waits, "no acknowledgement comes for {:?}", self.unacknowledged.front());
        }
    }

    fn next_message(&mut self, stage: &Stage) -> Message {
        let channel = match self.dice.within(0..6) {
            0 => own_channel(self.index),
            1 => format!("#{AWAY}"),
            _ => (*self.dice.pick(&SHARED_CHANNELS)).to_owned(),
        };
        let retain = !channel.starts_with('#') && self.dice.once_in(3);
        stage.note(Event::Sent);
        let number = stage.update_sent(self.index, &channel, |sent| {
            sent.last += 1;
            if retain {
                sent.retained_last = sent.last;
            }
            sent.last
        });
        Message { channel, number, retain }
    }

    fn on_acknowledged(&mut self, stage: &Stage, packet: &Value) {
        let answer = &packet["pubAck"];
        let id = answer["id"].as_str().unwrap_or_else(|| panic!("not a pubAck: {packet}"));
        let place = self.unacknowledged.iter().position(|message| message.id() == id);
        let place = place.unwrap_or_else(|| panic!("acknowledged twice on a connection: {packet}"));
        let message = self.unacknowledged.remove(place).unwrap();
        let is_direct = message.channel.starts_with('#');
        assert!(answer["st"] == 1 || (is_direct && answer["st"] == 8), "refused: {packet}");
        let earlier = self.unacknowledged.iter().take(place);
        let overtaken = earlier.filter(|other| other.channel == message.channel).count();
        assert_eq!(overtaken, 0, "acknowledged before an earlier one of its channel: {packet}");
        if message.retain {
            stage.update_sent(self.index, &message.channel, |sent| {
                sent.retained_acknowledged = sent.retained_acknowledged.max(message.number);
            });
        }
        stage.note(Event::Acknowledged);
    }
}

impl Message {
    fn id(&self) -> String {
        format!("{} {}", self.channel, self.number)
    }

    fn packet(&self, publisher: usize) -> String {
        let payload = format!("[{publisher},{}]", self.number);
        let packet = publish_stored(&self.channel, payload, self.id());
        if self.retain { packet.replacen("\"q\"", "\"rt\":1,\"q\"", 1) } else { packet }
    }
}

/// Returns the channel only this publisher publishes to.
pub(crate) fn own_channel(publisher: usize) -> String {
    format!("only-{publisher}")
}
