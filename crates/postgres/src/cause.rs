//! What a failure of the client library or the server means for a store.

use std::error::Error as _;

use rialto_store::{Cause, DatabaseCause};
use tokio_postgres::{Error, error::DbError};

/// Why something could not be done in the database.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) cause: Cause,
    /// Whether it may have been done nevertheless: the answer did not come.
    pub(crate) is_unanswered: bool,
    /// Whether the connection is of no use any more.
    pub(crate) is_broken: bool,
}

impl Trouble {
    /// Something that is certain, and no fault of the connection.
    pub(crate) fn plain(cause: impl Into<Cause>) -> Self {
        Trouble { cause: cause.into(), is_unanswered: false, is_broken: false }
    }

    /// Nothing came in time.
    pub(crate) fn silent(limit: std::time::Duration) -> Self {
        let cause = Cause::Database(DatabaseCause::Silent { seconds: limit.as_secs().max(1) });
        Trouble { cause, is_unanswered: true, is_broken: true }
    }
}

impl From<DatabaseCause> for Trouble {
    fn from(cause: DatabaseCause) -> Self {
        Trouble::plain(Cause::Database(cause))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(said) => Trouble {
                cause: of_server(said),
                is_unanswered: false,
                is_broken: ends_the_connection(said.code().code()),
            },
            None => Trouble {
                cause: Cause::Database(DatabaseCause::Unreachable(with_reasons(&error))),
                is_unanswered: true,
                is_broken: true,
            },
        }
    }
}

/// Whether the server ends the connection with this, or has become one that takes no writes.
fn ends_the_connection(code: &str) -> bool {
    matches!(code, "25006" | "25P02" | "25P03" | "57P01" | "57P02" | "57P03" | "57P05")
        || code.starts_with("08")
}

fn of_server(said: &DbError) -> Cause {
    let code = said.code().code();
    let text = format!("{} (SQLSTATE {code})", said.message());
    match code {
        "53100" => Cause::Full,
        "42501" => {
            let advice =
                "let the role of the store's URL create and use the tables (docs/stores.md)";
            Cause::Database(DatabaseCause::Refused(format!("{text}: {advice}")))
        }
        "XX001" | "XX002" => Cause::Database(DatabaseCause::Damaged(text)),
        "25006" | "25P02" | "25P03" | "40001" | "40P01" | "55P03" | "57014" | "57P01" | "57P02"
        | "57P03" | "57P05" | "58030" => Cause::Database(DatabaseCause::Busy(text)),
        _ if code.starts_with("08") || code.starts_with("53") => {
            Cause::Database(DatabaseCause::Busy(text))
        }
        _ => Cause::Database(DatabaseCause::Refused(text)),
    }
}

/// Returns an error's text with those of what it came from.
fn with_reasons(error: &Error) -> String {
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
