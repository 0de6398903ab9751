//! A session of a client, with what it is told written down. Whatever the network and the nodes do ends it with an error.

use std::{
    io::{self, Error, ErrorKind},
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    common::{Wire, acknowledge, frames},
    history::{Channel, Event, Name, Number, Record, SessionNumber},
};

/// How often a client shows that it is there.
const BEAT_EVERY: Duration = Duration::from_millis(500);

/// How long a node may say nothing until a client looks for another one.
const SILENCE_MAX: Duration = Duration::from_millis(2500);

/// The channel on which is told who comes and goes.
pub(crate) const PRESENCE: Channel = "people";

/// One session.
pub(crate) struct Session {
    wire: Wire,
    number: SessionNumber,
    record: Record,
    heard: Instant,
    beaten: Instant,
    /// What a subscriber leaves for the next time to acknowledge.
    unacknowledged: Vec<String>,
}

/// What a session hears.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A stored message; it was not acknowledged yet.
    Push,
    /// A message that its channel retained.
    Retained(Number),
    /// An answer to a message: whether it is stored.
    Answer(Number, bool),
    /// An answer to a subscription.
    Subscribed,
    Other,
}

impl Session {
    /// Opens one.
    pub(crate) fn open(address: SocketAddr, client: &Name, record: &Record) -> io::Result<Self> {
        let number = record.number();
        record.note(Event::Asked(client.clone(), number));
        let wire = Wire::try_online(address, client, SILENCE_MAX)?;
        record.note(Event::Opened(number));
        let (record, now, unacknowledged) = (record.clone(), Instant::now(), Vec::new());
        Ok(Session { wire, number, record, heard: now, beaten: now, unacknowledged })
    }

    /// Asks for a subscription.
    pub(crate) fn subscribe(&mut self, channel: Channel, for_good: bool) -> io::Result<()> {
        let pr = u8::from(for_good);
        self.wire.send(format!(r#"{{"sub":{{"cn":"{channel}","pr":{pr}}}}}"#))
    }

    /// Sends messages, and returns their numbers.
    pub(crate) fn publish(
        &mut self,
        channel: Channel,
        count: u64,
        retains: bool,
    ) -> io::Result<Vec<Number>> {
        let mut numbers = Vec::new();
        let mut packets = Vec::new();
        for _ in 0..count {
            let number = self.record.number();
            self.record.note(match retains {
                true => Event::PublishedToRetain(self.number, number, channel),
                false => Event::Published(self.number, number, channel),
            });
            let rt = u8::from(retains);
            packets.push(format!(
                r#"{{"pub":{{"cn":"{channel}","dt":{number},"q":1,"rt":{rt},"id":"{number}"}}}}"#
            ));
            numbers.push(number);
        }
        self.wire.send_all(&frames(packets))?;
        Ok(numbers)
    }

    /// Acknowledges what was pushed, from the oldest on.
    pub(crate) fn acknowledge(&mut self) -> io::Result<()> {
        let packets: Vec<_> = self.unacknowledged.drain(..).map(acknowledge).collect();
        self.wire.send_all(&frames(packets))
    }

    /// Waits that long for the next packet.
    pub(crate) fn listen(&mut self, patience: Duration) -> io::Result<Option<Heard>> {
        if BEAT_EVERY <= self.beaten.elapsed() {
            self.wire.send(r#"{"hb":{}}"#)?;
            self.beaten = Instant::now();
        }
        let Some(packet) = self.wire.next_within(patience)? else {
            let is_dead = SILENCE_MAX < self.heard.elapsed();
            return if is_dead { Err(Error::from(ErrorKind::TimedOut)) } else { Ok(None) };
        };
        self.heard = Instant::now();
        Ok(Some(self.take(&packet)))
    }

    fn take(&mut self, packet: &Value) -> Heard {
        if let Some(push) = packet.get("push") {
            return self.take_push(push);
        }
        if let Some(answer) = packet.get("pubAck") {
            let number = number(&answer["id"]);
            if answer["st"] == 1 {
                self.record.note(Event::Acknowledged(self.number, number));
            }
            return Heard::Answer(number, answer["st"] == 1);
        }
        if let Some(answer) = packet.get("subAck")
            && answer["st"] == 1
            && let Some(channel) = super::clients::channel_of(&answer["cn"])
        {
            self.record.note(Event::Subscribed(self.number, channel));
            return Heard::Subscribed;
        }
        Heard::Other
    }

    fn take_push(&mut self, push: &Value) -> Heard {
        if push["cn"] == PRESENCE {
            if let Some(client) = push["dt"]["offline"].as_str() {
                self.record.note(Event::ToldOffline(client.into()));
            }
            return Heard::Other;
        }
        let Some(channel) = super::clients::channel_of(&push["cn"]) else { return Heard::Other };
        let message = push["dt"].as_u64().expect("all messages are numbers");
        let Some(id) = push["id"].as_str() else { return Heard::Retained(message) };
        self.unacknowledged.push(id.to_owned());
        let place = id
            .split_once('-')
            .and_then(|(log, place)| Some((log.parse().ok()?, place.parse().ok()?)));
        let Some(place) = place else { return Heard::Retained(message) };
        self.record.note(Event::Delivered(self.number, message, channel, place));
        Heard::Push
    }

    /// Ends it, with a goodbye or without.
    pub(crate) fn end(mut self, politely: bool) {
        if politely {
            _ = self.wire.send(r#"{"disconn":{}}"#);
        }
    }
}

fn number(id: &Value) -> Number {
    id.as_str().and_then(|id| id.parse().ok()).expect("an answer names a message")
}
