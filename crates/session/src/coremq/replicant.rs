//! What another server may ask on a connection, and what it is sent.

use rialto_broker::{Broker, Encoder, ObserverPosition, Relayed, Replicant};
use rialto_domain::{Asked, Reject};
use rialto_wire::coremq::{Frame, LinkAnswer, LinkOffer, Request, Share, put_past, put_request};
use serde::Serialize;

use super::{
    LINK, TCP,
    delivery::{relay, text},
    queue::channel_of,
    session::Session,
};
use crate::{Journal, Notice, journal};

/// The version of what Rialto servers say to each other.
pub(super) const LINK_VERSION: u32 = 1;

/// Why a server of this one's own name and port gets no messages.
pub(super) const ITSELF: &str = "ERROR: This is the server of that name";

/// The answer to a replicant.
#[derive(Serialize)]
struct ReplicationAnswer {
    response: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    coremq_link: Option<LinkAnswer>,
}

/// The end of a share of what a server asked for more of.
#[derive(Serialize)]
struct Done {
    coremq_done: (Share, bool, u64),
}

impl Session {
    /// Takes a server up that wants all messages (C-31).
    pub(super) fn replicate(
        &mut self,
        name: &str,
        link: Option<LinkOffer>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        let offer = link.filter(|offer| offer.version == LINK_VERSION);
        if name == &*self.server.address && !self.is_gateway(broker) {
            return self.refuse_namesake(offer, broker);
        }
        if !self.may_replicate(broker) {
            let asked = (Asked::Replication, None);
            journal::refused(self.connection, asked, &Reject::NotAllowed, broker, journal);
            self.refuse("Not allowed to be a replicant", self.id.as_str(), broker);
            // Once, as it may ask for as long as it likes.
            let is_first = !std::mem::replace(&mut self.was_refused, true);
            if is_first {
                journal.note(&Notice::ReplicantRefused(name));
            }
            return;
        }
        let since = offer.and_then(|offer| offer.resume);
        let since = since.map(|(origin, last)| ObserverPosition { origin, last });
        let format = if offer.is_some() { LINK } else { TCP };
        let who = Replicant { name, is_listed: self.listed.is_some() };
        let position = broker.observe(self.connection, &who, format, since);
        let link = offer.map(|_| LinkAnswer {
            version: LINK_VERSION,
            origin: position.origin,
            last: position.last,
            clock: Some(broker.logical()),
        });
        self.answer_replicant("OK: Replication request successful", link, broker);
        journal.note(&Notice::ReplicantAttached(name));
    }

    /// Says whether the peer may have all messages, as the client it is or by its address.
    fn may_replicate(&self, broker: &mut Broker<impl Encoder>) -> bool {
        let has_session = broker.client_of(self.connection).is_some();
        !self.is_gateway(broker)
            && (has_session || self.open_by_address(broker))
            && broker.may_replicate(self.connection, self.listed.is_some())
    }

    /// Opens the session of an original, which has no token for it; says whether its address is
    /// enough by now, as it was when it connected.
    fn open_by_address(&self, broker: &mut Broker<impl Encoder>) -> bool {
        let Some(mut admission) = self.listed.clone() else { return false };
        if let Some(rights) = &mut admission.rights {
            let Some(renewed) = rights.renewed(broker.now().unix_ms) else { return false };
            *rights = renewed;
        }
        self.open_session(&admission, broker);
        true
    }

    /// Refuses a server that has this one's name and port: this server's own link, or another that is
    /// called the same. The run tells the other end which of the two it is.
    ///
    /// # Spec
    /// C-33, C-45.
    fn refuse_namesake(&self, offer: Option<LinkOffer>, broker: &mut Broker<impl Encoder>) {
        let origin = broker.settings().replication.origin;
        let link =
            offer.map(|_| LinkAnswer { version: LINK_VERSION, origin, last: 0, clock: None });
        self.answer_replicant(ITSELF, link, broker);
    }

    fn answer_replicant(
        &self,
        response: &'static str,
        coremq_link: Option<LinkAnswer>,
        broker: &mut Broker<impl Encoder>,
    ) {
        let answer = ReplicationAnswer { response, coremq_link };
        self.send(broker, |_, out| put_request(out, self.id.as_str(), &answer));
    }

    /// Sends a Rialto server the next part of what it missed.
    pub(super) fn send_more(&self, share: Share, broker: &mut Broker<impl Encoder>) {
        let is_more = match share {
            Share::Messages => {
                let is_more = broker.observe_more(self.connection);
                if !is_more {
                    // Behind all messages: a queue that came with them has a history too.
                    broker.observe_histories(self.connection);
                }
                is_more
            }
            Share::Past => broker.history_more(self.connection, |channel, source, payload, out| {
                put_past(out, &relay(&self.server.address, channel, source), text(payload));
            }),
        };
        let done = Done { coremq_done: (share, is_more, broker.last_own()) };
        self.send(broker, |_, out| put_request(out, "", &done));
    }

    /// Takes a message that another server's clients sent, from a server that attached itself here.
    ///
    /// # Spec
    /// C-32: it has no answer.
    pub(super) fn take_from_server(
        &self,
        frame: &Frame<'_>,
        server: &str,
        broker: &mut Broker<impl Encoder>,
    ) {
        let Request::Message(payload) = &frame.request else { return };
        if server == &*self.server.address || broker.is_linked(server) {
            // We have it, or get it, over a connection of our own.
            return;
        }
        let message = Relayed {
            channel: &channel_of(&frame.queue, broker),
            payload: payload.as_bytes(),
            publisher: frame.forward_to.as_deref().unwrap_or(self.id.as_str()),
            server,
            at: broker.now().unix_ms,
            id: None,
            logical: None,
        };
        broker.relay(&message, Some(self.connection));
    }
}
