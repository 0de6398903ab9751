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
    pub fn broken(mut reason: String) -> Self {
        reason.push_str(advice(&reason));
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

/// Returns an error's text with those of what it came from, each once.
pub fn with_reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut reason = error.source();
    while let Some(inner) = reason {
        let of_inner = inner.to_string();
        if !text.contains(&of_inner) {
            text = format!("{text}: {of_inner}");
        }
        reason = inner.source();
    }
    text
}

/// Returns what to do about a certificate that is not trusted, ready to stand behind the text that says so. Both drivers
/// check certificates by the same library, and only its words are left when they tell of it.
fn advice(reason: &str) -> &'static str {
    // The second is of an authority that has the name of the one that is trusted.
    if ["UnknownIssuer", "BadSignature"].iter().any(|said| reason.contains(said)) {
        ": let store.tls_ca name the authority that issued it"
    } else if reason.contains("certificate not valid for name") {
        ": the host in the URL must be one that the certificate names"
    } else {
        ""
    }
}

/// Returns the cause of there being no connection for the moment.
pub(crate) fn pausing() -> Cause {
    Cause::Database(DatabaseCause::Unreachable("the connection was lost a moment ago".to_owned()))
}
