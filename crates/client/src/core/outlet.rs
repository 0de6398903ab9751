//! What leaves the core: packets for the broker, answers and events for the application.

use std::task::Waker;

use rialto_wire::jmqt::{Carrier, ClientPacket};

use crate::error::RequestError;
use crate::event::Event;
use crate::message::Ack;

/// Bytes of packets that may wait for the socket before further publishes wait as well.
const BYTES_MAX: usize = 128 << 10;

/// Bytes of acknowledgements that may wait for the socket before the broker is not read further: more
/// than a broker that reads them ever sees.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What the core asks of its owner; `T` is what a call is answered by.
#[derive(Debug)]
pub(crate) enum Effect<T> {
    Answer(T, Result<Ack, RequestError>),
    Event(Event),
    /// Somebody waits for a message, and there is one.
    Wake(Waker),
}

/// What is to leave, in order.
#[derive(Debug)]
pub(crate) struct Outlet<T> {
    /// Packets, each ended by NUL.
    bytes: Vec<u8>,
    pub(crate) effects: Vec<Effect<T>>,
    /// Bytes of them that answer what the broker sent.
    answer_bytes: usize,
    /// Whether publishes that found no room may find some.
    has_room: bool,
}

impl<T> Outlet<T> {
    pub(crate) fn new() -> Self {
        Outlet { bytes: Vec::new(), effects: Vec::new(), answer_bytes: 0, has_room: false }
    }

    pub(crate) fn send(&mut self, packet: &ClientPacket<'_>) {
        packet.encode(&mut self.bytes, Carrier::Tcp);
    }

    /// Sends a packet that answers one of the broker's.
    pub(crate) fn reply(&mut self, packet: &ClientPacket<'_>) {
        let before = self.bytes.len();
        self.send(packet);
        self.answer_bytes += self.bytes.len() - before;
    }

    /// Sends a packet that is encoded already.
    pub(crate) fn send_frame(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
    }

    pub(crate) fn answer(&mut self, ticket: T, answer: Result<Ack, RequestError>) {
        self.effects.push(Effect::Answer(ticket, answer));
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Event(event));
    }

    /// Notes that publishes that found no room may find some.
    pub(crate) fn room(&mut self) {
        self.has_room = true;
    }

    /// Takes whether there is room anew: however much happened, whoever waits is woken once.
    pub(crate) fn take_room(&mut self) -> bool {
        std::mem::take(&mut self.has_room)
    }

    pub(crate) fn has_bytes(&self) -> bool {
        !self.bytes.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        BYTES_MAX <= self.bytes.len()
    }

    /// Returns whether a broker that sends without reading has caused as many answers as may wait.
    pub(crate) fn is_flooded(&self) -> bool {
        ANSWER_BYTES_MAX <= self.answer_bytes
    }

    /// Takes the packets to send, and leaves `spare`, which is empty, for its memory.
    pub(crate) fn take_bytes(&mut self, spare: Vec<u8>) -> Vec<u8> {
        self.answer_bytes = 0;
        std::mem::replace(&mut self.bytes, spare)
    }

    /// Forgets the packets of a connection that is gone.
    pub(crate) fn clear_bytes(&mut self) {
        self.answer_bytes = 0;
        self.bytes.clear();
    }
}
