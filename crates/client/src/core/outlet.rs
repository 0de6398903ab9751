//! What leaves the core: packets for the broker, answers and events for the application.

use std::task::Waker;

use rialto_wire::jmqt::{Carrier, ClientPacket};

use crate::error::RequestError;
use crate::event::Event;
use crate::message::Ack;

/// Bytes of packets that may wait for the socket before further publishes wait as well.
const BYTES_MAX: usize = 256 << 10;

/// What the core asks of its owner; `T` is what a call is answered by.
#[derive(Debug)]
pub(crate) enum Effect<T> {
    Answer(T, Result<Ack, RequestError>),
    Event(Event),
    /// Somebody waits for a message, and there is one.
    Wake(Waker),
    /// Publishes that found no room may find some.
    Room,
}

/// What is to leave, in order.
#[derive(Debug)]
pub(crate) struct Outlet<T> {
    /// Packets, each ended by NUL.
    bytes: Vec<u8>,
    pub(crate) effects: Vec<Effect<T>>,
}

impl<T> Outlet<T> {
    pub(crate) fn new() -> Self {
        Outlet { bytes: Vec::new(), effects: Vec::new() }
    }

    pub(crate) fn send(&mut self, packet: &ClientPacket<'_>) {
        packet.encode(&mut self.bytes, Carrier::Tcp);
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

    pub(crate) fn room(&mut self) {
        if !matches!(self.effects.last(), Some(Effect::Room)) {
            self.effects.push(Effect::Room);
        }
    }

    pub(crate) fn has_bytes(&self) -> bool {
        !self.bytes.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        BYTES_MAX <= self.bytes.len()
    }

    /// Takes the packets to send.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Forgets the packets of a connection that is gone.
    pub(crate) fn clear_bytes(&mut self) {
        self.bytes.clear();
    }
}
