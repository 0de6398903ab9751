//! What was decided on a packet, as a value that goes to its session with it.

use rialto_domain::{Admission, Grant, Permit, Refusal, Reject};

/// The decision on one packet.
#[derive(Debug, Clone, Default)]
pub enum Verdict {
    /// Nobody was asked: the packet needs no decision, or leads to nothing.
    #[default]
    None,
    /// Who the client is, or why it is nobody.
    Authenticated(Result<Grant, Refusal>),
    /// What its session begins with, or why it may not be opened.
    Admitted(Result<Admission, Reject>),
    /// What the application said of a request within a session.
    Permitted(Result<Permit, Reject>),
}

impl Verdict {
    /// Returns who the client is; nobody, unless that was decided.
    ///
    /// # Errors
    /// The reason for the client.
    pub fn authenticated(&self) -> Result<Grant, Refusal> {
        match self {
            Verdict::Authenticated(result) => result.clone(),
            Verdict::None | Verdict::Admitted(_) | Verdict::Permitted(_) => {
                let reject = Reject::NotAllowed;
                Err(Refusal { message: reject.to_string(), reject })
            }
        }
    }

    /// Returns what a session begins with; none is opened, unless that was decided.
    ///
    /// # Errors
    /// [`Reject::InvalidToken`], or another where more is to be said.
    pub fn admission(&self) -> Result<&Admission, &Reject> {
        match self {
            Verdict::Admitted(result) => result.as_ref(),
            Verdict::None | Verdict::Authenticated(_) | Verdict::Permitted(_) => {
                Err(&Reject::NotAllowed)
            }
        }
    }

    /// Returns what the application permits: what was asked, unless it said something else. Rights
    /// were asked before it.
    ///
    /// # Errors
    /// What the client is told.
    #[inline]
    pub fn permit(&self) -> Result<&Permit, &Reject> {
        const AS_ASKED: &Permit = &Permit { payload: None, answer: None, status: None };
        match self {
            Verdict::Permitted(result) => result.as_ref(),
            Verdict::None | Verdict::Authenticated(_) | Verdict::Admitted(_) => Ok(AS_ASKED),
        }
    }
}
