//! What a failure means for a store.

use std::time::Duration;

use rialto_store::{Cause, DatabaseCause};

/// Why something could not be done in the database.
#[derive(Debug)]
pub struct Trouble {
    /// Why.
    pub cause: Cause,
    /// Whether it may have been done nevertheless: the answer did not come.
    pub is_unanswered: bool,
    /// Whether the connection is of no use any more.
    pub is_broken: bool,
}

impl Trouble {
    /// Something that is certain, and no fault of the connection.
    pub fn plain(cause: impl Into<Cause>) -> Self {
        Trouble { cause: cause.into(), is_unanswered: false, is_broken: false }
    }

    /// The connection broke, or did not come about.
    #[must_use]
    pub fn broken(reason: String) -> Self {
        let cause = Cause::Database(DatabaseCause::Unreachable(reason));
        Trouble { cause, is_unanswered: true, is_broken: true }
    }

    /// Nothing came in time.
    #[must_use]
    pub fn silent(limit: Duration) -> Self {
        let cause = Cause::Database(DatabaseCause::Silent { seconds: limit.as_secs().max(1) });
        Trouble { cause, is_unanswered: true, is_broken: true }
    }
}

impl From<DatabaseCause> for Trouble {
    fn from(cause: DatabaseCause) -> Self {
        Trouble::plain(Cause::Database(cause))
    }
}

/// Returns an error's text with those of what it came from.
pub fn with_reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut reason = error.source();
    while let Some(inner) = reason {
        text = format!("{text}: {inner}");
        reason = inner.source();
    }
    text
}

/// Returns the cause of there being no connection for the moment.
pub(crate) fn pausing() -> Cause {
    Cause::Database(DatabaseCause::Unreachable("the connection was lost a moment ago".to_owned()))
}
