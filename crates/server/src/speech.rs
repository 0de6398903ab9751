//! What a connection speaks: how its bytes become frames, frames packets, and packets commands.

use rialto_broker::{Broker, Gate};
use rialto_domain::{ClientId, CloseReason};
use rialto_session::{
    Dialects, Inquiry, Matter,
    coremq::{self, Notice},
    jmqt::{self, CloseMessage},
    pubsubx,
};
use rialto_wire::{
    coremq as coremq_wire,
    jmqt::{self as jmqt_wire, ClientPacket},
    pubsubx as pubsubx_wire,
};

use crate::websocket::WebSocketReader;

/// How a connection's bytes become frames.
pub(crate) enum Framing {
    /// JMQT on a stream.
    Terminated(jmqt_wire::FrameSplitter),
    /// CoreMQ on a stream.
    Counted(coremq_wire::FrameSplitter),
    /// PubSubX.
    Marked(pubsubx_wire::FrameSplitter),
    /// JMQT or CoreMQ on a WebSocket.
    WebSocket(Box<WebSocketReader>),
}

/// How frames become commands: a dialect's codec and the session of one connection.
pub(crate) enum Speech {
    Jmqt(jmqt::Session),
    Coremq(Box<coremq::Session>),
    Pubsubx(pubsubx::Session, Diagnostics),
}

/// Which of what happens on PubSubX connections is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Diagnostics {
    /// Everything but messages.
    Sessions,
    /// Every message as well, as the original prints them.
    All,
}

/// One decoded frame.
pub(crate) enum Said<'a> {
    Jmqt(Result<ClientPacket<'a>, jmqt_wire::Malformed<'a>>),
    Coremq(Result<coremq_wire::Frame<'a>, coremq_wire::Malformed>),
    Pubsubx(pubsubx_wire::Command<'a>),
}

impl Said<'_> {
    /// Says what kind of decision it needs, if it needs one.
    #[inline]
    pub(crate) fn matter(&self) -> Option<Matter> {
        match self {
            Said::Jmqt(packet) => jmqt::Session::matter(packet.as_ref().ok()?),
            Said::Coremq(frame) => coremq::Session::matter(frame.as_ref().ok()?),
            Said::Pubsubx(command) => pubsubx::Session::matter(command),
        }
    }
}

impl Speech {
    /// Decodes a frame of a stream.
    pub(crate) fn decode_frame<'a>(&self, frame: &'a [u8], json_depth_max: usize) -> Said<'a> {
        match self {
            Speech::Jmqt(_) => {
                let limits = jmqt_wire::DecodeLimits { json_depth_max };
                Said::Jmqt(jmqt_wire::decode(frame, limits))
            }
            Speech::Coremq(_) => Said::Coremq(coremq_wire::decode(frame, json_depth_max)),
            Speech::Pubsubx(..) => Said::Pubsubx(pubsubx_wire::decode(frame)),
        }
    }

    /// Decodes a text message of a WebSocket, of which listeners of PubSubX take none.
    pub(crate) fn decode_text<'a>(&self, text: &'a str, json_depth_max: usize) -> Said<'a> {
        match self {
            Speech::Coremq(_) => Said::Coremq(coremq_wire::decode_text(text, json_depth_max)),
            Speech::Jmqt(_) | Speech::Pubsubx(..) => {
                self.decode_frame(text.as_bytes(), json_depth_max)
            }
        }
    }

    /// Returns what is to be decided on what was said, before it is given to the broker.
    pub(crate) fn inquiry<'a>(
        &self,
        said: &'a Said<'_>,
        broker: &Broker<Dialects>,
    ) -> Option<Inquiry<'a>> {
        match (self, said) {
            (Speech::Jmqt(session), Said::Jmqt(Ok(packet))) => session.inquiry(packet, broker),
            (Speech::Coremq(session), Said::Coremq(Ok(frame))) => session.inquiry(frame, broker),
            (Speech::Pubsubx(session, _), Said::Pubsubx(command)) => {
                session.inquiry(command, broker)
            }
            _ => None,
        }
    }

    /// Returns about how many bytes the answer to what was said has where it may be much larger than
    /// that; otherwise 0.
    #[inline]
    pub(crate) fn answer_bytes(&self, said: &Said<'_>, broker: &Broker<Dialects>) -> usize {
        match (self, said) {
            (Speech::Jmqt(session), Said::Jmqt(packet)) => session.answer_bytes(packet, broker),
            (Speech::Coremq(session), Said::Coremq(frame)) => session.answer_bytes(frame, broker),
            (Speech::Pubsubx(session, _), Said::Pubsubx(command)) => {
                session.answer_bytes(command, broker)
            }
            _ => 0,
        }
    }

    /// Gives the broker what was said.
    #[inline]
    pub(crate) fn say(&mut self, said: Said<'_>, broker: &mut Broker<Dialects>, gate: &dyn Gate) {
        match (self, said) {
            (Speech::Jmqt(session), Said::Jmqt(packet)) => session.on_packet(packet, broker, gate),
            (Speech::Coremq(session), Said::Coremq(frame)) => {
                if let Some(notice) = session.on_frame(frame, broker, gate) {
                    log(&notice);
                }
            }
            (Speech::Pubsubx(session, diagnostics), Said::Pubsubx(command)) => {
                if let Some(notice) = session.on_command(command, broker, gate) {
                    log_pubsubx(session, *diagnostics, notice);
                }
            }
            _ => unreachable!("a connection's frames are decoded by its own speech"),
        }
    }

    /// Returns the client whose session may be taken up again, now that its connection has ended.
    pub(crate) fn lost_client(&self, broker: &Broker<Dialects>) -> Option<ClientId> {
        let Speech::Pubsubx(session, _) = self else { return None };
        session.client().filter(|client| broker.is_lost(client.as_str())).cloned()
    }

    /// Returns how the end of the connection is told.
    pub(crate) fn close_message(&self, reason: CloseReason) -> CloseMessage {
        match self {
            Speech::Jmqt(_) => CloseMessage::new(reason),
            Speech::Coremq(session) => {
                let packet = coremq::close_message(reason, session.id());
                CloseMessage { packet, ..CloseMessage::new(reason) }
            }
            // Its client knows no word for it.
            Speech::Pubsubx(..) => CloseMessage { packet: None, ..CloseMessage::new(reason) },
        }
    }
}

/// Logs what the original prints, each with a message of its own that stays the same.
fn log_pubsubx(session: &pubsubx::Session, diagnostics: Diagnostics, notice: pubsubx::Notice<'_>) {
    let client = session.client().map(ClientId::as_str);
    match notice {
        pubsubx::Notice::Connected(client) => tracing::info!(client, "client connected"),
        pubsubx::Notice::Restored(client) => tracing::info!(client, "client restored"),
        pubsubx::Notice::Refused(client) => tracing::info!(client, "client refused"),
        pubsubx::Notice::Disconnected => tracing::info!(client, "client disconnected"),
        pubsubx::Notice::Subscribed(topic) => tracing::info!(client, topic, "client subscribed"),
        pubsubx::Notice::Unsubscribed(topic) => {
            tracing::info!(client, topic, "client unsubscribed");
        }
        pubsubx::Notice::Published(topic) if diagnostics == Diagnostics::All => {
            tracing::info!(client, topic, "client published");
        }
        pubsubx::Notice::Published(_) => {}
    }
}

fn log(notice: &Notice) {
    match notice {
        Notice::ReplicantAttached(server) => {
            tracing::info!(server, "a server attached as a replicant: it gets all messages");
        }
        Notice::ReplicantRefused(server) => tracing::warn!(
            server,
            hint = "if it may have them, name its client in cluster.replicants or, where addresses \
                    are enough, its host in cluster.nodes or cluster.allowed_replicants",
            "a server was refused as a replicant"
        ),
    }
}
