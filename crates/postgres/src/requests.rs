//! Gives statements their SQL: what is asked about many comes as arrays, one for each of its columns.

use rialto_database::{
    ClientStatement, Control, CursorStatement, LogStatement, Read, RecordStatement, Segment,
    Statement, id_bytes, number, shard,
};
use rialto_domain::{ChannelName, ClientId, HistoryMessage, Retained};

use crate::{
    node_requests, reads,
    request::{Asked, Request, Value, array, bytes, channels, clients},
    sets::ranges,
    statements as sql, transfers, walks,
};

/// Returns a statement in SQL.
pub(crate) fn request(statement: Statement<'_>) -> Request {
    let (sql, values) = match statement {
        Statement::Control(control) => of_control(control),
        Statement::Log(statement) => of_log(statement),
        Statement::Cursor(statement) => of_cursor(statement),
        Statement::Client(statement) => of_client(statement),
        Statement::Record(statement) => of_record(statement),
        Statement::Transfer(statement) => transfers::of_transfer(statement),
        Statement::Read(read) => of_read(&read),
        Statement::Shared(statement) => node_requests::of_shared(statement),
    };
    Request::new(sql, values)
}

fn of_control(control: Control) -> Asked {
    match control {
        Control::Begin => (sql::BEGIN, vec![]),
        Control::BeginToRead => (sql::BEGIN_TO_READ, vec![]),
        Control::Commit => (sql::COMMIT, vec![]),
        Control::Fence(node) => (sql::FENCE, vec![Box::new(node.id), Box::new(node.revision)]),
        Control::Journal { node, number, heads } => {
            (sql::JOURNAL, vec![Box::new(node.id), Box::new(number), Box::new(heads)])
        }
        Control::WasCommitted { node, number } => {
            (sql::WAS_COMMITTED, vec![Box::new(node.id), Box::new(number)])
        }
        Control::Forget { node, before } => {
            (sql::FORGET, vec![Box::new(node.id), Box::new(before)])
        }
        Control::Renew { node, lease } => {
            (sql::RENEW, vec![Box::new(node.id), Box::new(lease.as_secs_f64())])
        }
        Control::Leave(node) => (sql::LEAVE, vec![Box::new(node.id)]),
    }
}

fn of_log(statement: LogStatement<'_>) -> Asked {
    match statement {
        LogStatement::Make { channels: names, generation } => {
            let shards = array(&names, |name| shard(name.as_str()));
            (sql::LOGS_MAKE, vec![channels(&names), shards, Box::new(generation)])
        }
        LogStatement::Append { segments, node } => {
            let mut values = columns(segments);
            values.push(Box::new(node.generation));
            values.push(Box::new(node.id));
            (sql::APPEND, values)
        }
        LogStatement::Oldest { logs, rows_max } => {
            let names = array(&logs, |(name, _)| bytes(name.as_str()));
            let behind = array(&logs, |(_, behind)| number(*behind));
            (sql::OLDEST, vec![names, behind, Box::new(rows_max)])
        }
        LogStatement::Trim(logs) => {
            let ids = array(&logs, |(id, _)| *id);
            let ends = array(&logs, |(_, extent)| number(extent.trimmed));
            (sql::TRIM, vec![ids, ends, array(&logs, |(_, extent)| number(extent.bytes))])
        }
        LogStatement::SetAside { channel, log, last } => {
            let name = bytes(channel.as_str());
            let (log, last) = (number(log.0), number(last));
            (sql::SET_ASIDE, vec![Box::new(name), Box::new(log), Box::new(last)])
        }
        LogStatement::BytesLess { log, bytes } => {
            (sql::BYTES_LESS, vec![Box::new(log), Box::new(bytes)])
        }
        LogStatement::Remove(names) => (sql::LOGS_REMOVE, vec![channels(&names)]),
        LogStatement::SweepTrimmed(logs) => (sql::SWEEP_TRIMMED, vec![Box::new(logs)]),
        LogStatement::Gone => (sql::GONE, vec![]),
        LogStatement::SweepGone(log) => (sql::SWEEP_GONE, vec![Box::new(log)]),
        LogStatement::ForgetGone(log) => (sql::FORGET_GONE, vec![Box::new(log)]),
    }
}

/// Returns what is appended: names, counts, heads and bodies.
fn columns(segments: Vec<Segment<'_>>) -> Vec<Value> {
    let (mut names, mut counts) = (Vec::new(), Vec::new());
    let (mut heads, mut bodies) = (Vec::new(), Vec::new());
    for segment in segments {
        names.push(bytes(segment.channel.as_str()));
        counts.push(number(segment.count));
        heads.push(segment.pages);
        bodies.push(segment.body);
    }
    vec![Box::new(names), Box::new(counts), Box::new(heads), Box::new(bodies)]
}

/// Returns clients and channels.
fn pairs(all: &[(&ClientId, &ChannelName)]) -> Vec<Value> {
    let owners = array(all, |(client, _)| bytes(client.as_str()));
    vec![owners, array(all, |(_, channel)| bytes(channel.as_str()))]
}

fn of_cursor(statement: CursorStatement<'_>) -> Asked {
    match statement {
        CursorStatement::Make(all) => (sql::CURSORS_MAKE, pairs(&all)),
        CursorStatement::Floors(all) => (sql::CURSORS_READ, pairs(&all)),
        CursorStatement::Move(all) => {
            let owners = array(&all, |(client, ..)| bytes(client.as_str()));
            let names = array(&all, |(_, channel, _)| bytes(channel.as_str()));
            (sql::MOVE, vec![owners, names, array(&all, |(.., floor)| number(*floor))])
        }
        CursorStatement::Slowest(names) => (sql::SLOWEST, vec![channels(&names)]),
        CursorStatement::Acknowledge(all) => {
            let owners = array(&all, |(client, ..)| bytes(client.as_str()));
            let names = array(&all, |(_, channel, _)| bytes(channel.as_str()));
            let sets = array(&all, |(.., stretches)| ranges(stretches.iter().copied()));
            (sql::ACKNOWLEDGE, vec![owners, names, sets])
        }
        CursorStatement::Remove(all) => (sql::CURSORS_REMOVE, pairs(&all)),
        CursorStatement::RemoveAll(names) => (sql::CLIENTS_CURSORS_REMOVE, vec![clients(&names)]),
    }
}

fn of_client(statement: ClientStatement<'_>) -> Asked {
    match statement {
        ClientStatement::Put(all) => {
            let names = array(&all, |(client, _)| bytes(client.as_str()));
            let shards = array(&all, |(client, _)| shard(client.as_str()));
            let seen = array(&all, |(_, seen)| number(seen.at));
            let served = array(&all, |(_, seen)| number(seen.served));
            (sql::CLIENTS_PUT, vec![names, shards, seen, served])
        }
        ClientStatement::Known(names) => (sql::CLIENTS_KNOWN, vec![clients(&names)]),
        ClientStatement::Remove(names) => (sql::CLIENTS_REMOVE, vec![clients(&names)]),
    }
}

fn of_record(statement: RecordStatement<'_>) -> Asked {
    match statement {
        RecordStatement::Retain(all) => retain(&all),
        RecordStatement::DropRetained(names) => (sql::RETAINED_DROP, vec![channels(&names)]),
        RecordStatement::OpenSessions { sessions, node } => {
            let names = array(&sessions, |(client, _)| bytes(client.as_str()));
            let shards = array(&sessions, |(client, _)| shard(client.as_str()));
            let numbers = array(&sessions, |(_, it)| number(*it));
            (sql::SESSIONS_OPEN, vec![names, shards, numbers, Box::new(node.id)])
        }
        RecordStatement::CloseSessions(names) => (sql::SESSIONS_CLOSE, vec![clients(&names)]),
        RecordStatement::NoteClock(clock) => {
            let (served, logical) = (number(clock.served), number(clock.logical));
            (sql::CLOCK, vec![Box::new(served), Box::new(logical)])
        }
        RecordStatement::DropHistories(names) => (sql::HISTORY_DROP, vec![channels(&names)]),
        RecordStatement::AddHistory(all) => add_history(&all),
        RecordStatement::PruneHistories(all) => {
            let names = array(&all, |(name, _)| bytes(name.as_str()));
            (sql::HISTORY_PRUNE, vec![names, array(&all, |(_, count)| i64::from(*count))])
        }
    }
}

fn retain(all: &[(&ChannelName, &Retained)]) -> Asked {
    let values = vec![
        array(all, |(name, _)| bytes(name.as_str())),
        array(all, |(name, _)| shard(name.as_str())),
        array(all, |(_, it)| bytes(it.publisher.as_str())),
        array(all, |(_, it)| i64::from(crc32fast::hash(&it.payload))),
        array(all, |(_, it)| it.payload.to_vec()),
    ];
    (sql::RETAINED_PUT, values)
}

fn add_history(all: &[(&ChannelName, &HistoryMessage)]) -> Asked {
    let values = vec![
        array(all, |(name, _)| bytes(name.as_str())),
        array(all, |(name, _)| shard(name.as_str())),
        array(all, |(_, it)| id_bytes(it.id)),
        array(all, |(_, it)| number(it.logical)),
        array(all, |(_, it)| number(it.at)),
        array(all, |(_, it)| bytes(it.publisher.as_str())),
        array(all, |(_, it)| it.server.as_deref().map(bytes)),
        array(all, |(_, it)| i64::from(crc32fast::hash(&it.payload))),
        array(all, |(_, it)| it.payload.to_vec()),
    ];
    (sql::HISTORY_ADD, values)
}

fn of_read(read: &Read<'_>) -> Asked {
    match read {
        Read::Log { log, from, bytes_max, rows_max } => {
            let (log, from) = (number(log.0), number(*from));
            let values: Vec<Value> =
                vec![Box::new(log), Box::new(from), Box::new(*bytes_max), Box::new(*rows_max)];
            (reads::LOG, values)
        }
        Read::Client(client) => (reads::CLIENT, vec![Box::new(bytes(client.as_str()))]),
        Read::Clients { after, count_max } => {
            (reads::CLIENTS, vec![Box::new(bytes(after.as_str())), Box::new(*count_max)])
        }
        Read::Ids { after, count_max } => {
            (reads::IDS, vec![Box::new(bytes(after.as_str())), Box::new(*count_max)])
        }
        Read::Logs => (reads::LOGS, vec![]),
        Read::Untidy => (reads::UNTIDY, vec![]),
        Read::Readers => (reads::READERS, vec![]),
        Read::Cursors => (reads::CURSORS, vec![]),
        Read::Seen => (reads::SEEN, vec![]),
        Read::Retained => (reads::RETAINED, vec![]),
        Read::Histories => (reads::HISTORIES, vec![]),
        Read::Sessions => (reads::SESSIONS, vec![]),
        Read::Clock => (reads::CLOCK, vec![]),
        Read::Walk { part, after, rows_max, bytes_max } => {
            (walks::sql(*part), walks::values(*part, *after, *rows_max, *bytes_max))
        }
        Read::Server => (reads::SERVER, vec![]),
        Read::Beside => (walks::BESIDE, vec![]),
    }
}
