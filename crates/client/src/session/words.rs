//! What goes into a session and what comes out of it.

use rialto_wire::jmqt::{self, status};
use serde_json::value::RawValue;

use crate::error::{Refusal, Status};
use crate::message::{Ack, Persistence, PublishOptions, Push, Qos};

/// What a client can ask for.
#[derive(Debug)]
pub(crate) enum Request {
    Subscribe(String, Persistence),
    Unsubscribe(String),
    Publish {
        channel: String,
        payload: Box<RawValue>,
        options: PublishOptions,
    },
    /// A heartbeat out of turn, whose answer somebody waits for.
    Ping,
}

/// What the session has to say to its owner.
#[derive(Debug)]
pub(crate) enum Event<T> {
    /// The broker has let the client in.
    Online,
    /// The broker does not let the client in.
    Refused(Refusal),
    /// The broker is about to close before it has judged the client, and says why.
    TurnedAway(Refusal),
    Answered(T, Result<Ack, Refusal>),
    Pushed(Push),
    /// The broker is about to close, and says why.
    Dismissed(Refusal),
}

/// Makes a refusal of a status and what was said with it.
pub(super) fn refusal(status: u8, message: Option<impl Into<String>>) -> Refusal {
    Refusal { status: Status(status), message: message.map(Into::into) }
}

/// Reads an acknowledgement.
pub(super) fn verdict(
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
pub(super) fn owned(push: jmqt::Push<'_>) -> Push {
    Push {
        channel: push.cn.into(),
        payload: push.dt.to_owned(),
        publisher: push.cl.into(),
        qos: if push.q == 1 { Qos::AtLeastOnce } else { Qos::AtMostOnce },
        id: push.id.map(Into::into),
        retained: push.rt == 1,
    }
}
