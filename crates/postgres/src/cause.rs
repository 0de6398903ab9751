//! What a failure of the client library or the server means for a store.

use rialto_database::{Trouble, with_reasons};
use rialto_store::{Cause, DatabaseCause};
use tokio_postgres::{Error, error::DbError};

/// Says what a failure means.
pub(crate) fn trouble(error: &Error) -> Trouble {
    match error.as_db_error() {
        Some(said) => Trouble {
            cause: of_server(said),
            is_unanswered: false,
            is_broken: ends_the_connection(said.code().code()),
        },
        None => Trouble::broken(advised(with_reasons(error))),
    }
}

/// Adds what to do about a server that does not encrypt, which the library tells by its text only.
fn advised(reason: String) -> String {
    if reason.contains("server does not support TLS") {
        return format!("{reason}: turn TLS on there, or end the URL with ?sslmode=disable");
    }
    reason
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
