//! All dialects there are, under the core's one trait. This is the place that lists them.

use std::{marker::PhantomData, sync::Arc};

use rialto_broker::{CommandAnswer, Encoder, Format, Mark, SessionOpened, Source};
use rialto_domain::{ChannelName, PacketId};

use crate::{Deliveries, coremq, follow, jmqt, pubsubx};

/// All dialects there are, and what followers by HTTP are sent.
pub type All = Both<jmqt::Session, Both<coremq::Session, Both<pubsubx::Session, follow::Follower>>>;

/// The encoder of all dialects there are.
pub type Dialects = Encoders<All>;

/// Encodes for every dialect of a set; a [`Format`] says for which.
#[derive(Debug, Clone)]
pub struct Encoders<D> {
    server: Arc<str>,
    set: PhantomData<fn() -> D>,
}

/// A set of dialects: one, and others.
#[derive(Debug)]
pub struct Both<A, B>(PhantomData<(A, B)>);

/// What is of either of two dialects.
#[derive(Debug)]
pub enum Either<A, B> {
    /// Of the first.
    First(A),
    /// Of the second.
    Second(B),
}

impl<D> Encoders<D> {
    /// Encodes as a server that calls itself so: a name and a port.
    #[must_use]
    pub fn new(server: Arc<str>) -> Self {
        Encoders { server, set: PhantomData }
    }
}

impl<D> Default for Encoders<D> {
    fn default() -> Self {
        Encoders::new(Arc::default())
    }
}

impl<D: Deliveries> Encoder for Encoders<D> {
    type Envelope = D::Envelope;
    type Outgoing = D::Outgoing;

    fn envelope(&self, format: Format, channel: &ChannelName, source: Source<'_>) -> D::Envelope {
        D::envelope(&self.server, format, channel, source)
    }

    fn delivery(&self, envelope: &mut D::Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        D::delivery(envelope, payload, mark, out);
    }

    fn address(
        &self,
        format: Format,
        outgoing: &mut D::Outgoing,
        shared: &[u8],
        out: &mut Vec<u8>,
    ) {
        D::address(format, outgoing, shared, out);
    }

    fn resolve(&self, format: Format, outgoing: &mut D::Outgoing, name: &str) -> Option<PacketId> {
        D::resolve(format, outgoing, name)
    }

    fn session_opened(&self, format: Format, session: SessionOpened, out: &mut Vec<u8>) {
        D::session_opened(format, session, out);
    }

    fn ping(&self, format: Format, out: &mut Vec<u8>) {
        D::ping(format, out);
    }

    fn command_answer(&self, format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        D::command_answer(format, answer, out);
    }
}

impl<A: Deliveries, B: Deliveries> Deliveries for Both<A, B> {
    type Envelope = Either<A::Envelope, B::Envelope>;
    type Outgoing = (A::Outgoing, B::Outgoing);

    fn has(format: Format) -> bool {
        A::has(format) || B::has(format)
    }

    fn envelope(
        server: &str,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Self::Envelope {
        if A::has(format) {
            Either::First(A::envelope(server, format, channel, source))
        } else {
            Either::Second(B::envelope(server, format, channel, source))
        }
    }

    #[inline]
    fn delivery(envelope: &mut Self::Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        match envelope {
            Either::First(envelope) => A::delivery(envelope, payload, mark, out),
            Either::Second(envelope) => B::delivery(envelope, payload, mark, out),
        }
    }

    fn address(format: Format, (a, b): &mut Self::Outgoing, shared: &[u8], out: &mut Vec<u8>) {
        if A::has(format) {
            A::address(format, a, shared, out);
        } else {
            B::address(format, b, shared, out);
        }
    }

    fn resolve(format: Format, (a, b): &mut Self::Outgoing, name: &str) -> Option<PacketId> {
        if A::has(format) { A::resolve(format, a, name) } else { B::resolve(format, b, name) }
    }

    fn session_opened(format: Format, session: SessionOpened, out: &mut Vec<u8>) {
        if A::has(format) {
            A::session_opened(format, session, out);
        } else {
            B::session_opened(format, session, out);
        }
    }

    fn ping(format: Format, out: &mut Vec<u8>) {
        if A::has(format) {
            A::ping(format, out);
        } else {
            B::ping(format, out);
        }
    }

    fn command_answer(format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        if A::has(format) {
            A::command_answer(format, answer, out);
        } else {
            B::command_answer(format, answer, out);
        }
    }
}
