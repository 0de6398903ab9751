//! The pipeline of packets that were read: decoded, decided on where somebody has to decide, given to the broker.
//!
//! A packet that has to wait, for a decision or until the connection has read what it asked for
//! before, holds back all that came behind it, so that a connection's packets take effect in their
//! order.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use rialto_application::Events;
use rialto_broker::{Broker, ConnectionKey};
use rialto_domain::CloseReason;
use rialto_net::{Frames, Kind, WebSocketReader};
use rialto_session::{Dialect, Requester, Verdict};

use crate::{
    allowance::{Allowance, Exhausted},
    authorizer::Caller,
    connection_limits::ConnectionLimits,
    connection_writer::{ConnectionWriter, DirtyWriters},
    decision::Decision,
    dialects::Dialects,
    hub::{Hub, PACKETS_PER_ROUND_MAX},
    journal::ConnectionJournal,
    parked::{Cause, Frame, Parked, ParkedPackets, Tail},
};

/// Bytes a publisher may have under way to the store before it is read no further.
const UNCOMMITTED_BYTES_MAX: usize = 4 << 20;
/// Bytes all publishers together may have under way before those that have any wait.
const UNCOMMITTED_BYTES_TOTAL_MAX: usize = 128 << 20;

/// A connection that takes in what was read of it.
pub(crate) struct PacketPipeline<'a, 'c, D> {
    pub(crate) hub: &'a Arc<Hub>,
    pub(crate) session: &'a mut D,
    pub(crate) key: ConnectionKey,
    pub(crate) caller: &'a Arc<Caller>,
    pub(crate) writer: &'a ConnectionWriter,
    pub(crate) limits: &'a ConnectionLimits,
    pub(crate) is_websocket: bool,
    /// The events whose packets are to be decided on.
    pub(crate) asked: Events,
    pub(crate) dirty: DirtyWriters,
    pub(crate) uncommitted: Uncommitted,
    /// How many bytes were read.
    pub(crate) read_bytes: usize,
    /// How many packets the broker was given.
    pub(crate) taken_count: usize,
    /// What may be answered before the connection has to read.
    pub(crate) allowance: Allowance,
    pub(crate) context: &'a mut Context<'c>,
}

/// Packets for the next round, each with the frame it came in.
struct Packets<F, P> {
    frames: Vec<F>,
    packets: Vec<P>,
}

/// Frames that have to wait, and what for.
struct Stopped<F> {
    cause: Cause,
    frames: Vec<F>,
}

impl Cause {
    fn exhausted(Exhausted { wanted }: Exhausted, verdict: Option<Verdict>) -> Self {
        Cause::Answers { wanted, verdict }
    }
}

impl<D: Dialect> PacketPipeline<'_, '_, D> {
    /// Takes frames; returns what has to wait.
    pub(crate) fn take_frames<'f>(
        &mut self,
        frames: impl Iterator<Item = Result<&'f [u8], CloseReason>>,
    ) -> Option<ParkedPackets> {
        let mut end = None;
        let mut frames = frames.filter_map(|frame| frame.map_err(|reason| end = Some(reason)).ok());
        let stopped = self.take(&mut frames);
        let stopped = stopped.map(|stopped| stopped.park(frames));
        self.finish(stopped, Tail { answers: Vec::new(), end })
    }

    /// Takes what a WebSocket gave; returns what has to wait.
    pub(crate) fn take_websocket(
        &mut self,
        reader: &mut WebSocketReader,
        input: &[u8],
    ) -> Option<ParkedPackets> {
        let messages = reader.push(input);
        let texts = messages.texts.iter().map(|text| text.as_str());
        let mut texts = texts.filter(|text| D::TAKES_EMPTY_TEXT || !text.is_empty());
        let stopped = self.take(&mut texts);
        let stopped = stopped.map(|stopped| stopped.park(texts));
        let (answers, end) = (messages.answers, messages.end);
        self.finish(stopped, Tail { answers, end })
    }

    /// Goes on with what had to wait, the first of it decided on if there is a verdict; returns what
    /// has to wait now.
    pub(crate) fn resume(
        &mut self,
        waiting: ParkedPackets,
        verdict: Option<Verdict>,
    ) -> Option<ParkedPackets> {
        let ParkedPackets { mut frames, tail, .. } = waiting;
        if let Some(verdict) = verdict {
            let decided = frames.iter().next().expect("the packet decided on is there");
            if let Err(exhausted) = self.take_parked(decided, &verdict) {
                let cause = Cause::exhausted(exhausted, Some(verdict));
                return Some(ParkedPackets { cause, frames, tail, counted: None });
            }
            frames.skip(1);
        }
        let stopped = if self.is_websocket {
            let mut texts = frames.iter().map(text);
            self.take(&mut texts).map(|stopped| (stopped.cause, stopped.frames.len() + texts.len()))
        } else {
            let mut rest = frames.iter();
            self.take(&mut rest).map(|stopped| (stopped.cause, stopped.frames.len() + rest.len()))
        };
        let stopped = stopped.map(|(cause, left)| {
            let done_count = frames.iter().len() - left;
            frames.skip(done_count);
            (cause, frames)
        });
        self.finish(stopped, tail)
    }

    fn take_parked(&mut self, frame: &[u8], verdict: &Verdict) -> Result<(), Exhausted> {
        let depth_max = self.limits.json_depth_max;
        let packet = if self.is_websocket {
            text(frame).decode::<D>(depth_max)
        } else {
            frame.decode::<D>(depth_max)
        };
        self.take_one(packet, verdict)
    }

    /// Ends a read, if all of it was taken: sends control frames and closes, behind the replies to
    /// what came before, since nothing may follow a close frame.
    fn finish(&mut self, stopped: Option<(Cause, Parked)>, tail: Tail) -> Option<ParkedPackets> {
        if let Some((cause, frames)) = stopped {
            return Some(ParkedPackets { cause, frames, tail, counted: None });
        }
        let Tail { answers, end } = tail;
        if !answers.is_empty() {
            let answers = Frames { bytes: Bytes::from(answers), packets: 0, deliveries: 0 };
            self.writer.push(answers, Kind::Answer, false);
            self.writer.flush();
        }
        if let Some(reason) = end {
            let PacketPipeline { hub, key, dirty, .. } = self;
            hub.round_into(dirty, |broker| broker.close(*key, reason));
        }
        None
    }

    /// Takes frames until one has to wait; returns it and those that it holds back of what was taken
    /// off the front.
    fn take<'f, F: Frame<'f>>(
        &mut self,
        frames: &mut impl Iterator<Item = F>,
    ) -> Option<Stopped<F>> {
        let mut packets = Packets { frames: Vec::new(), packets: Vec::new() };
        for frame in frames.by_ref() {
            let packet = frame.decode::<D>(self.limits.json_depth_max);
            let is_asked = D::event(&packet).is_some_and(|event| self.asked.has(event));
            let result = if is_asked {
                // What came before may open the session that this one needs.
                let before = self.round(&mut packets).map_err(|it| Cause::exhausted(it, None));
                let result = before.and_then(|()| self.decide(packet));
                if result.is_err() {
                    packets.frames.push(frame);
                }
                result
            } else {
                packets.frames.push(frame);
                packets.packets.push(packet);
                self.round_if_full(&mut packets)
            };
            if let Err(cause) = result {
                return Some(Stopped { cause, frames: packets.frames });
            }
        }
        let exhausted = self.round(&mut packets).err()?;
        Some(Stopped { cause: Cause::exhausted(exhausted, None), frames: packets.frames })
    }

    #[inline]
    fn round_if_full<'f, F>(
        &mut self,
        packets: &mut Packets<F, D::Packet<'f>>,
    ) -> Result<(), Cause> {
        if packets.packets.len() < PACKETS_PER_ROUND_MAX {
            return Ok(());
        }
        self.round(packets).map_err(|exhausted| Cause::exhausted(exhausted, None))
    }

    /// Has a packet decided on and gives it to the broker, unless that has to wait.
    fn decide(&mut self, packet: D::Packet<'_>) -> Result<(), Cause> {
        let PacketPipeline { hub, session, key, caller, dirty, .. } = self;
        let request = hub.round_into(dirty, |broker| {
            session.request(&packet, Requester::new(*key, caller, broker))
        });
        let Some(request) = request else {
            let taken = self.take_one(packet, &Verdict::None);
            return taken.map_err(|exhausted| Cause::exhausted(exhausted, None));
        };
        let mut decision =
            Decision::begin(self.hub.clone(), self.caller.clone(), request, D::REMEMBERED);
        match decision.poll(self.context) {
            Poll::Ready(verdict) => self
                .take_one(packet, &verdict)
                .map_err(|exhausted| Cause::exhausted(exhausted, Some(verdict))),
            Poll::Pending => {
                let PacketPipeline { hub, key, dirty, .. } = self;
                hub.round_into(dirty, |broker| broker.hold(*key));
                Err(Cause::Decision(decision))
            }
        }
    }

    /// Gives one packet to the broker, with what was decided on it, if its answer is allowed now.
    fn take_one(&mut self, packet: D::Packet<'_>, verdict: &Verdict) -> Result<(), Exhausted> {
        let PacketPipeline { hub, session, key, caller, dirty, allowance, .. } = self;
        let journal = &ConnectionJournal { caller, audit: &hub.audit };
        let (result, uncommitted) = hub.round_into(dirty, |broker| {
            broker.heard(*key);
            let result = allowance.admit(session.answer_bytes(&packet, broker), 0);
            if result.is_ok() {
                session.on_packet(packet, broker, verdict, journal);
            }
            allowance.note_made(broker.answered_bytes());
            (result, Uncommitted::of(broker, *key))
        });
        self.taken_count += usize::from(result.is_ok());
        self.uncommitted = uncommitted;
        result
    }

    /// Gives packets to the broker, as many as may be answered now; the others are left, with their
    /// frames.
    fn round<'f, F>(&mut self, packets: &mut Packets<F, D::Packet<'f>>) -> Result<(), Exhausted> {
        let PacketPipeline { hub, session, key, caller, dirty, allowance, .. } = self;
        let journal = &ConnectionJournal { caller, audit: &hub.audit };
        let (result, done_count, uncommitted) = hub.round_into(dirty, |broker| {
            broker.heard(*key);
            let (mut result, mut done_count) = (Ok(()), 0);
            for packet in packets.packets.drain(..) {
                let answer_bytes = session.answer_bytes(&packet, broker);
                result = allowance.admit(answer_bytes, broker.answered_bytes());
                if result.is_err() {
                    break;
                }
                session.on_packet(packet, broker, &Verdict::None, journal);
                done_count += 1;
            }
            allowance.note_made(broker.answered_bytes());
            (result, done_count, Uncommitted::of(broker, *key))
        });
        packets.frames.drain(..done_count);
        self.taken_count += done_count;
        self.uncommitted = uncommitted;
        result
    }
}

impl<'f, F: Frame<'f>> Stopped<F> {
    /// Keeps the frames, and those that were not taken yet.
    fn park(self, rest: impl Iterator<Item = F>) -> (Cause, Parked) {
        let frames = self.frames.into_iter().chain(rest);
        (self.cause, Parked::of(frames.map(Frame::bytes)))
    }
}

/// Returns a text message that waited.
fn text(frame: &[u8]) -> &str {
    std::str::from_utf8(frame).expect("text messages are UTF-8")
}
/// What the store has of a connection's messages, and of all, and has not committed yet; and what
/// the connection is still to get.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uncommitted {
    own_bytes: usize,
    total_bytes: usize,
    /// Whether more comes once it has read what came at the beginning of its session.
    pub(crate) is_due: bool,
}

impl Uncommitted {
    pub(crate) fn of(broker: &Broker<Dialects>, connection: ConnectionKey) -> Self {
        Uncommitted {
            own_bytes: broker.uncommitted_bytes(connection),
            total_bytes: broker.uncommitted_bytes_total(),
            is_due: broker.is_due(connection),
        }
    }

    /// Says whether it is above this part of what it may be.
    pub(crate) fn is_above(self, part: usize) -> bool {
        UNCOMMITTED_BYTES_MAX / part < self.own_bytes
            || (0 < self.own_bytes && UNCOMMITTED_BYTES_TOTAL_MAX / part < self.total_bytes)
    }
}
