//! Names, as they stand in rows.

use rialto_domain::{ChannelName, ClientId};
use rusqlite::Row;

/// Reads the id of a client; one that is no text is an error.
pub(super) fn client(row: &Row<'_>, column: usize) -> Result<ClientId, rusqlite::Error> {
    row.get::<_, String>(column).map(ClientId::from)
}

/// Reads the name of a channel; one that is no text is an error.
pub(super) fn channel(row: &Row<'_>, column: usize) -> Result<ChannelName, rusqlite::Error> {
    row.get::<_, String>(column).map(ChannelName::from)
}
