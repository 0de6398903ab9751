//! What comes over a connection, read as far as that needs no state and so no lock.

use rialto_wire::jmqt::{self, ServerPacket, status};
use serde_json::value::RawValue;

use crate::message::{Ack, Push, Qos};
use crate::status::{Refusal, Status};

/// One frame from a broker.
#[derive(Debug)]
pub(crate) enum Incoming {
    Push(Push),
    /// The answer to the publish or the question of this number.
    Answer {
        number: u64,
        verdict: Result<Ack, Refusal>,
    },
    /// Anything else, which is rare: as it came.
    Frame(Vec<u8>),
}

impl Incoming {
    pub(crate) fn read(frame: &[u8]) -> Self {
        match ServerPacket::decode(frame) {
            Ok(ServerPacket::Push(push)) => Incoming::Push(owned(push)),
            Ok(ServerPacket::PubAck(ack)) => match ack.id.and_then(|id| id.parse().ok()) {
                Some(number) => {
                    Incoming::Answer { number, verdict: verdict(ack.st, ack.mg, ack.dt) }
                }
                None => Incoming::Frame(frame.to_vec()),
            },
            _ => Incoming::Frame(frame.to_vec()),
        }
    }
}

/// Makes a refusal of a status and what was said with it.
pub(crate) fn refusal(status: u8, message: Option<impl Into<String>>) -> Refusal {
    Refusal { status: Status(status), message: message.map(Into::into) }
}

/// Reads an acknowledgement.
pub(crate) fn verdict(
    st: u8,
    message: Option<impl Into<String>>,
    data: Option<&RawValue>,
) -> Result<Ack, Refusal> {
    if st == status::OK {
        Ok(Ack { data: data.map(ToOwned::to_owned) })
    } else {
        Err(refusal(st, message))
    }
}

/// Makes a push of its own of one that borrows from its frame.
fn owned(push: jmqt::Push<'_>) -> Push {
    Push {
        channel: push.cn.into(),
        payload: push.dt.to_owned(),
        publisher: push.cl.into(),
        qos: if push.q == 1 { Qos::AtLeastOnce } else { Qos::AtMostOnce },
        id: push.id.map(Into::into),
        retained: push.rt == 1,
    }
}
