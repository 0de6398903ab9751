//! Why a connection to another server ends.

use std::{io, time::Duration};

use rialto_session::coremq::LinkEnd;
use rialto_wire::coremq::FrameError;

/// How long a server may take to take a connection, for each step of that.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Why a connection to another server ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it did not answer within {:?}", CONNECT_WITHIN)]
    NoAnswer,
    /// A file with certificates cannot be used, as the text says.
    #[error("{0}")]
    Certificates(String),
    #[error("it does not speak CoreMQ: {0}")]
    Framing(#[from] FrameError),
    #[error(transparent)]
    Link(#[from] LinkEnd),
}
