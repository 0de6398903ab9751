//! What the application asks of the core.

use std::task::{Context, Poll};
use std::time::Instant;

use rialto_wire::jmqt::{Carrier, ClientPacket, Publish};
use serde_json::value::RawValue;

use crate::error::{Disconnected, RequestError, Undrained};
use crate::event::{Event, SubscriptionEnd, SubscriptionState};
use crate::message::{Ack, Qos, RequestOptions, SubscribeOptions};
use crate::options::WhenFull;

use super::Core;
use super::channel::{Key, Leaver};
use super::channels::DIRECT;
use super::inbox::Item;
use super::publication::{Admission, Publication};
use super::receipts::PushId;
use super::requests::Asker;

/// What a publish packet has besides its channel and its payload, at most.
const FRAME_BYTES: usize = 72;

impl<T> Core<T> {
    /// Publishes a message; takes a ticket only for what is answered later.
    pub(crate) fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        ticket: impl FnOnce() -> T,
    ) -> Admission {
        if let Some(error) = self.closed_error() {
            return Admission::Done(Err(error));
        }
        if publication.channel.starts_with('$') {
            let (channel, payload) = (publication.channel, publication.payload);
            self.ask(now, (channel, payload), RequestOptions::default(), ticket());
            return Admission::Taken(0);
        }
        match publication.options.qos {
            Qos::AtMostOnce => self.publish_now(publication),
            Qos::AtLeastOnce => self.publish_kept(now, publication, ticket),
        }
    }

    fn publish_now(&mut self, publication: &Publication<'_>) -> Admission {
        if self.link.heartbeat().is_none() {
            let channel = publication.channel.to_owned();
            let (id, error) = (None, RequestError::Offline);
            self.out.tell(Event::Publish { id, channel, error: error.clone() });
            return Admission::Done(Err(error));
        }
        if publication.is_behind || self.out.is_full() || self.outbox.has_unsent() {
            return Admission::NoRoom;
        }
        let number = self.hear_of_refusals.then(|| self.next_number());
        self.out.send(&publication.packet(number));
        if let Some(number) = number {
            self.quiet.note(number, publication.channel);
        }
        Admission::Done(Ok(Ack::default()))
    }

    fn publish_kept(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        ticket: impl FnOnce() -> T,
    ) -> Admission {
        if publication.is_behind && self.outbox.waits() {
            return Admission::NoRoom;
        }
        match self.outbox.make_room(publication.bytes(), &mut self.out) {
            Ok(()) => {}
            Err(WhenFull::Wait) => return Admission::NoRoom,
            Err(_) => return Admission::Done(Err(RequestError::Full)),
        }
        let number = self.next_number();
        // The channel, the id and what stands around them; a channel that must be escaped takes more.
        let mut frame = Vec::with_capacity(publication.bytes() + FRAME_BYTES);
        publication.packet(Some(number)).encode(&mut frame, Carrier::Tcp);
        self.outbox.keep(number, publication.channel.to_owned(), frame, ticket());
        if self.link.heartbeat().is_some() {
            self.outbox.pump(now, &mut self.out);
        }
        Admission::Taken(number)
    }

    /// Withdraws a publish that was never sent.
    pub(crate) fn withdraw(&mut self, number: u64) {
        self.outbox.withdraw(number, &mut self.out);
    }

    /// Asks a control channel.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        (channel, payload): (&str, &RawValue),
        options: RequestOptions,
        ticket: T,
    ) {
        if let Some(error) = self.closed_error() {
            return self.out.answer(ticket, Err(error));
        }
        let is_online = self.link.heartbeat().is_some();
        if !is_online && !options.repeat {
            return self.out.answer(ticket, Err(RequestError::Offline));
        }
        self.is_stirred = true;
        let (number, frame) = self.encode_question(channel, payload.get());
        if is_online {
            self.out.send_frame(&frame);
        }
        let how = (now + options.timeout, options.repeat);
        self.requests.ask(number, frame, how, Asker::Application(ticket));
    }

    pub(super) fn encode_question(&mut self, channel: &str, payload: &str) -> (u64, Vec<u8>) {
        let number = self.next_number();
        let mut frame = Vec::new();
        let question = Publish {
            channel: channel.into(),
            payload,
            acknowledged: false,
            retain: false,
            id: Some(number.to_string().into()),
        };
        ClientPacket::Pub(question).encode(&mut frame, Carrier::Tcp);
        (number, frame)
    }

    /// Sends a heartbeat out of turn, whose answer somebody waits for.
    pub(crate) fn ping(&mut self, now: Instant, ticket: T) {
        match self.beat(now) {
            Some(number) => self.requests.ping(number, ticket),
            None => {
                let error = self.closed_error().unwrap_or(RequestError::Offline);
                self.out.answer(ticket, Err(error));
            }
        }
    }

    /// Adds a subscription, which is asked for now or with the next connection.
    pub(crate) fn subscribe(&mut self, channel: &str, options: SubscribeOptions, ticket: T) -> Key {
        if let Some(error) = self.closed_error() {
            self.out.answer(ticket, Err(error));
            return 0;
        }
        let line = self.link.heartbeat();
        self.channels.subscribe(channel, options, ticket, line, &mut self.out)
    }

    /// Adds a subscription to what comes for a channel without being asked for.
    pub(crate) fn listen(&mut self, channel: &str, options: SubscribeOptions) -> Key {
        if self.closed_error().is_some() {
            return 0;
        }
        self.channels.listen(channel, options, self.link.heartbeat(), &mut self.out)
    }

    /// Returns the client's own direct channel, or what stands for it while its name is not known.
    pub(crate) fn own_channel(&self) -> String {
        let client = self.identity.as_ref().map_or("", |identity| &identity.client);
        format!("{DIRECT}{client}")
    }

    /// Ends a subscription, at the broker too if it is the last one to its channel.
    pub(crate) fn leave(&mut self, key: Key, ticket: Option<T>) {
        self.channels.leave(key, ticket, self.link.heartbeat(), &mut self.out);
    }

    /// Ends a subscription here only.
    pub(crate) fn stop(&mut self, key: Key, end: SubscriptionEnd) {
        self.channels.stop(key, end, self.link.heartbeat(), &mut self.out);
    }

    /// Ends whatever subscription the broker has to a channel.
    pub(crate) fn unsubscribe(&mut self, channel: &str, ticket: T) {
        if let Some(error) = self.closed_error() {
            return self.out.answer(ticket, Err(error));
        }
        let leaver = Leaver { ticket: Some(ticket), is_lasting: true };
        self.channels.unsubscribe(channel, leaver, self.link.heartbeat(), &mut self.out);
    }

    pub(crate) fn subscription_state(&self, key: Key) -> SubscriptionState {
        self.channels.state(key)
    }

    /// Takes the next message of a subscription.
    pub(crate) fn poll_next(&mut self, key: Key, context: &mut Context<'_>) -> Poll<Option<Item>> {
        self.channels.poll_next(key, context, self.link.heartbeat(), &mut self.out)
    }

    /// Leaves acknowledging to whoever takes the messages of a subscription.
    pub(crate) fn acknowledge_by_hand(&mut self, key: Key) {
        self.channels.acknowledge_by_hand(key);
    }

    /// Acknowledges a message, or drops it unacknowledged.
    pub(crate) fn close_message(&mut self, key: Key, receipt: &PushId, is_dropped: bool) {
        let line = self.link.heartbeat();
        self.channels.close((key, receipt), is_dropped, line, &mut self.out);
    }

    /// Takes a hint that the network or the machine is back (K-8).
    pub(crate) fn wake(&mut self, now: Instant) {
        self.is_stirred = true;
        if self.link.wake(now) {
            self.beat(now);
        }
    }

    /// Takes no new calls, and finishes what there is (K-61).
    pub(crate) fn drain(&mut self) {
        if self.link.ended().is_some() || self.is_draining {
            return;
        }
        self.is_draining = true;
        self.link.drain(&mut self.out);
        self.channels.drain(self.link.heartbeat(), &mut self.out);
        self.out.room();
    }

    /// Returns what is left to finish.
    pub(crate) fn undrained(&self) -> Option<Undrained> {
        let left = Undrained {
            unacknowledged_count: self.awaited_count(),
            in_hand_count: self.channels.in_hand_count(),
        };
        (self.left_count() != 0).then_some(left)
    }

    /// Ends the client at once; online, what waits and a farewell leave (K-60).
    pub(crate) fn close(&mut self) {
        if self.link.ended().is_some() {
            return;
        }
        if self.link.heartbeat().is_some() {
            self.out.send(&ClientPacket::Disconn);
        } else {
            self.out.clear_bytes();
        }
        self.link.close(Disconnected::Closed, &mut self.out);
        self.finish(&Disconnected::Closed);
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn closed_error(&self) -> Option<RequestError> {
        let ended = self.link.ended().cloned();
        let ended = ended.or_else(|| self.is_draining.then_some(Disconnected::Closed));
        ended.map(RequestError::Disconnected)
    }
}
