//! The statements of a copy into the database.

use rialto_database::{CopiedLog, CopiedSegment, TransferStatement, number, shard};

use crate::{
    request::{Asked, Value, array, bytes},
    sets::ranges,
};

const UNDER_WAY: &str = "SELECT origin, part, name, first, second, third FROM copy";

const IS_EMPTY: &str = "
    SELECT (NOT EXISTS (SELECT 1 FROM client) AND NOT EXISTS (SELECT 1 FROM log)
        AND NOT EXISTS (SELECT 1 FROM segment) AND NOT EXISTS (SELECT 1 FROM gone_log)
        AND NOT EXISTS (SELECT 1 FROM cursor) AND NOT EXISTS (SELECT 1 FROM retained)
        AND NOT EXISTS (SELECT 1 FROM history) AND NOT EXISTS (SELECT 1 FROM session))::int::int8";

const BEGIN: &str = "INSERT INTO copy (one, origin) VALUES (1, $1)";

const NOTE: &str = "UPDATE copy SET part = $1, name = $2, first = $3, second = $4, third = $5";

const FINISH: &str = "DELETE FROM copy";

/// Not taken back with its transaction, which does no harm.
const GIVE_IDS: &str = "
    SELECT setval(s.name, GREATEST($1, s.last, 1), 0 < GREATEST($1, s.last)) FROM (
        SELECT i.name, coalesce(pg_sequence_last_value(i.name), 0) AS last
        FROM (SELECT pg_get_serial_sequence('log', 'id')::regclass AS name) i) s";

const LOGS: &str = "
    INSERT INTO log (id, kind, name, shard, last, trimmed, generation) OVERRIDING SYSTEM VALUE
    SELECT i.id, 0, i.name, i.shard, i.last, i.trimmed, $6
    FROM unnest($1::int8[], $2::bytea[], $3::int2[], $4::int8[], $5::int8[]) AS i(id, name, shard, last, trimmed)";

const SEGMENTS: &str = "
    WITH i AS MATERIALIZED (
        SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[])
            AS i(log, last, count, pages, body)),
    kept AS (
        INSERT INTO segment (log, last, count, node, pages, body)
        SELECT log, last, count, $6, pages, body FROM i)
    UPDATE log l SET bytes = l.bytes + more.bytes
    FROM (SELECT log, sum(octet_length(body)) AS bytes FROM i GROUP BY log) more WHERE l.id = more.log";

const CURSORS: &str = "
    INSERT INTO cursor (owner_kind, owner, log, floor, acknowledged)
    SELECT 0, i.owner, i.log, i.floor, i.ranges::int8multirange
    FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::text[]) AS i(owner, log, floor, ranges)";

/// Gives a statement its SQL.
pub(crate) fn of_transfer(statement: TransferStatement<'_>) -> Asked {
    match statement {
        TransferStatement::UnderWay => (UNDER_WAY, vec![]),
        TransferStatement::IsEmpty => (IS_EMPTY, vec![]),
        TransferStatement::Begin { origin } => (BEGIN, vec![Box::new(bytes(origin))]),
        TransferStatement::Note(progress) => {
            let key = progress.after.clone().unwrap_or_default();
            let [first, second, third] = key.numbers;
            let (part, name) = (bytes(progress.part.name()), key.name);
            let numbers = [first, second, third].map(|it| Box::new(it) as Value);
            let mut values: Vec<Value> = vec![Box::new(part), Box::new(name)];
            values.extend(numbers);
            (NOTE, values)
        }
        TransferStatement::Finish => (FINISH, vec![]),
        TransferStatement::GiveIds { last } => (GIVE_IDS, vec![Box::new(number(last))]),
        TransferStatement::Logs { logs, node } => {
            let mut values = logs_values(&logs);
            values.push(Box::new(node.generation));
            (LOGS, values)
        }
        TransferStatement::Segments { segments, node } => {
            let mut values = segments_values(segments);
            values.push(Box::new(node.id));
            (SEGMENTS, values)
        }
        TransferStatement::Cursors(all) => {
            let owners = array(&all, |(client, ..)| bytes(client.as_str()));
            let logs = array(&all, |(_, log, _)| number(log.0));
            let floors = array(&all, |(.., state)| number(state.floor));
            let sets = array(&all, |(.., state)| ranges(state.acknowledged.iter().copied()));
            (CURSORS, vec![owners, logs, floors, sets])
        }
    }
}

fn logs_values(logs: &[CopiedLog<'_>]) -> Vec<Value> {
    vec![
        array(logs, |log| number(log.log.0)),
        array(logs, |log| bytes(log.channel.as_str())),
        array(logs, |log| shard(log.channel.as_str())),
        array(logs, |log| number(log.last)),
        array(logs, |log| number(log.trimmed)),
    ]
}

fn segments_values(segments: Vec<CopiedSegment>) -> Vec<Value> {
    let logs = array(&segments, |segment| number(segment.log.0));
    let lasts = array(&segments, |segment| number(segment.last));
    let counts = array(&segments, |segment| number(segment.count));
    let (heads, bodies): (Vec<_>, Vec<_>) =
        segments.into_iter().map(|segment| (segment.pages, segment.body)).unzip();
    vec![logs, lasts, counts, Box::new(heads), Box::new(bodies)]
}
