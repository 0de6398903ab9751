//! What can be wrong with a command.

use crate::key::Key;

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such command, or it has too few or too many words.
    Unknown,
    /// A key, a number or a length is not what it should be.
    BadFormat,
    /// `delete` has a word more than it knows.
    BadDelete,
    /// A time to live is not a number.
    BadExptime,
    /// What to count by is not a number.
    BadDelta,
    /// The data block does not end where its length says.
    BadDataChunk,
    /// The client speaks HTTP: somebody has a browser send requests to this port. The connection ends without a word.
    Http,
    /// The value is longer than items may be.
    TooLarge {
        /// The item that `set` was to replace: it goes, since its client takes it to be out of date.
        stale: Option<Key>,
    },
    /// The command line is longer than lines may be. The connection ends without a word, as in memcached.
    LineTooLong,
}

impl Fault {
    /// Says whether the connection ends without a word.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Fault::LineTooLong | Fault::Http)
    }

    /// Returns what the client is told, without the end of the line; nothing where it [is not
    /// answered](Self::is_unanswered).
    #[must_use]
    pub fn reply(&self) -> &'static str {
        match self {
            Fault::Unknown => "ERROR",
            Fault::BadFormat => "CLIENT_ERROR bad command line format",
            Fault::BadDelete => {
                "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]"
            }
            Fault::BadExptime => "CLIENT_ERROR invalid exptime argument",
            Fault::BadDelta => "CLIENT_ERROR invalid numeric delta argument",
            Fault::BadDataChunk => "CLIENT_ERROR bad data chunk",
            Fault::TooLarge { .. } => "SERVER_ERROR object too large for cache",
            Fault::LineTooLong | Fault::Http => "",
        }
    }
}
