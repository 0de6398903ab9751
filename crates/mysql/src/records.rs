//! The statements about what stands alone.

use rialto_database::{RecordStatement, id_bytes, shard};
use rialto_domain::{ChannelName, ClientId, HistoryMessage};

use crate::script::{Rows, Script, Value, unsigned};

const RETAINED_PUT: Rows = Rows::new(
    "INSERT INTO `retained` (channel, shard, publisher, crc, payload) VALUES ",
    "(?, ?, ?, ?, ?)",
    " ON DUPLICATE KEY UPDATE version = version + 1, publisher = VALUES(publisher), crc = VALUES(crc),
        payload = VALUES(payload)",
);

const RETAINED_DROP: Rows = Rows::new("DELETE FROM `retained` WHERE channel IN (", "?", ")");

const SESSIONS_OPEN: Rows = Rows::new(
    "INSERT INTO `session` (client, shard, node, number) VALUES ",
    "(?, ?, ?, ?)",
    " ON DUPLICATE KEY UPDATE node = VALUES(node), number = VALUES(number)",
);

const SESSIONS_CLOSE: Rows = Rows::new("DELETE FROM `session` WHERE client IN (", "?", ")");

const CLOCK: &str = "
    INSERT INTO `clock` (one, served_ms, logical_ms) VALUES (1, ?, ?)
    ON DUPLICATE KEY UPDATE served_ms = VALUES(served_ms), logical_ms = VALUES(logical_ms)";

const HISTORY_DROP: Rows = Rows::new("DELETE FROM `history` WHERE channel IN (", "?", ")");

const HISTORY_ADD: Rows = Rows::new(
    "INSERT INTO `history` (channel, shard, id, logical_ms, at_ms, publisher, server, crc, payload) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    " ON DUPLICATE KEY UPDATE shard = shard",
);

const HISTORY_PRUNE: &str = "
    DELETE FROM h USING `history` h JOIN (
        SELECT x.id FROM `history` x WHERE x.channel = ?
        ORDER BY x.logical_ms DESC, x.id DESC LIMIT 1000000000000 OFFSET ?) old ON old.id = h.id
    WHERE h.channel = ?";

/// Adds a statement in SQL.
pub(crate) fn add(script: &mut Script, statement: &RecordStatement<'_>) {
    match statement {
        RecordStatement::Retain(all) => {
            let rows = all.iter().map(|(channel, it)| {
                let name = channel.as_str();
                let payload = it.payload.as_ref();
                let publisher = it.publisher.as_str().into();
                [name.into(), part(name), publisher, sum(payload), payload.into()]
            });
            script.add_rows(RETAINED_PUT, rows);
        }
        RecordStatement::DropRetained(all) => script.add_rows(RETAINED_DROP, channels(all)),
        RecordStatement::OpenSessions { sessions, node } => {
            let rows = sessions.iter().map(|(client, number)| {
                let name = client.as_str();
                [name.into(), part(name), node.id.into(), unsigned(*number)]
            });
            script.add_rows(SESSIONS_OPEN, rows);
        }
        RecordStatement::CloseSessions(all) => {
            let names = all.iter().map(|client: &&ClientId| [client.as_str().into()]);
            script.add_rows(SESSIONS_CLOSE, names);
        }
        RecordStatement::NoteClock(clock) => {
            script.add(CLOCK, &[unsigned(clock.served), unsigned(clock.logical)]);
        }
        RecordStatement::DropHistories(all) => script.add_rows(HISTORY_DROP, channels(all)),
        RecordStatement::AddHistory(all) => add_history(script, all),
        RecordStatement::PruneHistories(all) => {
            for (channel, count) in all {
                let name = channel.as_str().into();
                script.add(HISTORY_PRUNE, &[name, i64::from(*count).into(), name]);
            }
        }
    }
}

fn add_history(script: &mut Script, all: &[(&ChannelName, &HistoryMessage)]) {
    let ids: Vec<_> = all.iter().map(|(_, it)| id_bytes(it.id)).collect();
    let rows = all.iter().zip(&ids).map(|((channel, it), id)| {
        let name = channel.as_str();
        let server = it.server.as_deref().map_or(Value::Null, Value::from);
        let payload = it.payload.as_ref();
        let (logical, at) = (unsigned(it.logical), unsigned(it.at));
        let (id, publisher) = (id.as_slice().into(), it.publisher.as_str().into());
        let (sum, payload) = (sum(payload), payload.into());
        [name.into(), part(name), id, logical, at, publisher, server, sum, payload]
    });
    script.add_rows(HISTORY_ADD, rows);
}

fn channels<'a>(names: &'a [&'a ChannelName]) -> impl Iterator<Item = [Value<'a>; 1]> {
    names.iter().map(|name| [name.as_str().into()])
}

fn part(name: &str) -> Value<'static> {
    i64::from(shard(name)).into()
}

fn sum(payload: &[u8]) -> Value<'static> {
    i64::from(crc32fast::hash(payload)).into()
}
