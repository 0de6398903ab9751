//! The other end of replication: what this server says to one whose messages it wants, and what it
//! does with them.
//!
//! Pure, as a session is: the frames of one connection after the other come in, what is to be sent
//! goes out, and what it has of the other server is remembered between connections.

mod incoming;

use std::sync::Arc;

use rialto_broker::{Broker, Encoder};
use rialto_wire::coremq::{
    LinkAnswer, LinkOffer, Malformed, Relay, ServerFrame, Share, put_request,
};
use serde_json::json;

use super::replicant::{ITSELF, LINK_VERSION};
use crate::ServerName;

/// What opens a session on a server that asks for it.
#[derive(Clone)]
pub struct Credentials {
    /// The client id that the token is for.
    pub client: String,
    /// The token.
    pub token: String,
}

/// Why a connection to another server is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkEnd {
    /// It said no.
    #[error("it refused: {0}")]
    Refused(String),
    /// It is this server, under another name or address.
    #[error("it is this server itself")]
    Itself,
    /// It is another server, of this one's name and port.
    #[error("it has the name and port of this server; give each server a cluster.name of its own")]
    Namesake,
    /// It does not speak CoreMQ.
    #[error("it does not speak CoreMQ: {0}")]
    Malformed(#[from] Malformed),
}

/// What is known of one other server, over all connections to it.
pub struct Link {
    server: Arc<ServerName>,
    /// This run of our server, by which it knows itself.
    origin: u64,
    /// The other's port, for its name.
    port: u16,
    credentials: Option<Credentials>,
    phase: Phase,
    /// Whether the present connection is to a Rialto server.
    is_of_our_kind: bool,
    /// The other server's name and port, as its messages have it.
    peer: String,
    /// The run of the other server whose messages we have, and the last of them.
    position: Option<(u64, u64)>,
    /// Whether something is missing that the history may have.
    wants_past: bool,
    /// Messages that were published together: the first one's id, and how many of them came.
    together: ((u64, u64), u64),
}

/// How far a connection has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Greeting,
    /// The session is to be opened; with the connection's id.
    Options(String),
    Requested,
    Attached,
}

impl Link {
    /// Makes the link to a server that was not reached yet. `origin` is this run of ours.
    #[must_use]
    pub fn new(
        server: Arc<ServerName>,
        origin: u64,
        port: u16,
        credentials: Option<Credentials>,
    ) -> Self {
        Link {
            server,
            origin,
            port,
            credentials,
            phase: Phase::Greeting,
            is_of_our_kind: false,
            peer: String::new(),
            position: None,
            wants_past: false,
            together: ((0, 0), 0),
        }
    }

    /// Returns the other server's name, once it has said it.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Says whether the present connection gets messages.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.phase == Phase::Attached
    }

    /// Begins with a new connection.
    pub fn begin(&mut self) {
        self.phase = Phase::Greeting;
        self.is_of_our_kind = false;
        self.together = ((0, 0), 0);
    }

    /// Notes that the connection has ended.
    pub fn end(&mut self, broker: &mut Broker<impl Encoder>) {
        if self.is_attached() {
            broker.set_linked(&self.peer, false);
        }
        self.begin();
    }

    /// Takes one frame; what is to be sent goes to `out`.
    ///
    /// # Errors
    /// [`LinkEnd`] when the connection is of no use.
    pub fn on_frame(
        &mut self,
        frame: ServerFrame<'_>,
        broker: &mut Broker<impl Encoder>,
        out: &mut Vec<u8>,
    ) -> Result<(), LinkEnd> {
        match frame {
            ServerFrame::Welcome { id, server } => self.on_welcome(id, &server, out),
            ServerFrame::Response(text, answer) => {
                return self.on_response(&text, answer, broker, out);
            }
            // Any other server passes on what its clients write under such names.
            ServerFrame::Relay(..) | ServerFrame::Past(..) | ServerFrame::Done(..)
                if !self.is_of_our_kind => {}
            ServerFrame::Relay(relay, payload) => self.on_relay(&relay, payload, broker),
            ServerFrame::Past(relay, payload) => self.on_past(&relay, payload, broker),
            ServerFrame::Done(share, true, _) => ask_for_more(share, out),
            ServerFrame::Done(Share::Messages, false, last) => {
                self.note_gap(last, broker);
                // Behind all messages, so that those of them that are in the history are known by
                // then.
                if self.wants_past {
                    ask_for_more(Share::Past, out);
                }
            }
            ServerFrame::Done(Share::Past, false, _) => self.wants_past = false,
            ServerFrame::Message { queue, payload, sender, sent_ms, server } => {
                let relay = Relay {
                    channel: queue.into(),
                    publisher: sender,
                    server: server.unwrap_or_else(|| self.peer.clone().into()),
                    at: sent_ms.unwrap_or(broker.now().unix_ms),
                    id: (0, 0),
                    clock: None,
                };
                self.deliver(&relay, None, &payload, broker);
            }
        }
        Ok(())
    }

    fn on_welcome(&mut self, id: &str, server: &str, out: &mut Vec<u8>) {
        self.peer = format!("{server}:{}", self.port);
        match &self.credentials {
            Some(Credentials { client, token }) => {
                let options = json!({"coremq_options": {"client": client, "token": token}});
                put_request(out, id, &options);
                self.phase = Phase::Options(id.to_owned());
            }
            None => self.request(id, out),
        }
    }

    fn request(&mut self, id: &str, out: &mut Vec<u8>) {
        let offer = LinkOffer { version: LINK_VERSION, resume: self.position };
        let name = &*self.server.address;
        put_request(out, id, &json!({"coremq_replicant": name, "coremq_link": offer}));
        self.phase = Phase::Requested;
    }

    fn on_response(
        &mut self,
        text: &str,
        answer: Option<LinkAnswer>,
        broker: &mut Broker<impl Encoder>,
        out: &mut Vec<u8>,
    ) -> Result<(), LinkEnd> {
        if text == ITSELF {
            // A server of another kind does not say which run it is.
            let is_other = answer.is_some_and(|answer| answer.origin != self.origin);
            return Err(if is_other { LinkEnd::Namesake } else { LinkEnd::Itself });
        }
        if !text.starts_with("OK:") {
            return Err(LinkEnd::Refused(text.to_owned()));
        }
        match &self.phase {
            Phase::Options(id) => {
                let id = id.clone();
                self.request(&id, out);
            }
            Phase::Requested => {
                if let Some(answer) = answer {
                    self.on_taken_up(answer, broker, out)?;
                }
                self.phase = Phase::Attached;
                broker.set_linked(&self.peer, true);
            }
            Phase::Greeting | Phase::Attached => {}
        }
        Ok(())
    }

    fn on_taken_up(
        &mut self,
        answer: LinkAnswer,
        broker: &mut Broker<impl Encoder>,
        out: &mut Vec<u8>,
    ) -> Result<(), LinkEnd> {
        if answer.origin == self.origin {
            return Err(LinkEnd::Itself);
        }
        let (is_known_run, known) = match self.position {
            Some((origin, last)) if origin == answer.origin => (true, last),
            // The other server began anew while this one was there: it has nothing of that run yet.
            Some(_) => (false, 0),
            None => (false, answer.last),
        };
        // What our clients publish from now on is later than all that is there.
        broker.see_logical(answer.clock.unwrap_or(0));
        let missed = answer.last.saturating_sub(known);
        broker.note_missed(missed);
        self.is_of_our_kind = true;
        self.position = Some((answer.origin, answer.last));
        // What an earlier connection did not come to is still wanted.
        self.wants_past |= !is_known_run || missed > 0;
        ask_for_more(Share::Messages, out);
        Ok(())
    }
}

fn ask_for_more(share: Share, out: &mut Vec<u8>) {
    put_request(out, "", &json!({"coremq_more": share}));
}
