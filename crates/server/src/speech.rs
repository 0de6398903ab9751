//! What a connection speaks: how its bytes become frames, frames packets, and packets commands.

use rialto_broker::{Broker, CloseReason, Gate};
use rialto_session::{
    Dialects,
    coremq::{self, Notice},
    jmqt::{self, LastWord},
};
use rialto_wire::{
    coremq as coremq_wire,
    jmqt::{self as jmqt_wire, ClientPacket},
};

use crate::websocket::WebSocketReader;

/// How a connection's bytes become frames.
pub(crate) enum Framing {
    /// JMQT on a stream.
    Terminated(jmqt_wire::FrameSplitter),
    /// CoreMQ on a stream.
    Counted(coremq_wire::FrameSplitter),
    /// Either on a WebSocket.
    WebSocket(Box<WebSocketReader>),
}

/// How frames become commands: a dialect's codec and the session of one connection.
pub(crate) enum Speech {
    Jmqt(jmqt::Session),
    Coremq(Box<coremq::Session>),
}

/// One decoded frame.
pub(crate) enum Said<'a> {
    Jmqt(Result<ClientPacket<'a>, jmqt_wire::Malformed<'a>>),
    Coremq(Result<coremq_wire::Frame<'a>, coremq_wire::Malformed>),
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
        }
    }

    /// Decodes a text message of a WebSocket; `None` for one that says nothing.
    pub(crate) fn decode_text<'a>(&self, text: &'a str, json_depth_max: usize) -> Option<Said<'a>> {
        match self {
            Speech::Jmqt(_) if text.is_empty() => None,
            Speech::Jmqt(_) => Some(self.decode_frame(text.as_bytes(), json_depth_max)),
            Speech::Coremq(_) => Some(Said::Coremq(coremq_wire::decode_text(text, json_depth_max))),
        }
    }

    /// Gives the broker what was said.
    pub(crate) fn say(&mut self, said: Said<'_>, broker: &mut Broker<Dialects>, gate: &dyn Gate) {
        match (self, said) {
            (Speech::Jmqt(session), Said::Jmqt(packet)) => session.on_packet(packet, broker, gate),
            (Speech::Coremq(session), Said::Coremq(frame)) => {
                if let Some(notice) = session.on_frame(frame, broker, gate) {
                    log(&notice);
                }
            }
            _ => unreachable!("a connection's frames are decoded by its own speech"),
        }
    }

    /// Returns how the end of the connection is told.
    pub(crate) fn last_word(&self, reason: CloseReason) -> LastWord {
        match self {
            Speech::Jmqt(_) => LastWord::new(reason),
            Speech::Coremq(session) => {
                let packet = coremq::last_word(reason, session.id());
                LastWord { packet, ..LastWord::new(reason) }
            }
        }
    }
}

fn log(notice: &Notice) {
    match notice {
        Notice::ReplicantAttached(server) => {
            tracing::info!(server, "a server gets all messages from now on");
        }
        Notice::ReplicantRefused(server) => tracing::warn!(
            server,
            "a server that asked for all messages was refused: add its host to cluster.nodes or \
             cluster.allowed_replicants if it may have them"
        ),
    }
}
