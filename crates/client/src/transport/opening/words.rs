//! What the first bytes say, where something else than packets was to come first.

use rialto_wire::jmqt::{ServerPacket, status};

use crate::status::{Refusal, Status};
use crate::stranger::{Stranger, Verdict, judge};

use super::Opening;

impl Opening {
    /// Returns who has spoken, if it is no broker; nothing more is going to come.
    pub(in crate::transport) fn stranger(&self) -> Option<Stranger> {
        match judge(&self.said.lock(), true) {
            Verdict::Stranger(stranger) => Some(stranger),
            Verdict::Open | Verdict::Packet => None,
        }
    }

    /// Returns why a broker turned the connection away before anything was said.
    pub(in crate::transport) fn refusal(&self) -> Option<Refusal> {
        let said = self.said.lock();
        let frame = said.split(|&byte| byte == 0).next()?;
        match ServerPacket::decode(frame) {
            Ok(ServerPacket::ConnAck(ack)) if ack.st != status::OK => {
                Some(Refusal { status: Status(ack.st), message: ack.mg.map(Into::into) })
            }
            _ => None,
        }
    }
}
