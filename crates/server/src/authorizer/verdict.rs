//! What was decided on one packet, as the gate that its session asks.

use rialto_application::{Control, Publication};
use rialto_broker::Gate;
use rialto_domain::{Admission, Grant, Permit, Refusal, Refused, Reject, UnixMs};
use serde_json::Value;

use super::Caller;
use crate::audit::{Audit, told};

/// The decision on one packet.
pub(crate) enum Verdict {
    Authenticated(Result<Grant, Refusal>),
    Admitted(Result<Admission, Reject>),
    Permitted(Result<Permit, Reject>),
}

/// A gate that leaves a trace of what the session and the broker refuse behind it.
pub(crate) struct Traced<'a> {
    pub(crate) gate: &'a dyn Gate,
    pub(crate) caller: &'a Caller,
    pub(crate) audit: &'a Audit,
}

/// The gate of a connection that may have a session without asking for it.
pub(crate) struct Welcome(pub(crate) Option<Admission>);

/// The gate of packets on which nobody has to decide.
pub(crate) struct Unasked;

impl Gate for Verdict {
    fn authenticate(&self, _data: &str, _now: UnixMs) -> Result<Grant, Refusal> {
        match self {
            Verdict::Authenticated(result) => result.clone(),
            _ => Unasked.authenticate("", 0),
        }
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        // Whether anybody may come in was decided with everything else.
        None
    }

    fn admit(&self, _client: &str, _token: &str, _now: UnixMs) -> Result<Admission, Reject> {
        match self {
            Verdict::Admitted(result) => result.clone(),
            _ => Err(Reject::NotAllowed),
        }
    }

    fn permit(&self) -> Result<Permit, Reject> {
        match self {
            Verdict::Permitted(result) => result.clone(),
            _ => Ok(Permit::default()),
        }
    }
}

impl Gate for Traced<'_> {
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        self.gate.authenticate(data, now)
    }

    fn admit_anybody(&self, client: &str) -> Option<Admission> {
        self.gate.admit_anybody(client)
    }

    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<Admission, Reject> {
        self.gate.admit(client, token, now)
    }

    fn permit(&self) -> Result<Permit, Reject> {
        self.gate.permit()
    }

    fn note_refused(&self, refused: &Refused<'_>) {
        if told::is_told(refused.reject) {
            let event = told::event(refused.asked);
            self.audit.refused(self.caller.origin(), event, || told::details(refused));
        }
    }
}

impl Gate for Welcome {
    fn authenticate(&self, _data: &str, _now: UnixMs) -> Result<Grant, Refusal> {
        Unasked.authenticate("", 0)
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        self.0.clone()
    }

    fn admit(&self, _client: &str, _token: &str, _now: UnixMs) -> Result<Admission, Reject> {
        Err(Reject::NotAllowed)
    }
}

impl Gate for Unasked {
    fn authenticate(&self, _data: &str, _now: UnixMs) -> Result<Grant, Refusal> {
        let reject = Reject::NotAllowed;
        Err(Refusal { message: reject.to_string(), reject })
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        None
    }

    fn admit(&self, _client: &str, _token: &str, _now: UnixMs) -> Result<Admission, Reject> {
        Err(Reject::NotAllowed)
    }
}

/// Returns the permit that an application's word on a publish is.
pub(super) fn published(publication: Publication) -> Permit {
    let payload = match publication {
        Publication::AsSent => None,
        Publication::Replaced(payload) => Some(payload.to_string()),
    };
    Permit { payload, answer: None }
}

/// Returns the permit that the answer of a control channel is, if it is not left to the server.
pub(super) fn answered(answer: Option<Value>) -> Permit {
    Permit { payload: None, answer: answer.map(|answer| answer.to_string()) }
}

/// Returns the answer of an application's own control channel.
pub(super) fn own(control: Control) -> Option<Value> {
    match control {
        Control::NotMine => None,
        Control::Answer(answer) => Some(answer),
    }
}
