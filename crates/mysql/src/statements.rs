//! The statements of a commit. Each finds its rows by a key, whatever the size of the tables; what is asked about many is
//! one statement with many rows where that is possible, and otherwise one small statement each.

use rialto_database::{
    ClientStatement, Control, CursorStatement, LogStatement, Segment, Statement, number, shard,
};
use rialto_domain::ClientId;

use crate::{
    reads, records,
    script::{Rows, Script, Value, unsigned},
    transfers,
};

/// Whether the node may still write: held until the end of the transaction, so that whoever raises the revision
/// waits for what is under way.
const FENCE: &str =
    "SELECT 1 FROM `node` WHERE id = ? AND revision = ? AND state < 3 LOCK IN SHARE MODE";

/// Says that the transaction was carried out.
const JOURNAL: &str =
    "INSERT INTO `journal` (node, lane, n, at, heads) VALUES (?, 0, ?, UTC_TIMESTAMP(6), ?)";

const WAS_COMMITTED: &str = "SELECT 1 FROM `journal` WHERE node = ? AND lane = 0 AND n = ?";

const FORGET: &str = "DELETE FROM `journal` WHERE node = ? AND lane = 0 AND n < ?";

const RENEW: &str = "
    UPDATE `lease` SET until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
    WHERE node = ? AND EXISTS (SELECT 1 FROM `node` WHERE id = ? AND state < 3)";

const IS_LIVE: &str = "SELECT 1 FROM `node` WHERE id = ? AND state < 3";

const LEAVE: &str = "UPDATE `node` SET state = 3 WHERE id = ?";

/// Numbers for ids are not taken for rows that are there.
const LOGS_MAKE: Rows = Rows::new(
    "INSERT INTO `log` (kind, name, shard, generation) SELECT 0, i.name, i.shard, i.generation FROM (",
    "SELECT ? AS name, ? AS shard, ? AS generation",
    ") i WHERE NOT EXISTS (SELECT 1 FROM `log` l WHERE l.kind = 0 AND l.name = i.name)",
)
.joined_by(" UNION ALL ", 64);

/// Logs are appended to in the order of their names, so that two writers never wait for each other.
/// An assignment sees what those before it have assigned.
const HEAD: &str = "
    UPDATE `log` SET `last` = `last` + ? + IF(generation < ? AND 0 < `last`, 1048576, 0), bytes = bytes + ?,
        generation = ?
    WHERE kind = 0 AND name = ?";

const SEGMENT: &str = "
    INSERT INTO `segment` (log, `last`, `count`, node, pages, size, body)
    SELECT id, `last`, ?, ?, ?, ?, ? FROM `log` WHERE kind = 0 AND name = ?";

const APPENDED: Rows =
    Rows::new("SELECT name, id, `last` FROM `log` WHERE kind = 0 AND name IN (", "?", ")");

/// The first rows of a log behind what is trimmed, and behind what was looked at; a row without a segment if there
/// is none.
const OLDEST: &str = "
    SELECT ?, l.id, l.`last`, l.trimmed, l.bytes, s.`last`, s.aside, s.pages
    FROM `log` l LEFT JOIN `segment` s ON s.log = l.id AND GREATEST(?, l.trimmed) < s.`last`
    WHERE l.kind = 0 AND l.name = ? ORDER BY s.`last` LIMIT ?";

const TRIM: &str = "UPDATE `log` SET trimmed = ?, bytes = ? WHERE id = ?";

/// The row as it is found, if the page is in it and was not set aside.
const TO_SET_ASIDE: &str = "
    SELECT f.`last`, f.pages, f.size, l.trimmed
    FROM `log` l JOIN (
        SELECT `last`, pages, size, aside FROM `segment` WHERE log = ? AND ? <= `last`
        ORDER BY `last` LIMIT 1 FOR UPDATE) f
    WHERE l.id = ? AND l.kind = 0 AND l.name = ? AND INSTR(COALESCE(f.aside, ','), ?) = 0";

const SET_ASIDE: &str = "
    UPDATE `segment` SET aside = IF(INSTR(COALESCE(aside, ','), ?) = 0, CONCAT(COALESCE(aside, ','), ?), aside)
    WHERE log = ? AND ? <= `last` AND EXISTS (SELECT 1 FROM `log` l WHERE l.id = ? AND l.kind = 0 AND l.name = ?)
    ORDER BY `last` LIMIT 1";

const BYTES_LESS: &str = "UPDATE `log` SET bytes = GREATEST(bytes - ?, 0) WHERE id = ?";

const BYTES: &str = "SELECT bytes FROM `log` WHERE id = ?";

const NOTE_GONE: &str = "
    INSERT INTO `gone_log` (log) SELECT l.id FROM `log` l
    WHERE l.kind = 0 AND l.name = ? AND NOT EXISTS (SELECT 1 FROM `cursor` c WHERE c.log = l.id) FOR UPDATE";

const LOG_REMOVE: &str = "
    DELETE FROM l USING `log` l
    WHERE l.kind = 0 AND l.name = ? AND NOT EXISTS (SELECT 1 FROM `cursor` c WHERE c.log = l.id)";

const SWEEP_BEGIN: &str = "SET @left = 500";

/// Removes rows that nobody sees any more, of a log that was trimmed.
const SWEEP_TRIMMED: &str = "
    DELETE FROM `segment` WHERE 0 < @left AND log = ? AND `last` <= (SELECT trimmed FROM `log` WHERE id = ?)
    ORDER BY `last` LIMIT 500";

const SWEEP_COUNT: &str = "SET @left = @left - ROW_COUNT()";

const SWEPT: &str = "SELECT 500 - @left";

const GONE: &str = "SELECT log FROM `gone_log` LIMIT 1";

const SWEEP_GONE: &str = "DELETE FROM `segment` WHERE log = ? ORDER BY `last` LIMIT 500";

const FORGET_GONE: &str = "DELETE FROM `gone_log` WHERE log = ?";

const CURSOR_MAKE: &str = "
    INSERT INTO `cursor` (owner_kind, owner, log, floor)
    SELECT 0, ?, l.id, l.`last` FROM `log` l WHERE l.kind = 0 AND l.name = ?
    ON DUPLICATE KEY UPDATE owner_kind = owner_kind";

const FLOOR: &str = "
    SELECT ?, l.id, c.floor FROM `log` l JOIN `cursor` c ON c.owner_kind = 0 AND c.owner = ? AND c.log = l.id
    WHERE l.kind = 0 AND l.name = ?";

const MOVE: &str = "
    UPDATE `cursor` c JOIN `log` l ON c.log = l.id SET c.floor = LEAST(?, l.`last`)
    WHERE l.kind = 0 AND l.name = ? AND c.owner_kind = 0 AND c.owner = ? AND c.floor < LEAST(?, l.`last`)";

const SLOWEST: &str = "
    SELECT ?, (SELECT MIN(c.floor) FROM `cursor` c WHERE c.log = l.id) FROM `log` l WHERE l.kind = 0 AND l.name = ?";

/// What a cursor has acknowledged, to be added to.
pub(crate) const ACKNOWLEDGED: &str = "
    SELECT c.log, c.floor, l.`last`, c.acknowledged
    FROM `log` l JOIN `cursor` c ON c.owner_kind = 0 AND c.owner = ? AND c.log = l.id
    WHERE l.kind = 0 AND l.name = ? FOR UPDATE";

pub(crate) const ACKNOWLEDGE: &str =
    "UPDATE `cursor` SET acknowledged = ? WHERE owner_kind = 0 AND owner = ? AND log = ?";

const CURSOR_REMOVE: &str = "
    DELETE FROM c USING `cursor` c JOIN `log` l ON c.log = l.id
    WHERE l.kind = 0 AND l.name = ? AND c.owner_kind = 0 AND c.owner = ?";

const CURSORS_REMOVE: Rows =
    Rows::new("DELETE FROM `cursor` WHERE owner_kind = 0 AND owner IN (", "?", ")");

const CLIENTS_PUT: Rows = Rows::new(
    "INSERT INTO `client` (kind, name, shard, seen_ms, served_ms) VALUES ",
    "(0, ?, ?, ?, ?)",
    " ON DUPLICATE KEY UPDATE seen_ms = VALUES(seen_ms), served_ms = VALUES(served_ms)",
);

const CLIENT_KNOWN: &str = "
    SELECT ? FROM DUAL WHERE EXISTS (SELECT 1 FROM `client` c WHERE c.kind = 0 AND c.name = ?)
        OR EXISTS (SELECT 1 FROM `cursor` c WHERE c.owner_kind = 0 AND c.owner = ?)";

const CLIENTS_REMOVE: Rows =
    Rows::new("DELETE FROM `client` WHERE kind = 0 AND name IN (", "?", ")");

/// Adds a statement in SQL.
pub(crate) fn add(script: &mut Script, statement: Statement<'_>) {
    match statement {
        Statement::Control(control) => add_control(script, &control),
        Statement::Log(statement) => add_of_logs(script, statement),
        Statement::Cursor(statement) => add_of_cursors(script, &statement),
        Statement::Client(statement) => add_of_clients(script, &statement),
        Statement::Record(statement) => records::add(script, &statement),
        Statement::Transfer(statement) => transfers::add(script, &statement),
        Statement::Read(read) => reads::add(script, &read),
        Statement::Shared(_) => unreachable!("who would share it was refused"),
    }
}

fn add_control(script: &mut Script, control: &Control) {
    match control {
        Control::Begin => script.add("START TRANSACTION", &[]),
        Control::BeginToRead => {
            script.add("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", &[]);
            script.add("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", &[]);
        }
        Control::Commit => script.add("COMMIT", &[]),
        Control::Fence(node) => script.add(FENCE, &[node.id.into(), node.revision.into()]),
        Control::Journal { node, number, heads } => {
            script.add(JOURNAL, &[node.id.into(), (*number).into(), heads.as_str().into()]);
        }
        Control::WasCommitted { node, number } => {
            script.add(WAS_COMMITTED, &[node.id.into(), (*number).into()]);
        }
        Control::Forget { node, before } => {
            script.add(FORGET, &[node.id.into(), (*before).into()]);
        }
        Control::Renew { node, lease } => {
            let lease = unsigned(lease.as_micros() as u64);
            script.add(RENEW, &[lease, node.id.into(), node.id.into()]);
            script.add(IS_LIVE, &[node.id.into()]);
        }
        Control::Leave(node) => script.add(LEAVE, &[node.id.into()]),
    }
}

fn add_of_logs(script: &mut Script, statement: LogStatement<'_>) {
    match statement {
        LogStatement::Make { channels, generation } => {
            let rows = channels.iter().map(|name| {
                let name = name.as_str();
                [name.into(), i64::from(shard(name)).into(), generation.into()]
            });
            script.add_rows(LOGS_MAKE, rows);
        }
        LogStatement::Append { segments, node } => {
            append(script, &segments, node.id, node.generation)
        }
        LogStatement::Oldest { logs, rows_max } => {
            for (index, (channel, behind)) in (1..).zip(&logs) {
                let values =
                    [unsigned(index), unsigned(*behind), channel.as_str().into(), rows_max.into()];
                script.add(OLDEST, &values);
            }
        }
        LogStatement::Trim(logs) => {
            for (id, extent) in &logs {
                let values = [unsigned(extent.trimmed), unsigned(extent.bytes), (*id).into()];
                script.add(TRIM, &values);
            }
        }
        LogStatement::SetAside { channel, log, last } => {
            let (log, page, name) = (unsigned(log.0), unsigned(last), channel.as_str().into());
            let (mark, entry) = (format!(",{},", number(last)), format!("{},", number(last)));
            let (mark, entry) = (mark.as_str().into(), entry.as_str().into());
            script.add(TO_SET_ASIDE, &[log, page, log, name, mark]);
            script.add(SET_ASIDE, &[mark, entry, log, page, log, name]);
        }
        LogStatement::BytesLess { log, bytes } => {
            script.add(BYTES_LESS, &[bytes.into(), log.into()]);
            script.add(BYTES, &[log.into()]);
        }
        LogStatement::Remove(channels) => {
            for channel in &channels {
                script.add(NOTE_GONE, &[channel.as_str().into()]);
                script.add(LOG_REMOVE, &[channel.as_str().into()]);
            }
        }
        LogStatement::SweepTrimmed(logs) => {
            script.add(SWEEP_BEGIN, &[]);
            for log in &logs {
                script.add(SWEEP_TRIMMED, &[(*log).into(), (*log).into()]);
                script.add(SWEEP_COUNT, &[]);
            }
            script.add(SWEPT, &[]);
        }
        LogStatement::Gone => script.add(GONE, &[]),
        LogStatement::SweepGone(log) => {
            script.add(SWEEP_BEGIN, &[]);
            script.add(SWEEP_GONE, &[log.into()]);
            script.add(SWEEP_COUNT, &[]);
            script.add(SWEPT, &[]);
        }
        LogStatement::ForgetGone(log) => script.add(FORGET_GONE, &[log.into()]),
    }
}

fn append(script: &mut Script, segments: &[Segment<'_>], node: i64, generation: i64) {
    for segment in segments {
        let size = unsigned(segment.body.len() as u64);
        let (pages, body) = (segment.pages.as_slice().into(), segment.body.as_slice().into());
        let (name, count) = (segment.channel.as_str().into(), unsigned(segment.count));
        script.add(HEAD, &[count, generation.into(), size, generation.into(), name]);
        script.add(SEGMENT, &[count, node.into(), pages, size, body, name]);
    }
    script.add_rows(APPENDED, segments.iter().map(|segment| [segment.channel.as_str().into()]));
}

fn add_of_cursors(script: &mut Script, statement: &CursorStatement<'_>) {
    match statement {
        CursorStatement::Make(all) => {
            for (client, channel) in all {
                script.add(CURSOR_MAKE, &[client.as_str().into(), channel.as_str().into()]);
            }
        }
        CursorStatement::Floors(all) => {
            for (index, (client, channel)) in (1..).zip(all) {
                let values = [unsigned(index), client.as_str().into(), channel.as_str().into()];
                script.add(FLOOR, &values);
            }
        }
        CursorStatement::Move(all) => {
            for (client, channel, floor) in all {
                let (floor, channel) = (unsigned(*floor), channel.as_str().into());
                script.add(MOVE, &[floor, channel, client.as_str().into(), floor]);
            }
        }
        CursorStatement::Slowest(channels) => {
            for (index, channel) in (1..).zip(channels) {
                script.add(SLOWEST, &[unsigned(index), channel.as_str().into()]);
            }
        }
        // Needs what is there first: the connection does it.
        CursorStatement::Acknowledge(_) => {}
        CursorStatement::Remove(all) => {
            for (client, channel) in all {
                script.add(CURSOR_REMOVE, &[channel.as_str().into(), client.as_str().into()]);
            }
        }
        CursorStatement::RemoveAll(clients) => script.add_rows(CURSORS_REMOVE, names(clients)),
    }
}

fn add_of_clients(script: &mut Script, statement: &ClientStatement<'_>) {
    match statement {
        ClientStatement::Put(all) => {
            let rows = all.iter().map(|(client, seen)| {
                let name = client.as_str();
                let (at, served) = (unsigned(seen.at), unsigned(seen.served));
                [name.into(), i64::from(shard(name)).into(), at, served]
            });
            script.add_rows(CLIENTS_PUT, rows);
        }
        ClientStatement::Known(clients) => {
            for (index, client) in (1..).zip(clients) {
                let name = client.as_str().into();
                script.add(CLIENT_KNOWN, &[unsigned(index), name, name]);
            }
        }
        ClientStatement::Remove(clients) => script.add_rows(CLIENTS_REMOVE, names(clients)),
    }
}

fn names<'a>(clients: &'a [&'a ClientId]) -> impl Iterator<Item = [Value<'a>; 1]> {
    clients.iter().map(|client| [client.as_str().into()])
}
