//! The broker's words as JMQT packets.

use std::io::Write as _;

use rialto_broker::{Answered, CommandAnswer, Mark, SessionOpened};
use rialto_domain::{CloseReason, PacketId, RefusalStatus, Reject};
use rialto_wire::jmqt::{Carrier, PushEnvelope, PushMark, encode_packet, put_push, status};
use serde::Serialize;
use serde_json::value::RawValue;

/// A packet from the server, as serde writes it. Keys that say nothing are left out.
#[derive(Debug, Serialize)]
pub(super) enum Answer<'a> {
    #[serde(rename = "authAck")]
    Auth {
        st: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cl: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mg: Option<&'a str>,
    },
    #[serde(rename = "connAck")]
    Conn {
        st: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        ts: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        resumed: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rs: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mg: Option<String>,
    },
    #[serde(rename = "hbAck")]
    Hb {},
    #[serde(rename = "subAck")]
    Sub {
        st: u8,
        cn: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        mg: Option<String>,
    },
    #[serde(rename = "unsubAck")]
    Unsub {
        st: u8,
        cn: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        mg: Option<String>,
    },
    #[serde(rename = "pubAck")]
    Pub {
        st: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        dt: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mg: Option<String>,
    },
}

impl<'a> Answer<'a> {
    pub(super) fn put(&self, carrier: Carrier, out: &mut Vec<u8>) {
        encode_packet(out, carrier, self);
    }

    /// Refuses a session, with the reason.
    pub(super) fn conn_refused(reject: &Reject) -> Self {
        let (st, mg) = refusal(reject);
        Answer::Conn { st, ts: None, resumed: None, rs: None, mg }
    }

    /// Refuses a question with what is told beside the refusal, one JSON text.
    pub(super) fn control_refused(
        status: RefusalStatus,
        id: Option<&'a str>,
        answer: &'a str,
    ) -> Self {
        Answer::Pub { st: status.get(), id, dt: serde_json::from_str(answer).ok(), mg: None }
    }
}

/// Appends what a client is told of its new session.
pub(super) fn put_session_opened(carrier: Carrier, session: SessionOpened, out: &mut Vec<u8>) {
    let ts = Some(session.silence_max.as_secs());
    let resumed = session.resumed.then_some(1);
    Answer::Conn { st: status::OK, ts, resumed, rs: None, mg: None }.put(carrier, out);
}

/// Appends the answer to a command.
pub(super) fn put_command_answer(carrier: Carrier, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
    let (st, mg) = match answer.result {
        Ok(_) => (status::OK, None),
        Err(reject) => refusal(reject),
    };
    let answer = match answer.command {
        Answered::Subscribe(cn) => Answer::Sub { st, cn, mg },
        Answered::Unsubscribe(cn) => Answer::Unsub { st, cn, mg },
        Answered::Publish => {
            let data = answer.result.ok().flatten();
            let dt = data.and_then(|json| serde_json::from_str(json).ok());
            Answer::Pub { st, id: answer.request, dt, mg }
        }
    };
    answer.put(carrier, out);
}

/// Appends one delivery.
#[inline]
pub(super) fn put_delivery(
    carrier: Carrier,
    envelope: &PushEnvelope,
    payload: &[u8],
    mark: Mark,
    out: &mut Vec<u8>,
) {
    let mark = match mark {
        Mark::Plain => PushMark::Plain,
        Mark::Retained => PushMark::Retained,
        Mark::Acknowledged(id) => PushMark::Acknowledged(move |out: &mut Vec<u8>| put_id(id, out)),
    };
    put_push(out, carrier, envelope, payload, mark);
}

fn put_id(id: PacketId, out: &mut Vec<u8>) {
    write!(out, "{id}").expect("writing to memory cannot fail");
}

fn refusal(reject: &Reject) -> (u8, Option<String>) {
    (code(reject), Some(reject.to_string()))
}

/// Returns the JMQT status of a refusal (J-71).
pub(super) fn code(reject: &Reject) -> u8 {
    match reject {
        Reject::InvalidPacket => status::INVALID_PACKET,
        Reject::InvalidToken => status::INVALID_TOKEN,
        Reject::Failed(_) => status::FAILED,
        Reject::WithStatus { status, .. } => status.get(),
        Reject::NotAllowed
        | Reject::Denied(_)
        | Reject::TooFast { .. }
        | Reject::PayloadTooLarge { .. }
        | Reject::TooManySubscriptions { .. } => status::NOT_ALLOWED,
        Reject::InvalidChannel | Reject::ChannelNameTooLong { .. } => status::INVALID_CHANNEL,
        Reject::ClientOffline => status::CLIENT_OFFLINE,
        Reject::LogFull | Reject::RetainedFull | Reject::StoreUnavailable | Reject::Undecided => {
            status::SERVER_ERROR
        }
    }
}

/// Returns the last packet for a peer on a stream, which has no close frame: only where the
/// specification's ways of closing (silence, goodbye) do not say already why. A status of 5 is that
/// of a cause that passes.
///
/// # Spec
/// J-128.
pub(super) fn close_packet(reason: CloseReason) -> Option<Vec<u8>> {
    let st = match reason {
        CloseReason::Asked
        | CloseReason::Ended
        | CloseReason::Silent
        | CloseReason::InvalidText
        | CloseReason::BinaryMessage
        | CloseReason::ProtocolError
        | CloseReason::FramingLost => return None,
        // Said on TCP too: a client that is not told reconnects, and takes over in its turn.
        CloseReason::TakenOver
        | CloseReason::NotAuthenticated
        | CloseReason::Refused
        | CloseReason::Removed
        | CloseReason::Withdrawn
        | CloseReason::TooManyUnacknowledged { .. } => status::NOT_ALLOWED,
        CloseReason::PacketTooLarge { .. } => status::INVALID_PACKET,
        // It may come again at once, and clients of before do if they are told so.
        CloseReason::SlowConsumer { .. }
        | CloseReason::TooManyConnections { .. }
        | CloseReason::ListenerFull { .. }
        | CloseReason::TooManyFromAddress { .. }
        | CloseReason::ShuttingDown
        | CloseReason::Draining
        | CloseReason::Internal
        | CloseReason::Crashed => status::SERVER_ERROR,
    };
    let (rs, mg) = (Some(reason.word()), Some(reason.to_string()));
    let mut out = Vec::new();
    Answer::Conn { st, ts: None, resumed: None, rs, mg }.put(Carrier::Tcp, &mut out);
    Some(out)
}
