//! What a failure of the client library or the server means for a store.

use mysql_async::{DriverError, Error, ServerError};
use rialto_database::{Trouble, with_reasons};
use rialto_store::{Cause, DatabaseCause};

/// Says what a failure means.
pub(crate) fn trouble(error: &Error) -> Trouble {
    match error {
        Error::Server(said) => {
            // Where the server ends the connection, it may have done what it was asked before.
            let is_broken = ends_the_connection(said.code);
            Trouble { cause: of_server(said), is_unanswered: is_broken, is_broken }
        }
        Error::Driver(DriverError::NoClientSslFlagFromServer) => Trouble::broken(
            "the server does not support TLS: turn TLS on there, or end the URL with ?ssl-mode=disabled"
                .to_owned(),
        ),
        // What the library puts in front of what the system says is said twice, and says nothing.
        Error::Io(error) => Trouble::broken(innermost(error).to_string()),
        other => Trouble::broken(with_reasons(other)),
    }
}

fn innermost<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> &'e (dyn std::error::Error + 'static) {
    error.source().map_or(error, innermost)
}

/// Whether the server ends the connection with this, or has become one that takes no writes.
fn ends_the_connection(code: u16) -> bool {
    matches!(
        code,
        // Stops; networks; interrupted; read-only; not part of its cluster; killed or too long idle.
        1053 | 1077 | 1078 | 1079 | 1158
            ..=1161 | 1317 | 1290 | 1792 | 1836 | 1047 | 1152 | 1184 | 1927 | 3169 | 4031
    )
}

fn of_server(said: &ServerError) -> Cause {
    let code = said.code;
    let text = format!("{} (error {code})", said.message);
    let advised = |advice: &str| DatabaseCause::Refused(format!("{text}: {advice}"));
    Cause::Database(match code {
        // The disk, or what the table may take; the second also says other things of the system.
        1021 | 1114 => return Cause::Full,
        1030 if said.message.contains("28") => return Cause::Full,
        1044 | 1045 | 1142 | 1227 | 1370 => advised(
            "let the user of the store's URL make and use the tables of the database (docs/stores.md)",
        ),
        1153 => advised("raise max_allowed_packet of the database server"),
        1034 | 1035 | 1194 | 1195 | 1712 | 1817 => DatabaseCause::Damaged(text),
        // Too many connections; waits for locks; deadlocks; limits of time; errors at the end of a transaction.
        1020 | 1026 | 1030 | 1040 | 1180 | 1203 | 1205 | 1213 | 1226 | 1969 | 3024 | 3058 => {
            DatabaseCause::Busy(text)
        }
        _ if ends_the_connection(code) => DatabaseCause::Busy(text),
        _ => DatabaseCause::Refused(text),
    })
}
