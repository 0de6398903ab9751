//! The way of what was read: decoded, decided on where somebody has to decide, given to the broker.
//!
//! A packet that has to wait for a decision holds back all that came behind it, so that a
//! connection's packets take effect in their order.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use bytes::Bytes;
use rialto_application::{Events, Peer};
use rialto_broker::{Broker, CloseReason, ConnectionKey, Gate};
use rialto_session::Dialects;
use rialto_wire::{coremq::FrameError, jmqt::FrameTooLong};

use crate::{
    connection::ConnectionLimits,
    decision::Decision,
    doorkeeper::{Question, Unasked, event_of},
    hub::{Hub, PACKETS_PER_ROUND_MAX, Touched},
    outlet::Outlet,
    speech::{Said, Speech},
    websocket::WebSocketReader,
};

/// Bytes a publisher may have under way to the store before it is read no further.
const UNCOMMITTED_BYTES_MAX: usize = 4 << 20;
/// Bytes all publishers together may have under way before those that have any wait.
const UNCOMMITTED_BYTES_TOTAL_MAX: usize = 128 << 20;

/// A connection that takes in what was read of it.
pub(crate) struct Intake<'a, 'c> {
    pub(crate) hub: &'a std::sync::Arc<Hub>,
    pub(crate) speech: &'a mut Speech,
    pub(crate) key: ConnectionKey,
    pub(crate) peer: &'a std::sync::Arc<Peer>,
    pub(crate) limits: &'a ConnectionLimits,
    pub(crate) is_websocket: bool,
    /// The events whose packets are to be decided on.
    pub(crate) asked: Events,
    pub(crate) touched: Touched,
    pub(crate) backlog: Backlog,
    pub(crate) context: &'a mut Context<'c>,
}

/// A packet that waits for its decision, and what came behind it.
pub(crate) struct Waiting {
    pub(crate) decision: Decision,
    /// The packet itself, and those behind it.
    frames: VecDeque<Bytes>,
    /// Control frames of a WebSocket that go out behind the answers to these.
    answers: Vec<u8>,
    /// Why nothing follows, if nothing does.
    end: Option<CloseReason>,
}

impl Waiting {
    fn new(decision: Decision, frame: &[u8]) -> Self {
        let frames = VecDeque::from([Bytes::copy_from_slice(frame)]);
        Waiting { decision, frames, answers: Vec::new(), end: None }
    }
}

impl Intake<'_, '_> {
    /// Takes frames; returns what has to wait.
    pub(crate) fn take_frames<'f, E>(
        &mut self,
        mut frames: impl Iterator<Item = Result<&'f [u8], E>>,
        reason: impl Fn(E) -> CloseReason,
    ) -> Option<Waiting> {
        let mut packets = Vec::new();
        let mut end = None;
        while let Some(frame) = frames.next() {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    end = Some(reason(error));
                    continue;
                }
            };
            let said = self.speech.decode_frame(frame, self.limits.json_depth_max);
            if let Some(decision) = self.take(said, &mut packets) {
                let mut waiting = Waiting::new(decision, frame);
                for frame in frames.by_ref() {
                    match frame {
                        Ok(frame) => waiting.frames.push_back(Bytes::copy_from_slice(frame)),
                        Err(error) => waiting.end = Some(reason(error)),
                    }
                }
                return Some(waiting);
            }
        }
        self.round(&mut packets, end);
        None
    }

    /// Takes what a WebSocket gave; returns what has to wait.
    pub(crate) fn take_websocket(
        &mut self,
        reader: &mut WebSocketReader,
        input: &[u8],
        outlet: &Outlet,
    ) -> Option<Waiting> {
        let messages = reader.push(input);
        let mut packets = Vec::new();
        for (index, text) in messages.texts.iter().enumerate() {
            let Some(said) = self.speech.decode_text(text, self.limits.json_depth_max) else {
                continue;
            };
            if let Some(decision) = self.take(said, &mut packets) {
                let mut waiting = Waiting::new(decision, text.as_bytes());
                let behind = messages.texts[index + 1..].iter();
                waiting.frames.extend(behind.map(|text| Bytes::copy_from_slice(text.as_bytes())));
                waiting.answers = messages.answers;
                waiting.end = messages.end;
                return Some(waiting);
            }
        }
        self.round(&mut packets, None);
        self.finish(messages.answers, messages.end, outlet);
        None
    }

    /// Goes on where a decision had to be waited for; returns what has to wait now.
    pub(crate) fn resume(
        &mut self,
        waiting: Waiting,
        verdict: &dyn Gate,
        outlet: &Outlet,
    ) -> Option<Waiting> {
        let Waiting { mut frames, answers, end, .. } = waiting;
        let decided = frames.pop_front().expect("the packet decided on is there");
        if let Some(said) = self.decode(&decided) {
            self.say(said, verdict);
        }
        while let Some(frame) = frames.pop_front() {
            let mut packets = Vec::new();
            let Some(said) = self.decode(&frame) else { continue };
            let decision = self.take(said, &mut packets);
            self.round(&mut packets, None);
            if let Some(decision) = decision {
                frames.push_front(frame);
                return Some(Waiting { decision, frames, answers, end });
            }
        }
        self.finish(answers, end, outlet);
        None
    }

    fn decode<'f>(&self, frame: &'f [u8]) -> Option<Said<'f>> {
        let depth_max = self.limits.json_depth_max;
        if self.is_websocket {
            let text = std::str::from_utf8(frame).expect("text messages are UTF-8");
            return self.speech.decode_text(text, depth_max);
        }
        Some(self.speech.decode_frame(frame, depth_max))
    }

    /// Sends control frames and closes, behind the replies to what came before: nothing may follow
    /// a close frame.
    fn finish(&mut self, answers: Vec<u8>, end: Option<CloseReason>, outlet: &Outlet) {
        if !answers.is_empty() {
            outlet.push(Bytes::from(answers), false);
            outlet.flush();
        }
        if end.is_some() {
            self.round(&mut Vec::new(), end);
        }
    }

    /// Adds a packet to those for the next round, or has it decided on; returns a decision that has
    /// to be waited for.
    #[inline]
    fn take<'f>(&mut self, said: Said<'f>, packets: &mut Vec<Said<'f>>) -> Option<Decision> {
        if let Some(matter) = said.matter()
            && self.asked.has(event_of(matter))
        {
            // What came before may open the session that this one needs.
            self.round(packets, None);
            return self.decide(said);
        }
        packets.push(said);
        if PACKETS_PER_ROUND_MAX <= packets.len() {
            self.round(packets, None);
        }
        None
    }

    fn decide(&mut self, said: Said<'_>) -> Option<Decision> {
        let Intake { hub, speech, key, peer, touched, .. } = self;
        let question = hub.round_into(touched, |broker| {
            let inquiry = speech.inquiry(&said, broker)?;
            Question::new(inquiry, *key, peer, broker)
        });
        let Some(question) = question else {
            self.say(said, &Unasked);
            return None;
        };
        let mut decision = Decision::begin(self.hub.clone(), self.peer.clone(), question);
        match decision.poll(self.context) {
            Poll::Ready(verdict) => {
                self.say(said, &verdict);
                None
            }
            Poll::Pending => {
                let Intake { hub, key, touched, .. } = self;
                hub.round_into(touched, |broker| broker.hold(*key));
                Some(decision)
            }
        }
    }

    /// Gives one packet to the broker, with what was decided on it.
    fn say(&mut self, said: Said<'_>, gate: &dyn Gate) {
        let Intake { hub, speech, key, touched, .. } = self;
        self.backlog = hub.round_into(touched, |broker| {
            broker.heard(*key);
            speech.say(said, broker, gate);
            Backlog::of(broker, *key)
        });
    }

    /// Gives packets to the broker; with `end` the connection is closed behind them.
    fn round(&mut self, packets: &mut Vec<Said<'_>>, end: Option<CloseReason>) {
        let Intake { hub, speech, key, touched, .. } = self;
        self.backlog = hub.round_into(touched, |broker| {
            broker.heard(*key);
            for packet in packets.drain(..) {
                speech.say(packet, broker, &Unasked);
            }
            if let Some(reason) = end {
                broker.close(*key, reason);
            }
            Backlog::of(broker, *key)
        });
    }
}

/// What the store has of a connection's messages, and of all, and has not committed yet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backlog {
    own_bytes: usize,
    total_bytes: usize,
}

impl Backlog {
    pub(crate) fn of(broker: &Broker<Dialects>, connection: ConnectionKey) -> Self {
        Backlog {
            own_bytes: broker.uncommitted_bytes(connection),
            total_bytes: broker.uncommitted_bytes_total(),
        }
    }

    /// Says whether it is above this part of what it may be.
    pub(crate) fn is_above(self, part: usize) -> bool {
        UNCOMMITTED_BYTES_MAX / part < self.own_bytes
            || (0 < self.own_bytes && UNCOMMITTED_BYTES_TOTAL_MAX / part < self.total_bytes)
    }
}

pub(crate) fn too_large(error: FrameTooLong) -> CloseReason {
    CloseReason::PacketTooLarge { limit: error.limit }
}

pub(crate) fn unframed(error: FrameError) -> CloseReason {
    match error {
        FrameError::TooLong { limit } => CloseReason::PacketTooLarge { limit },
        FrameError::Header => CloseReason::FramingLost,
    }
}
